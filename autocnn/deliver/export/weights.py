"""The weights alone, as safetensors, with the recipe that says what they belong to."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autocnn import recipe as recipes
from autocnn.data.images import Pixels
from autocnn.deliver.export.contract import Run

if TYPE_CHECKING:
    from autocnn.deliver.predict import Network


def write(network: "Network", folder: Path) -> dict[str, Any]:
    """Write model.safetensors and recipe.toml; say how images are to be normalized.

    The name of a tensor begins with the number of its layer, from 0.
    """
    from autocnn.train.weights import save_weights

    save_weights(folder / "model.safetensors", network.net)
    text = recipes.dumps(network.recipe)
    (folder / "recipe.toml").write_text(text, encoding="utf-8")
    shape = network.recipe.shape
    assert shape is not None
    return {
        "input": {
            "name": "images",
            "type": "float32",
            "shape": ["N", shape.channels, shape.height, shape.width],
            "meaning": "(pixels / 255 - mean) / std, with preprocessing's mean and std",
        }
    }


def open_(folder: Path) -> Run:
    """Build the network anew from what the folder holds."""
    import torch

    from autocnn.deliver.predict import load

    network = load(folder, torch.device("cpu"))

    def run(pixels: Pixels) -> np.ndarray:
        logits: np.ndarray = network.logits(pixels).numpy()
        return logits

    return run
