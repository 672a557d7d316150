"""A folder of plain PyTorch, without autocnn: the network, its use, its training."""

import importlib.metadata
import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autocnn.data.images import Pixels
from autocnn.deliver.export import weights
from autocnn.deliver.export.contract import Run

if TYPE_CHECKING:
    from autocnn.deliver.predict import Network

NEEDED = ("numpy", "pillow", "safetensors", "torch")


def write(network: "Network", folder: Path) -> dict[str, Any]:
    """Write model.py, and what reads images, predicts and trains with it."""
    from autocnn.data.decode import to_pixels
    from autocnn.deliver.export.cut import cut
    from autocnn.deliver.export.files import fill, python
    from autocnn.deliver.export.model import about, model_py
    from autocnn.deliver.export.trainer import train_py

    weights.write(network, folder)
    texts = {
        "model.py": model_py(network),
        "images.py": python("images.py", cut(to_pixels)),
        "predict.py": python("predict.py"),
        "train.py": train_py(network),
        "README.md": fill("README.md", **about(network)),
        "requirements.txt": "\n".join(requirements()) + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode("utf-8", "backslashreplace"))
    return {}


def open_(folder: Path) -> Run:
    """Run model.py with the weights beside it."""
    import torch
    from safetensors.torch import load_file

    # No compiled copy of it is to stay in the folder.
    net = runpy.run_path(str(folder / "model.py"))["Net"]()
    net.layers.load_state_dict(load_file(folder / "model.safetensors"))
    net.eval()

    def run(pixels: Pixels) -> np.ndarray:
        with torch.inference_mode():
            logits: np.ndarray = net(torch.from_numpy(pixels)).numpy()
        return logits

    return run


def requirements() -> list[str]:
    """List the packages that the folder needs, in the versions that we do."""
    ours = importlib.metadata.requires("autocnn") or []
    return sorted(each for each in ours if re.split(r"[^\w-]", each)[0] in NEEDED)
