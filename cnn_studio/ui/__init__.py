"""The window: what people see and touch. The only package that knows Qt; rules about networks live below it."""
