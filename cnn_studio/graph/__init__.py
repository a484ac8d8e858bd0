"""Networks as documents: layers, links, shapes, problems, commands, starters. No torch, no numpy, no Qt."""
