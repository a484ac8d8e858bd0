"""Pre-trained networks: what there is (`catalogue`), and opening one as a document (`opening`).

Nothing is downloaded. torch, torchvision and timm are loaded when a catalogue or a network is asked for.
"""
