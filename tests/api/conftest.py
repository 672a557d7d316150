"""A search as programs do it: of arrays, in this process, in a folder of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autocnn
from autocnn.data.cache import Prepared

SPACE = {
    "stages": 2,
    "convs_per_stage": 1,
    "width": [8, 16],
    "kernel": 3,
    "block": "plain",
    "norm": "batch_norm",
    "optimizer": ["sgd", "adamw"],
    "batch_size": 16,
    "augmentation": "none",
}
Arrays = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="session")
def arrays(tiny_data: Prepared) -> Arrays:
    """180 gray images (N, 8, 8) and their labels, whole numbers."""
    with np.load(tiny_data.info.source) as found:
        return found["images"], found["labels"]


@pytest.fixture(autouse=True, scope="module")
def _machine(cache: Path) -> Iterator[None]:
    """Share what is known of this machine; its cores have other work as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOCNN_CACHE", str(cache))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for studies."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def search(home: Path) -> Callable[..., autocnn.Study]:
    """Search with small networks, in one worker, and show nothing."""

    def search(data: Any, **options: Any) -> autocnn.Study:
        small = {"trials": 2, "epochs": 3, "space": SPACE, "pruner": "none", "jobs": 1}
        return autocnn.search(
            data, **{"studies": home, "progress": False, **small, **options}
        )

    return search


@pytest.fixture(scope="module")
def study(search: Callable[..., autocnn.Study], arrays: Arrays) -> autocnn.Study:
    """A study of the arrays."""
    return search(arrays)
