"""CNN Studio: build, train, transfer and understand convolutional networks.

Importing the package loads neither torch nor Qt.
"""

__version__ = "0.1.0"
