"""Whether an exported network says of images what the original says."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autocnn.data.batches import EVALUATION_BATCH
from autocnn.data.cache import find_prepared, open_search_images
from autocnn.data.decode import decode
from autocnn.data.images import Pixels
from autocnn.deliver.export.contract import Run
from autocnn.deliver.predict import Network
from autocnn.errors import DataError

MOST_IMAGES = 1_000
TOLERANCE = 1e-4
"""Of logits: what rounding in another order may change."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Images to compare two networks on."""

    pixels: Pixels
    """uint8 (N, H, W, C)."""
    about: str
    """What they are, after their number."""

    def __str__(self) -> str:
        return f"{len(self.pixels):,} {self.about}"


def sample(card: dict[str, Any], named: Path | None = None) -> Sample:
    """Take images that are named, else the study's, else random pixels.

    Of the study's data these are training and validation images, evenly spread; the
    test images stay sealed. DataError if none of the named ones can be read.
    """
    size = tuple(
        card["preprocessing"][each] for each in ("height", "width", "channels")
    )
    if named is not None:
        return _decoded(named, size)
    data = card["data"]
    prepared = find_prepared(data["name"], data["fingerprint"])
    if prepared is not None:
        images, _ = open_search_images(prepared)
        about = f"training and validation images of {data['name']}"
        return Sample(images.pixels[_spread(len(images))], about)
    pixels = np.random.default_rng(0).integers(0, 256, (MOST_IMAGES, *size), np.uint8)
    about = (
        f"images of random pixels: {data['name']} is not prepared on this machine, and "
        "no images were named with --check"
    )
    return Sample(pixels, about)


def difference(original: Network, exported: Run, pixels: Pixels) -> float:
    """Say by how much their logits differ at most; not a number counts as infinite.

    The first image goes alone, the others in batches: any number of them must do.
    """
    starts = range(1, len(pixels), EVALUATION_BATCH)
    largest = 0.0
    for part in np.split(pixels, starts):
        gaps = np.abs(original.logits(part).numpy() - exported(part))
        largest = max(largest, float(np.nan_to_num(gaps, nan=np.inf).max()))
    return largest


def _decoded(named: Path, size: Sequence[int]) -> Sample:
    listed = sorted(named.rglob("[!.]*")) if named.is_dir() else [named]
    files = [path for path in listed if path.is_file()]
    height, width, channels = size
    pixels = []
    for path in (files[index] for index in _spread(len(files))):
        try:
            pixels.append(decode(path, height, width, channels))
        except DataError:
            continue  # folders hold other files too
    if not pixels:
        raise DataError(
            f"{named} holds no image that can be read",
            hint="name an image, or a folder of them, with --check",
        )
    return Sample(np.stack(pixels), f"images of {named}")


def _spread(count: int) -> np.ndarray:
    """Choose at most MOST_IMAGES indices, from the first to the last."""
    return np.linspace(0, count - 1, min(count, MOST_IMAGES)).astype(np.int64)
