"""What was found in the data: counts, sizes, unreadable files, duplicates, oddities."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from autocnn.data.images import Labels, plain

LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The findings about one prepared data set."""

    counts: dict[str, dict[str, int]]
    """Split ("search", "val" if the data has one, "test") -> class -> images."""
    sizes: str
    """As found: "32x32", or "12x9 to 640x480, median 200x150" (width x height)."""
    unreadable: tuple[str, ...]
    """At most 20 of the files that could not be read, each with its reason."""
    unreadable_count: int
    duplicates: int
    """Search images whose pixels equal those of an earlier one."""
    leaked: int
    """Test (or given validation) images that are also training images."""
    notes: tuple[str, ...]
    """Other findings, one sentence each."""

    def to_dict(self) -> dict[str, Any]:
        """Write the fields as plain JSON types."""
        return plain(asdict(self))

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Audit":
        """Read what to_dict wrote."""
        lists = ("unreadable", "notes")
        return cls(**{**fields, **{key: tuple(fields[key]) for key in lists}})


def count(labels: Labels, classes: Sequence[str]) -> dict[str, int]:
    """Count the images of each class."""
    counts = np.bincount(labels, minlength=len(classes))
    return {name: int(images) for name, images in zip(classes, counts, strict=True)}


def describe_sizes(sizes: np.ndarray) -> str:
    """Describe (N, 2) widths and heights: the only size, or the range and median."""
    if not len(sizes):
        return "none"
    smallest, largest = sizes.min(axis=0), sizes.max(axis=0)
    if (smallest == largest).all():
        return _by(smallest)
    middle = np.median(sizes, axis=0)
    return f"{_by(smallest)} to {_by(largest)}, median {_by(middle)}"


def _by(size: Iterable[float]) -> str:
    return "x".join(str(int(side)) for side in size)


def count_duplicates(groups: Labels) -> int:
    """Count the images that repeat an earlier one."""
    return len(groups) - len(np.unique(groups))


def count_leaked(groups: Labels, kept_apart: np.ndarray) -> int:
    """Count the images kept apart (bool mask) that are also among the others."""
    return int(np.isin(groups[kept_apart], groups[~kept_apart]).sum())


def conflict_note(groups: Labels, labels: Labels) -> tuple[str, ...]:
    """Say how many images appear under more than one label."""
    pairs = np.unique(np.stack([groups, labels], axis=1), axis=0)
    _, labels_per_group = np.unique(pairs[:, 0], return_counts=True)
    conflicts = int((labels_per_group > 1).sum())
    if not conflicts:
        return ()
    return (f"{plural(conflicts, 'image')} found under more than one label.",)


def plural(number: int, noun: str) -> str:
    """Write a count with its noun: 1 image, 2 images."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
