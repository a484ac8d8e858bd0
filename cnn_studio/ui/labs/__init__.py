"""The window of the laboratories: prepared experiments with a question, a prediction, runs, and what was seen."""
