"""Pre-trained networks: what there is (`sources`), opening one as a document (`opening`), weights of files (`matching`).

Nothing is downloaded. torch, torchvision and timm are loaded when a catalogue or a network is asked for.
"""
