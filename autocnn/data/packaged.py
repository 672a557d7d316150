"""The data sets that torchvision knows, read from files that may have to be fetched."""

import contextlib
import gzip
import http.client
import socket
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autocnn.data.arrays import to_bytes
from autocnn.data.folders import find_folder, has_class_folders
from autocnn.data.raw import Arrays, Raw, Source, file_manifest
from autocnn.errors import DataError

SECONDS_WITHOUT_DATA = 30
MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """How torchvision reads one data set."""

    reader: str
    """The class in torchvision.datasets."""
    files: str
    """Pattern of the files it reads, below the folder of data sets."""
    splits: tuple[dict[str, Any], dict[str, Any]] = ({"train": True}, {"train": False})
    """Arguments for the train and the test images."""
    idx_files: tuple[str, ...] = ()
    """Train images and labels, test images and labels, when in MNIST's own format."""
    transposed: bool = False
    """Whether rows and columns come swapped."""
    classes: tuple[str, ...] = ()
    """Where torchvision does not name them."""


def find_packaged(package: Package, name: str, folder: Path) -> Source:
    """Find a data set below `folder`: torchvision's files, idx files or class folders.

    Nothing is fetched before the source is loaded.
    """
    raw = [_plain_or_packed(folder, file) for file in package.idx_files]
    idx_paths = [path for path in raw if path]
    files = sorted(folder.glob(package.files))
    if not files and raw and len(idx_paths) == len(raw):
        files, load = idx_paths, partial(_load_idx, package, idx_paths)
    elif not files and has_class_folders(folder):
        return find_folder(folder, name=name, source=name)
    else:
        load = partial(_load_packaged, package, name, folder)
    return Source(name=name, source=name, manifest=file_manifest(*files), load=load)


def _plain_or_packed(folder: Path, name: str) -> Path | None:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    return None


def _load_packaged(package: Package, name: str, folder: Path) -> Raw:
    try:
        with _quiet_and_impatient():
            train, test = (_open(package, folder, split) for split in package.splits)
    # What torchvision and the network raise for missing, damaged or blocked files.
    except (OSError, RuntimeError, EOFError, ValueError,
            http.client.HTTPException, zipfile.BadZipFile) as error:  # fmt: skip
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no data"
        files = " or ".join([package.files, *package.idx_files[:1]])
        raise DataError(
            f"{name} is not in {folder} and could not be fetched: {reason}",
            hint=f"put its files there ({files}), or name their folder with --data-dir",
        ) from error
    classes = package.classes or tuple(str(label) for label in train.classes)
    return _raw(package, classes, _arrays(train), _arrays(test))


def _open(package: Package, folder: Path, split: dict[str, Any]) -> Any:
    """Open one split, fetching it only when its files are missing or damaged."""
    from torchvision import datasets

    reader = getattr(datasets, package.reader)
    with contextlib.suppress(RuntimeError, OSError):
        return reader(folder, download=False, **split)
    folder.mkdir(parents=True, exist_ok=True)
    return reader(folder, download=True, **split)


@contextlib.contextmanager
def _quiet_and_impatient() -> Iterator[None]:
    """Keep stdout for results, and give up on a network that does not answer."""
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS_WITHOUT_DATA)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        socket.setdefaulttimeout(patience)


def _arrays(split: Any) -> tuple[np.ndarray, np.ndarray]:
    labels = split.targets if hasattr(split, "targets") else split.labels
    return np.asarray(split.data), np.asarray(labels)


def _load_idx(package: Package, paths: list[Path]) -> Raw:
    """Read MNIST's own files where they lie, packed or not."""
    from torchvision import datasets

    readers = (datasets.mnist.read_image_file, datasets.mnist.read_label_file) * 2
    arrays = [_read_idx(path, read) for path, read in zip(paths, readers, strict=True)]
    classes = package.classes or _idx_classes(package)
    train, test = (arrays[0], arrays[1]), (arrays[2], arrays[3])
    return _raw(package, classes, train, test)


def _idx_classes(package: Package) -> tuple[str, ...]:
    from torchvision import datasets

    return tuple(getattr(datasets, package.reader).classes)


def _read_idx(path: Path, read: Any) -> np.ndarray:
    try:
        if path.suffix != ".gz":
            return np.asarray(read(str(path)))
        with tempfile.TemporaryDirectory() as folder:
            unpacked = Path(folder) / path.stem
            with gzip.open(path) as packed, unpacked.open("wb") as file:
                while chunk := packed.read(1 << 20):
                    file.write(chunk)
            return np.asarray(read(str(unpacked)))
    # A reader of a damaged file trips wherever the damage lies.
    except (OSError, EOFError, ValueError, TypeError, KeyError, RuntimeError,
            AssertionError) as error:  # fmt: skip
        raise DataError(
            f"cannot read {path}: {str(error) or type(error).__name__}",
            hint="fetch the file again",
        ) from error


def _raw(
    package: Package,
    classes: tuple[str, ...],
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
) -> Raw:
    def part(split: tuple[np.ndarray, np.ndarray]) -> Arrays:
        pixels = to_bytes(split[0], package.reader)
        if package.transposed:
            pixels = pixels.swapaxes(1, 2)
        return Arrays(pixels, split[1].astype(np.int64))

    return Raw(classes=classes, train=part(train), test=part(test))
