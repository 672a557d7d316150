"""A data set as its source holds it, before any image is decoded."""

import functools
import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autocnn.data.images import Labels
from autocnn.errors import DataError

MOST_UNREADABLE = 0.05
"""Of a data set's files; with more, something is wrong with all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Files:
    """Images that lie in files of their own, still to be decoded."""

    paths: Sequence[str]
    labels: Labels


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """Images that are arrays already."""

    pixels: np.ndarray
    """uint8 (N, H, W, 1, 3 or 4)."""
    labels: Labels


Part = Files | Arrays


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raw:
    """The splits a source holds; `train` is all there is when it holds only one."""

    classes: tuple[str, ...]
    train: Part
    val: Part | None = None
    test: Part | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """A data set that was found: cheap to make, dear to load."""

    name: str
    source: str
    """What the user typed; an absolute path where it is a path."""
    manifest: str
    """A hash over its files that changes when one does; empty: not there yet."""
    load: Callable[[], Raw]


def manifest_line(name: str, stat: os.stat_result) -> str:
    """Write what tells whether a file is still the same without opening it."""
    return f"{name}\t{stat.st_size}\t{stat.st_mtime_ns}"


def make_manifest(lines: Iterable[str]) -> str:
    """Hash lines one by one: there may be a million of them."""
    whole = hashlib.blake2b(digest_size=16)
    for line in lines:
        whole.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return whole.hexdigest()


def file_manifest(*paths: Path) -> str:
    """Hash what tells of the files that exist; empty if none does."""
    found = [path for path in paths if path.is_file()]
    lines = (manifest_line(str(path), path.stat()) for path in found)
    return make_manifest(lines) if found else ""


@functools.cache
def class_name(folder: str) -> str:
    """Make a label of a folder's name, the same on every file system."""
    readable = os.fsencode(folder).decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", readable)


def number_labels(
    source: str, splits: dict[str, list[str]]
) -> tuple[tuple[str, ...], dict[str, Labels], tuple[str, ...]]:
    """Number the labels of each split by the sorted classes of the train split.

    Returns:
        The classes, the numbers of each split, and notes on classes a split lacks.

    Raises:
        DataError: a split has a class that train lacks.
    """
    names = set(splits["train"])
    classes = tuple(sorted(names, key=_natural))
    notes: list[str] = []
    for split, labels in splits.items():
        if unknown := set(labels) - names:
            raise DataError(
                f"{split} of {source} has {listed(unknown)}, which train has not",
                hint="every class of val and test must be in train, written the same",
            )
        if missing := names - set(labels):
            notes.append(f"The {split} split has no images of {listed(missing)}.")
    number = {name: index for index, name in enumerate(classes)}
    numbers = {
        split: np.array([number[label] for label in labels], dtype=np.int64)
        for split, labels in splits.items()
    }
    return classes, numbers, tuple(notes)


def _natural(name: str) -> tuple[bool, int, str]:
    """Sort whole numbers by value, before words."""
    is_number = name.isascii() and name.isdigit()
    return (not is_number, int(name) if is_number else 0, name)


def listed(names: Iterable[str], most: int = 5) -> str:
    """List names in quotes, sorted, the first few of many."""
    ordered = sorted(names)
    shown = ", ".join(f"'{name}'" for name in ordered[:most])
    rest = len(ordered) - most
    return shown + (f" and {rest} more" if rest > 0 else "")
