"""What an exported network takes and gives."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autocnn.data.images import Pixels

if TYPE_CHECKING:
    from autocnn.deliver.predict import Network

Run = Callable[[Pixels], np.ndarray]
"""Pixels, uint8 (N, H, W, C), to logits (N, classes)."""
COLORS = {1: "gray", 3: "red, green, blue"}


def contract(network: "Network") -> dict[str, Any]:
    """Say it in words that a card can hold; N is any number of images."""
    shape = network.recipe.shape
    assert shape is not None
    return {
        "input": {
            "name": "pixels",
            "type": "uint8",
            "shape": ["N", shape.height, shape.width, shape.channels],
            "meaning": f"0 to 255, {COLORS[shape.channels]}, as an image is decoded; "
            "they are normalized inside",
        },
        "output": {
            "name": "logits",
            "type": "float32",
            "shape": ["N", shape.classes],
            "meaning": "in the order of the classes; softmax makes them probabilities",
        },
    }
