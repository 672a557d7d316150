"""Search for the best convolutional network for your images."""

__version__ = "0.1.0"
