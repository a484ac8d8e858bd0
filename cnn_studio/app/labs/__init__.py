"""Laboratories: prepared experiments that ask for a prediction, train two or three networks and say what was seen."""
