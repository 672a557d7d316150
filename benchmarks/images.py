"""Images to train on: files for the naive loop, a cache of them for ours, digits."""

import io
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from autocnn.data.cache import prepare

COUNT, QUICK_COUNT = 45_000, 6_000
"""As many as one trains on of CIFAR-10: fewer files are opened faster."""
DIFFERENT = 500
CLASSES = 10


def write_files(folder: Path, count: int = COUNT) -> Path:
    """Write JPEG files of 32x32 soft noise as class/image; return their folder."""
    contents = [_jpeg(seed) for seed in range(DIFFERENT)]
    for label in range(CLASSES):
        (folder / f"class{label}").mkdir(parents=True)
    for number in range(count):
        file = folder / f"class{number % CLASSES}" / f"{number}.jpg"
        file.write_bytes(contents[number % DIFFERENT])
    return folder


def write_photos(folder: Path, count: int) -> Path:
    """Write JPEG files of 1024x768, as from a camera: soft shapes under grain."""
    folder.mkdir(parents=True)
    for number in range(count):
        noise = np.random.default_rng(number)
        coarse = noise.integers(40, 216, (12, 16, 3), dtype=np.uint8)
        soft = Image.fromarray(coarse).resize((1024, 768), Image.Resampling.BICUBIC)
        grain = noise.integers(-8, 9, (768, 1024, 1))
        pixels = (np.asarray(soft) + grain).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.jpg", quality=90)
    return folder


def write_cache(folder: Path, count: int = COUNT) -> Path:
    """Prepare the same images for autocnn; return the prepared folder."""
    folder.mkdir(parents=True)
    pixels = [np.asarray(Image.open(io.BytesIO(_jpeg(s)))) for s in range(DIFFERENT)]
    chosen = np.arange(count) % DIFFERENT
    file = folder / "images.npz"
    np.savez(file, images=np.stack(pixels)[chosen], labels=np.arange(count) % CLASSES)
    return prepare(str(file), cache_dir=folder / "cache").folder


def write_digits(file: Path, chosen: slice | np.ndarray, *, larger: int = 1) -> None:
    """Write some of scikit-learn's digits as an .npz, so many times larger."""
    digits = load_digits()
    images = (digits.images[chosen] * 15).astype(np.uint8)
    images = images.repeat(larger, axis=1).repeat(larger, axis=2)
    np.savez(file, images=images, labels=digits.target[chosen])


def _jpeg(seed: int) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    soft = Image.fromarray(coarse).resize((32, 32), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    soft.save(file, "JPEG", quality=90)
    return file.getvalue()
