"""The settings of the program: a dialog with a list of pages."""
