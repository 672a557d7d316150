"""Images in arrays: .npz files, and bringing any array to uint8 (N, H, W, C)."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autocnn.data.decode import scale_fractions
from autocnn.data.images import Pixels
from autocnn.data.raw import Arrays, Raw, Source, file_manifest, number_labels
from autocnn.errors import DataError

# Names under which .npz files keep images and labels: train, val, test.
NPZ_NAMES = (
    {"train": ("images", "labels")},
    {"train": ("train_images", "train_labels"), "val": ("val_images", "val_labels"),
     "test": ("test_images", "test_labels")},
    {"train": ("x_train", "y_train"), "val": ("x_val", "y_val"),
     "test": ("x_test", "y_test")},
    {"train": ("x", "y")},
    {"train": ("X", "y")},
)  # fmt: skip


def find_npz(path: Path) -> Source:
    """Find the images of an .npz file."""
    return Source(
        name=path.stem,
        source=str(path),
        manifest=file_manifest(path),
        load=partial(_load_npz, path),
    )


def _load_npz(path: Path) -> Raw:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return _read_splits(path, arrays)
    except DataError:
        raise
    except Exception as error:  # a damaged header may raise whatever NumPy's parts do
        raise DataError(
            f"cannot read {path}: {str(error) or type(error).__name__}",
            hint="save it with numpy.savez, with plain arrays and no Python objects",
        ) from error


def _read_splits(path: Path, arrays: Mapping[str, np.ndarray]) -> Raw:
    for names in NPZ_NAMES:
        if all(key in arrays for key in names["train"]):
            break
    else:
        raise DataError(
            f"{path.name} holds {', '.join(arrays) or 'nothing'}",
            hint="name the arrays images and labels, or x_train, y_train, x_test, ...",
        )
    pixels, labels = {}, {}
    for split, (images_key, labels_key) in names.items():
        if images_key in arrays and labels_key in arrays:
            found = [_array(arrays, key, path) for key in (images_key, labels_key)]
            pixels[split] = to_bytes(found[0], f"{images_key} of {path.name}")
            labels[split] = to_names(found[1], f"{labels_key} of {path.name}")
            if len(pixels[split]) != len(labels[split]):
                raise DataError(
                    f"{path.name} has {len(pixels[split])} {images_key} but"
                    f" {len(labels[split])} {labels_key}",
                    hint="save one label for each image",
                )
    classes, numbers, notes = number_labels(path.name, labels)
    parts = {split: Arrays(pixels[split], numbers[split]) for split in pixels}
    return Raw(
        classes=classes,
        train=parts["train"],
        val=parts.get("val"),
        test=parts.get("test"),
        notes=notes,
    )


def _array(arrays: Mapping[str, Any], key: str, path: Path) -> np.ndarray:
    """Read one array; in an archive there may be other things under its name."""
    found = arrays[key]
    if not isinstance(found, np.ndarray):
        raise DataError(
            f"{key} of {path.name} is no array", hint="write the file with numpy.savez"
        )
    return found


def to_bytes(images: np.ndarray, what: str) -> Pixels:
    """Bring images in any of the usual forms to uint8 (N, H, W, 1, 3 or 4).

    Args:
        images: (N, H, W), (N, H, W, C) or (N, C, H, W); uint8, other whole numbers
            over 8 or 16 bits, truth values, or fractions from 0 to 1 or 255.
        what: Names the array in errors.

    Raises:
        DataError: the shape or the values are none of these.
    """
    if images.ndim == 3:
        images = images[..., None]
    elif images.ndim == 4 and images.shape[3] not in (1, 3, 4):
        images = images.transpose(0, 2, 3, 1)
    if images.ndim != 4 or images.shape[3] not in (1, 3, 4) or 0 in images.shape:
        raise DataError(
            f"{what} has shape {images.shape}",
            hint="save images as (N, H, W), (N, H, W, 3) or (N, 3, H, W)",
        )
    try:
        return _scale(images)
    except ValueError as error:
        raise DataError(
            f"cannot use {what}: {error}", hint="save values from 0 to 255 as uint8"
        ) from error


def _scale(images: np.ndarray) -> Pixels:
    match images.dtype.kind:
        case "u" if images.dtype.itemsize == 1:
            return images
        case "b":
            return images.astype(np.uint8) * np.uint8(255)
        case "f" if not (images.min() < 0 or images.max() > 255):  # NaN is told there
            return scale_fractions(images)
        case "u" | "i" if images.min() >= 0 and images.max() <= 65_535:
            is_wide = images.dtype == np.uint16 or images.max() > 255
            return (images // 257 if is_wide else images).astype(np.uint8)
        case "u" | "i" | "f":
            low, high = images.min(), images.max()
            raise ValueError(f"its values reach from {low} to {high}")
        case _:
            raise ValueError(f"its values are of type {images.dtype}")


def to_names(labels: np.ndarray, what: str) -> list[str]:
    """Read labels (N,), (N, 1) or one-hot (N, classes) as class names.

    Raises:
        DataError: an image has several labels or none, or labels are not whole.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    elif labels.ndim == 2 and labels.dtype.kind in "biuf":
        if (labels.astype(bool).sum(axis=1) != 1).any():
            raise DataError(
                f"{what} does not give each image exactly one label",
                hint="autocnn sorts images into classes: one label per image",
            )
        labels = labels.argmax(axis=1)
    if labels.ndim != 1 or labels.dtype.kind not in "biufUS":
        raise DataError(
            f"{what} has shape {labels.shape} and type {labels.dtype}",
            hint="save labels as (N,) whole numbers or strings",
        )
    if labels.dtype.kind == "S":
        return [label.decode("utf-8", "replace") for label in labels.tolist()]
    if labels.dtype.kind in "bf" and (labels != np.floor(labels)).any():
        raise DataError(
            f"{what} holds fractions", hint="save labels as whole numbers or strings"
        )
    whole = labels.astype(np.int64) if labels.dtype.kind in "bf" else labels
    return [str(label) for label in whole.tolist()]
