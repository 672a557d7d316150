"""Small real image files and data sets, made on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autocnn.data.cache import Prepared, prepare

MakeFolder = Callable[..., Path]


def _save_noise(path: Path, seed: int, size: int = 12, mode: str = "RGB") -> Path:
    """Write an image no other seed gives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size, size, 3) if mode == "RGB" else (size, size)
    noise = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


@pytest.fixture
def save_noise() -> Callable[..., Path]:
    """Write one image: save_noise(path, seed)."""
    return _save_noise


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Make a folder of images from {"cat": 5, "test/cat": 2}: images per folder."""

    def make(counts: dict[str, int], name: str = "pets", mode: str = "RGB") -> Path:
        seed = 0
        for folder, images in counts.items():
            for number in range(images):
                seed += 1
                path = tmp_path / name / folder / f"{number}.png"
                _save_noise(path, seed, mode=mode)
        return tmp_path / name

    return make


@pytest.fixture
def prepared(tmp_path: Path) -> Callable[..., Prepared]:
    """Call prepare with a cache of the test's own."""

    def call(source: object, **settings: object) -> Prepared:
        return prepare(str(source), cache_dir=tmp_path / "cache", **settings)

    return call
