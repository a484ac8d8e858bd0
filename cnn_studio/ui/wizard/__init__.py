"""The transfer wizard: from a pre-trained network to a classifier of one's own images, question by question."""
