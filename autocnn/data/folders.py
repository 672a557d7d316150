"""Images in folders: one folder per class, or train, val and test folders of these."""

import itertools
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from autocnn.data.audit import plural
from autocnn.data.raw import (
    Files,
    Raw,
    Source,
    class_name,
    listed,
    make_manifest,
    manifest_line,
    number_labels,
)
from autocnn.errors import DataError

SPLITS = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
SUFFIXES = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".gif", ".webp", ".avif",
    ".bmp", ".dib", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".tga",
    ".jp2", ".j2k", ".jpx", ".ico", ".pcx", ".sgi",
})  # fmt: skip
SYSTEM_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx", "icon\r", "@eadir"})


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that holds images."""

    parts: tuple[str, ...]
    """Of its path below the scanned folder."""
    path: str
    names: list[str] = field(default_factory=list)
    """Of the images, one string each: there may be a million."""

    @property
    def images(self) -> list[str]:
        """Their paths."""
        return [f"{self.path}{os.sep}{name}" for name in self.names]


@dataclass(slots=True)
class Scan:
    """What lies below a folder, and what was left out."""

    places: list[Place] = field(default_factory=list)
    empty: list[tuple[str, ...]] = field(default_factory=list)
    """Folders that hold no image, by their parts."""
    suffixes: Counter[str] = field(default_factory=Counter)
    """Of the files that are not images by their names."""
    special: int = 0

    def notes(self) -> Iterator[str]:
        """Say what was left out, one sentence each."""
        if self.suffixes:
            kinds = ", ".join(sorted(self.suffixes)[:5])
            files = plural(self.suffixes.total(), "file")
            yield f"{files} left out, not images by their names: {kinds}."
        if self.special:
            yield f"Pipes, devices and broken links left out: {self.special:,}."


def find_folder(folder: Path, *, name: str = "", source: str = "") -> Source:
    """List a folder of images; that it has classes is checked when it is loaded.

    Raises:
        DataError: a folder cannot be looked into.
    """
    scan, manifest = scan_folder(folder)
    return Source(
        name=name or folder.name or "images",
        source=source or str(folder),
        manifest=manifest,
        load=partial(_load, folder, scan),
    )


def scan_folder(folder: Path) -> tuple[Scan, str]:
    """Find the images below a folder, and hash what tells when they change.

    Raises:
        DataError: a folder cannot be looked into.
    """
    scan = Scan()
    start = folder.stat()
    above = frozenset({(start.st_dev, start.st_ino)})
    lines = _walk(Place((), str(folder)), above, scan)
    return scan, make_manifest(itertools.chain([str(folder)], lines))


def has_class_folders(folder: Path) -> bool:
    """Tell whether a folder holds a train folder with class folders in it."""
    train = folder / "train"
    return train.is_dir() and any(entry.is_dir() for entry in train.iterdir())


def _walk(place: Place, above: frozenset[tuple[int, int]], scan: Scan) -> Iterator[str]:
    """Add what lies below a folder to the scan, by name; yield manifest lines."""
    first = len(scan.places)
    scan.places.append(place)
    for name in _names(place.path):
        path = os.path.join(place.path, name)  # noqa: PTH118 - a million times
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:  # a link that leads nowhere
            scan.special += 1
            continue
        identity = (found.st_dev, found.st_ino)
        if stat.S_ISDIR(found.st_mode) and identity not in above:
            below = Place((*place.parts, name), path)
            yield from _walk(below, above | {identity}, scan)
        elif not stat.S_ISREG(found.st_mode):
            scan.special += 1
        elif (suffix := _suffix(name)) not in SUFFIXES:
            scan.suffixes[suffix] += 1
        else:
            place.names.append(name)
            yield manifest_line("/".join((*place.parts, name)), found)
    if not any(each.names for each in scan.places[first:]):
        del scan.places[first:]
        scan.empty.append(place.parts)


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2].lower() if "." in name else ""


def _names(folder: str) -> list[str]:
    """List what a folder holds, but for what systems and people hide there."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names alone, for their memory
    except OSError as error:
        raise DataError(
            f"cannot look into {folder}: {(error.strerror or str(error)).lower()}",
            hint="make it readable for you, or remove it",
        ) from error
    return sorted(
        name
        for name in names
        if not name.startswith(".") and name.lower() not in SYSTEM_NAMES
    )


@dataclass(slots=True)
class Split:
    """The images of one split."""

    paths: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    """The class of each, in the same order."""


Layout = dict[str, Split]
"""By name; only "train" when the data set is not split."""


def _layout(folder: Path, scan: Scan) -> tuple[Layout, int]:
    """Read splits and classes from where the files lie; count images outside."""
    tops = {place.parts[0].lower() for place in scan.places if place.parts}
    is_split = "train" in {SPLITS.get(top) for top in tops} and tops <= set(SPLITS)
    depth = 1 if is_split else 0  # of the class among the parts of a path
    layout: Layout = {}
    loose = 0
    for place in scan.places:
        if len(place.parts) < depth + 1:
            loose += len(place.names)
            continue
        split = SPLITS[place.parts[0].lower()] if is_split else "train"
        entry = layout.setdefault(split, Split())
        entry.paths += place.images
        entry.labels += [class_name(place.parts[depth])] * len(place.names)
    classes = set(layout["train"].labels) if "train" in layout else set()
    if len(classes) < 2:
        raise _no_classes(folder, classes, loose)
    if empty := [parts for parts in scan.empty if len(parts) == depth + 1]:
        raise DataError(
            f"{folder} has class folders without images: "
            + listed("/".join(parts) for parts in empty),
            hint="fill them or remove them",
        )
    return layout, loose


def _no_classes(folder: Path, classes: set[str], loose: int) -> DataError:
    hint = "put the images of each class in a folder of its own, at least two"
    if classes:
        only = next(iter(classes))
        inside = folder / only
        if inside.is_dir() and any(entry.is_dir() for entry in inside.iterdir()):
            hint = f"if the classes are inside it, give {inside}"
        return DataError(f"{folder} has only one class, '{only}'", hint=hint)
    if loose:
        return DataError(
            f"{folder} holds {plural(loose, 'image')} but no class folders", hint=hint
        )
    return DataError(f"{folder} holds no images", hint=hint)


def _load(folder: Path, scan: Scan) -> Raw:
    layout, loose = _layout(folder, scan)
    notes = list(scan.notes())
    if loose:
        notes.append(f"{plural(loose, 'image')} left out, outside of class folders.")
    labels = {split: entry.labels for split, entry in layout.items()}
    classes, numbers, more_notes = number_labels(str(folder), labels)
    parts = {
        split: Files(entry.paths, numbers[split]) for split, entry in layout.items()
    }
    return Raw(
        classes=classes,
        train=parts["train"],
        val=parts.get("val"),
        test=parts.get("test"),
        notes=(*notes, *more_notes),
    )
