"""The data sets known by name, and what else can be one. A new name is a new row."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from autocnn.data.arrays import find_npz
from autocnn.data.folders import find_folder
from autocnn.data.packaged import MNIST_FILES, Package, find_packaged
from autocnn.data.raw import Arrays, Raw, Source, make_manifest
from autocnn.data.tables import find_csv
from autocnn.durable import is_pipe
from autocnn.errors import DataError, RequestError, did_you_mean

OFFICIAL_SPLITS = ({"split": "train"}, {"split": "test"})


@dataclass(frozen=True, slots=True)
class Dataset:
    """One data set that can be asked for by name."""

    about: str
    find: Callable[[str, Path], Source]
    """Takes the name and the folder in which data sets lie."""


def _packaged(about: str, package: Package) -> Dataset:
    return Dataset(about, partial(find_packaged, package))


def _find_digits(name: str, _folder: Path) -> Source:
    return Source(
        name=name, source=name, manifest=make_manifest([name]), load=_load_digits
    )


def _load_digits() -> Raw:
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    classes = tuple(str(name) for name in digits.target_names)
    labels = digits.target.astype(np.int64)
    return Raw(classes=classes, train=Arrays(pixels[..., None], labels))


DATASETS: Mapping[str, Dataset] = {
    "digits": Dataset("1,797 gray 8x8 digits, 10 classes, built in", _find_digits),
    "mnist": _packaged(
        "70,000 gray 28x28 digits, 10 classes",
        Package(
            reader="MNIST",
            files="MNIST/raw/*-ubyte",
            idx_files=MNIST_FILES,
            classes=tuple("0123456789"),
        ),
    ),
    "fashion-mnist": _packaged(
        "70,000 gray 28x28 clothes, 10 classes",
        Package(
            reader="FashionMNIST",
            files="FashionMNIST/raw/*-ubyte",
            idx_files=MNIST_FILES,
        ),
    ),
    "kmnist": _packaged(
        "70,000 gray 28x28 cursive Japanese characters, 10 classes",
        Package(reader="KMNIST", files="KMNIST/raw/*-ubyte", idx_files=MNIST_FILES),
    ),
    "emnist": _packaged(
        "131,600 gray 28x28 letters and digits, 47 balanced classes",
        Package(
            reader="EMNIST",
            files="EMNIST/raw/emnist-balanced-*-ubyte",
            splits=(
                {"split": "balanced", "train": True},
                {"split": "balanced", "train": False},
            ),
            idx_files=tuple(
                "emnist-balanced-" + name.replace("t10k", "test")
                for name in MNIST_FILES
            ),
            transposed=True,
            classes=tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"),
        ),
    ),
    "cifar10": _packaged(
        "60,000 color 32x32 photographs, 10 classes",
        Package(reader="CIFAR10", files="cifar-10-batches-py/*"),
    ),
    "cifar100": _packaged(
        "60,000 color 32x32 photographs, 100 classes",
        Package(reader="CIFAR100", files="cifar-100-python/*"),
    ),
    "svhn": _packaged(
        "99,289 color 32x32 house numbers, 10 classes",
        Package(
            reader="SVHN",
            files="*_32x32.mat",
            splits=OFFICIAL_SPLITS,
            classes=tuple("0123456789"),
        ),
    ),
    "stl10": _packaged(
        "13,000 color 96x96 photographs, 10 classes, used at 64x64",
        Package(reader="STL10", files="stl10_binary/*.bin", splits=OFFICIAL_SPLITS),
    ),
}


def find(source: str, data_dir: Path) -> Source:
    """Find a data set by its name in DATASETS or by its path.

    Args:
        source: A name, or the path of a folder, a .csv or an .npz file.
        data_dir: The folder in which named data sets lie or will be put.

    Raises:
        RequestError: it is a word that names no data set.
        DataError: there is nothing usable at the path.
    """
    if source in DATASETS:
        return DATASETS[source].find(source, data_dir)
    path = Path(source).expanduser()
    if not source or not _exists(path):
        raise _not_there(source, path)
    path = path.resolve()
    if path.is_dir():
        train_table = path / "train.csv"
        return find_csv(train_table) if train_table.is_file() else find_folder(path)
    if is_pipe(path):
        raise DataError(
            f"{path} is a pipe or a device",
            hint="save what comes from it as a folder, a .csv or an .npz file",
        )
    match path.suffix.lower():
        case ".csv":
            return find_csv(path)
        case ".npz":
            return find_npz(path)
        case _:
            raise DataError(
                f"{path} is not a folder, a .csv or an .npz file",
                hint="unpack archives and give the folder",
            )


def name_of(source: str) -> str:
    """Say what a data set will be called, without looking into it."""
    if source in DATASETS:
        return source
    path = Path(os.path.realpath(Path(source).expanduser()))
    if path.suffix.lower() not in {".csv", ".npz"}:
        return path.name
    return path.parent.name if path.name == "train.csv" else path.stem


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # such as a name that is too long for any file
        return False


def _not_there(source: str, path: Path) -> RequestError | DataError:
    if "." in source or (source and path.name != source):
        return DataError(
            f"there is no file or folder {path.absolute()}",
            hint="check the path, or name a data set: " + ", ".join(DATASETS),
        )
    return RequestError(
        f"there is no data set called '{source}'",
        hint="give a name or a path; " + did_you_mean(source, DATASETS),
    )
