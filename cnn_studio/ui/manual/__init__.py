"""The manual: the ideas behind convolutional networks, and every layer, with pictures that the program draws."""
