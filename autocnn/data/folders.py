"""Images in folders: one folder per class, or train, val and test folders of these."""

import os
import stat
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
class Found:
    """One regular file, by its parts below the scanned folder."""

    parts: tuple[str, ...]
    path: str
    stat: os.stat_result


@dataclass(slots=True)
class Scan:
    """What lies below a folder, and what was left out."""

    files: list[Found] = field(default_factory=list)
    empty: list[tuple[str, ...]] = field(default_factory=list)
    """Folders that hold no image, by their parts."""
    suffixes: list[str] = field(default_factory=list)
    """Of the files that are not images by their names."""
    special: int = 0

    def notes(self) -> Iterator[str]:
        """Say what was left out, one sentence each."""
        if self.suffixes:
            kinds = ", ".join(sorted(set(self.suffixes))[:5])
            files = plural(len(self.suffixes), "file")
            yield f"{files} left out, not images by their names: {kinds}."
        if self.special:
            yield f"Pipes, devices and broken links left out: {self.special:,}."


def find_folder(folder: Path, *, name: str = "", source: str = "") -> Source:
    """List a folder of images; that it has classes is checked when it is loaded.

    Raises:
        DataError: a folder cannot be looked into.
    """
    scan = Scan()
    start = folder.stat()
    _walk(str(folder), (), frozenset({(start.st_dev, start.st_ino)}), scan)
    manifest = (manifest_line("/".join(file.parts), file.stat) for file in scan.files)
    return Source(
        name=name or folder.name or "images",
        source=source or str(folder),
        manifest=(str(folder), *manifest),
        load=partial(_load, folder, scan),
    )


def has_class_folders(folder: Path) -> bool:
    """Tell whether a folder holds a train folder with class folders in it."""
    train = folder / "train"
    return train.is_dir() and any(entry.is_dir() for entry in train.iterdir())


def _walk(
    folder: str,
    parts: tuple[str, ...],
    above: frozenset[tuple[int, int]],
    scan: Scan,
) -> None:
    """Add what lies below a folder to the scan, in the order of names."""
    for entry in _entries(folder):
        if entry.name.startswith(".") or entry.name.lower() in SYSTEM_NAMES:
            continue
        try:
            found = entry.stat()
        except OSError:  # a link that leads nowhere
            scan.special += 1
            continue
        here = (*parts, entry.name)
        identity = (found.st_dev, found.st_ino)
        if stat.S_ISDIR(found.st_mode) and identity not in above:
            before = len(scan.files)
            _walk(entry.path, here, above | {identity}, scan)
            if len(scan.files) == before:
                scan.empty.append(here)
        elif not stat.S_ISREG(found.st_mode):
            scan.special += 1
        elif (suffix := _suffix(entry.name)) not in SUFFIXES:
            scan.suffixes.append(suffix)
        else:
            scan.files.append(Found(here, entry.path, found))


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2].lower() if "." in name else ""


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            f"cannot look into {folder}: {(error.strerror or str(error)).lower()}",
            hint="make it readable for you, or remove it",
        ) from error


Layout = dict[str, list[tuple[str, str]]]
"""Split -> (class, path) of each of its images; only "train" when it is not split."""


def _layout(folder: Path, scan: Scan) -> tuple[Layout, int]:
    """Read splits and classes from where the files lie; count images outside."""
    tops = {file.parts[0].lower() for file in scan.files if len(file.parts) > 1}
    is_split = "train" in {SPLITS.get(top) for top in tops} and tops <= set(SPLITS)
    depth = 1 if is_split else 0  # of the class among the parts of a path
    layout: Layout = {}
    loose = 0
    for file in scan.files:
        if len(file.parts) < depth + 2:
            loose += 1
            continue
        split = SPLITS[file.parts[0].lower()] if is_split else "train"
        entry = (class_name(file.parts[depth]), file.path)
        layout.setdefault(split, []).append(entry)
    classes = {name for name, _ in layout.get("train", ())}
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
    labels = {split: [name for name, _ in entries] for split, entries in layout.items()}
    classes, numbers, more_notes = number_labels(str(folder), labels)
    parts = {
        split: Files([path for _, path in entries], numbers[split])
        for split, entries in layout.items()
    }
    return Raw(
        classes=classes,
        train=parts["train"],
        val=parts.get("val"),
        test=parts.get("test"),
        notes=(*notes, *more_notes),
    )
