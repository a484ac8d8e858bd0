"""Looking inside: what a network makes of one image, layer by layer, number by number, and why.

`maps` is where to begin: `LookInside` keeps a network, `look` gives a `Look`. No Qt, no project files, no downloads.
"""
