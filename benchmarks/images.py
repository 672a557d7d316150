"""Images to train on for time: files for the naive loop, a cache of them for ours."""

from pathlib import Path

import numpy as np
from PIL import Image

COUNT = 4_096
CLASSES = 10


def write_folder(folder: Path) -> Path:
    """Write JPEG files of 32x32 soft noise as class/image; return their folder."""
    noise = np.random.default_rng(0)
    for number in range(COUNT):
        place = folder / f"class{number % CLASSES}"
        place.mkdir(parents=True, exist_ok=True)
        coarse = noise.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        soft = Image.fromarray(coarse).resize((32, 32), Image.Resampling.BICUBIC)
        soft.save(place / f"{number}.jpg", quality=90)
    return folder
