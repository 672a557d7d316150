"""Images and labels that a program holds in memory, brought to what a search takes."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autocnn.data.arrays import to_bytes, to_names
from autocnn.data.decode import to_pixels
from autocnn.data.images import Pixels
from autocnn.data.raw import Arrays, Raw, Source, number_labels
from autocnn.errors import DataError, RequestError

NAME = "arrays"


def is_picture(image: Any) -> bool:
    """Whether it is one of Pillow's images."""
    return hasattr(image, "mode") and hasattr(image, "getpixel")


def source_of(data: Any, size: int | None) -> tuple[Source, Mapping[str, Any]]:
    """Make a data set of (images, labels), or of a data set that has pairs of them.

    Returns:
        It, and what each of its class names stands for among the labels.

    Raises:
        RequestError: it is neither.
        DataError: the images or the labels cannot be used.
    """
    images, labels = _pair(data)
    pixels = pixels_of(images, size)
    names, values = named(labels)
    if len(pixels) != len(names):
        raise DataError(
            f"there are {len(pixels)} images, but {len(names)} labels",
            hint="give one label for each image",
        )
    classes, numbers, notes = number_labels("the labels", {"train": names})
    raw = Raw(classes=classes, train=Arrays(pixels, numbers["train"]), notes=notes)
    source = Source(
        name=NAME,
        source="an array",
        manifest=_hash(pixels, names),
        load=lambda: raw,
    )
    return source, values


def pixels_of(images: Any, size: int | None = None) -> Pixels:
    """Bring images to uint8 (N, H, W, 1, 3 or 4).

    Args:
        images: (N, H, W), (N, H, W, C) or (N, C, H, W): uint8, other whole numbers from
            0 to 255, uint16, truth values, or fractions from 0 to 1; or a sequence of
            arrays of one size, or of Pillow's images.
        size: The side that Pillow's images are resized to; None: they are of one size.

    Raises:
        DataError: they are none of these.
    """
    if isinstance(images, list | tuple):
        images = _stacked(images, size)
    values = np.asarray(images)
    if values.size and values.dtype.kind in "fiu" and values.dtype != np.uint16:
        most = 1 if values.dtype.kind == "f" else 255
        low, high = values.min(), values.max()
        if not (low >= 0 and high <= most):  # so that NaN is refused
            raise DataError(
                f"the images' values ({values.dtype}) reach from {low} to {high}",
                hint="give whole numbers from 0 to 255, or fractions from 0 to 1",
            )
    return to_bytes(values, "the array of images")


def named(labels: Any) -> tuple[list[str], Mapping[str, Any]]:
    """Name the class of each label; and say what label each name stands for.

    Labels are whole numbers, strings, truth values, or other things that differ when
    they are written; or one-hot (N, classes).
    """
    values = labels if isinstance(labels, np.ndarray) else np.asarray(labels)
    if values.dtype.kind == "U" and not all(isinstance(each, str) for each in labels):
        values = np.array(labels, dtype=object)  # what is no string stays what it is
    for value in values.ravel().tolist() if values.dtype.kind in "OS" else ():
        if value is None or isinstance(value, bytes):
            raise DataError(
                f"a label cannot be {value!r}",
                hint="give strings or whole numbers: bytes are decoded by .decode()",
            )
    if values.dtype.kind == "O" and values.ndim == 1:
        names = [str(value) for value in values.tolist()]
    else:
        names = to_names(values, "the array of labels")
        if values.ndim == 2 and values.shape[1] > 1:
            values = values.argmax(axis=1)
    meant: dict[str, Any] = {}
    for name, value in zip(names, values.reshape(-1).tolist(), strict=True):
        if meant.setdefault(name, value) != value:
            raise DataError(
                f"the labels {meant[name]!r} and {value!r} are both written '{name}'",
                hint="give labels of one kind",
            )
    return names, meant


def _pair(data: Any) -> tuple[Any, Any]:
    if isinstance(data, tuple) and len(data) == 2:
        return data
    try:
        pairs = [data[index] for index in range(len(data))]
        images, labels = (list(column) for column in zip(*pairs, strict=True))
    except (TypeError, ValueError, KeyError, IndexError):
        raise RequestError(
            f"data cannot be of type {type(data).__name__}",
            hint="give a name, a path, (images, labels), or a data set whose items are "
            "(image, label)",
        ) from None
    return images, labels


def _stacked(images: Sequence[Any], size: int | None) -> np.ndarray:
    """Stack Pillow's images, or arrays, of one size."""
    if not images:
        raise DataError("there is no image", hint="give some")
    if all(is_picture(image) for image in images):
        images = _decoded(images, size)
    arrays = [np.asarray(image) for image in images]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise DataError(
            f"the images have {len(shapes)} shapes: {shapes[0]}, {shapes[1]}, ...",
            hint="resize them to one; Pillow's images are resized with image_size=64",
        )
    return np.stack(arrays)


def _decoded(images: Iterable[Any], size: int | None) -> list[Pixels]:
    """Bring Pillow's images to pixels, as those of files are."""
    images = list(images)
    channels = 1 if all(image.mode in ("1", "L") for image in images) else 3
    return [
        to_pixels(image.copy(), size or image.height, size or image.width, channels)
        for image in images
    ]


def _hash(pixels: Pixels, names: Sequence[str]) -> str:
    whole = hashlib.blake2b(str(pixels.shape).encode(), digest_size=16)
    whole.update(np.ascontiguousarray(pixels).data)
    whole.update("\n".join(names).encode("utf-8", "surrogateescape"))
    return whole.hexdigest()
