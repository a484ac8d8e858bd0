"""The pages that look inside a network: its feature maps, one cell written out, where it looked, its filters."""
