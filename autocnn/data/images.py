"""Images as arrays, and what is known about a prepared data set."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autocnn.recipe import ImageShape

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Decoded images and their labels, in memory or memory-mapped."""

    pixels: Pixels
    """(N, H, W, C), 0 to 255; C is 1 (gray) or 3 (red, green, blue)."""
    labels: Labels
    """(N,), each an index into the data set's classes."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Labels) -> "Images":
        """Copy the images at these indices into memory, in this order."""
        return Images(self.pixels[indices], self.labels[indices])


@dataclass(frozen=True, slots=True, kw_only=True)
class DataInfo:
    """What a prepared data set is, as its cache folder's info.json says."""

    name: str
    source: str
    """What the user typed; an absolute path where it is a path."""
    fingerprint: str
    """Hex hash of the decoded pixels, labels and class names, split by split."""
    classes: tuple[str, ...]
    height: int
    width: int
    channels: int
    search_images: int
    """Training and validation images together."""
    test_images: int
    mean: tuple[float, ...]
    """Per channel, 0 to 1, over the search images only."""
    std: tuple[float, ...]
    """As mean; at least 1/255, so that one can divide by it."""
    given_val: int
    """How many of the last search images are the data's own validation split."""
    given_test: bool
    """Whether the data came with a test split; otherwise one was cut off."""

    @property
    def shape(self) -> ImageShape:
        """Say what a network for these images takes and tells apart."""
        return ImageShape(
            height=self.height,
            width=self.width,
            channels=self.channels,
            classes=len(self.classes),
        )

    def to_dict(self) -> dict[str, Any]:
        """Write the fields as plain JSON types."""
        return plain(asdict(self))

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "DataInfo":
        """Read what to_dict wrote."""
        lists = ("classes", "mean", "std")
        return cls(**{**fields, **{key: tuple(fields[key]) for key in lists}})


def plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Turn tuples into lists, as JSON would, so that what is written reads equal."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in fields.items()
    }
