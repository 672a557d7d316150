"""A network of many kinds of layers that really was trained, and images."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from autocnn.data.cache import Prepared, open_search_images
from autocnn.data.images import Pixels
from autocnn.deliver.predict import Network, load

LAYERS = [
    "conv 8 kernel=4 stride=2 bias=false",
    "batch_norm",
    "leaky_relu 0.1",
    "residual 12",
    "squeeze_excite 0.5",
    "separable 16 stride=2",
    "group_norm",
    "prelu",
    "dropout2d 0.1",
    "global_max_pool",
    "dense 16",
    "gelu",
]
TRAIN = {
    "optimizer": "sgd",
    "momentum": 0.9,
    "learning_rate": 0.05,
    "weight_decay": 1e-3,
    "schedule": "one_cycle 0.3",
    "epochs": 25,
    "ema_decay": 0.9,
    "label_smoothing": 0.05,
    "augmentation": ["shift 0.2", "flip", "cutout 0.2", "jitter"],
    "initialization": "he_normal",
}


@pytest.fixture(scope="session")
def kept(keep: Callable[..., Path]) -> Path:
    """The folder of a network that learned the tiny data."""
    return keep(LAYERS, **TRAIN)


@pytest.fixture(scope="session")
def network(kept: Path) -> Network:
    network = load(kept, torch.device("cpu"))
    assert network.card["val_accuracy"] > 0.8
    return network


@pytest.fixture(scope="session")
def pixels(tiny_data: Prepared) -> Pixels:
    """Real images: uint8 (N, 8, 8, 1)."""
    return np.array(open_search_images(tiny_data.folder)[0].pixels)


# What an exported folder may not need, although it is installed here.
ALONE = """
import runpy, sys
for name in ("autocnn", "torchvision", "sklearn", "optuna"):
    sys.modules[name] = None  # an import of it fails
sys.path.insert(0, sys.argv[1])
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass(frozen=True)
class Ran:
    """What a script that ran to its end has printed."""

    out: str
    err: str


@pytest.fixture(scope="session")
def alone() -> Callable[..., Ran]:
    """Run a script of a folder where only PyTorch and its like can be imported."""

    def run(folder: Path, script: str, *words: object) -> Ran:
        ran = subprocess.run(
            [sys.executable, "-I", "-c", ALONE, folder, folder / script, *words],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        return Ran(ran.stdout, ran.stderr)

    return run
