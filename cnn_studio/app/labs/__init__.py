"""Laboratories: prepared experiments that ask for a prediction, train networks and say what was seen."""
