"""What a program may hand over as images and labels, and what it may not."""

import numpy as np
import pytest
import torch
from PIL import Image

from autocnn.api.arrays import named, pixels_of, source_of
from autocnn.errors import DataError

BYTES = np.arange(2 * 5 * 5, dtype=np.uint8).reshape(2, 5, 5)
GRAY = BYTES[..., None]


@pytest.mark.parametrize(
    "images",
    [
        BYTES,
        GRAY,
        BYTES.astype(np.int64),
        BYTES.astype(np.uint16) * 257,
        BYTES / 255,
        (BYTES / 255).astype(np.float32),
        list(BYTES),
        [Image.fromarray(image) for image in BYTES],
        torch.from_numpy(BYTES)[:, None][:, 0],
    ],
    ids=lambda images: getattr(images, "dtype", type(images).__name__),
)
def test_images_of_all_usual_kinds_are_the_same(images):
    pixels = pixels_of(images)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, GRAY)


def test_colors_come_first_or_last():
    colors = np.stack([BYTES, BYTES + 1, BYTES + 2], axis=3)
    first = torch.from_numpy(colors.transpose(0, 3, 1, 2) / np.float32(255))
    np.testing.assert_array_equal(pixels_of(first), colors)


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (BYTES.astype(float), r"values \(float64\) reach from 0.0 to 49.0"),
        (BYTES - 1.0, "reach from -1.0"),
        (np.full((2, 5, 5), np.nan), "reach from nan"),
        (BYTES.astype(np.int32) * 100, "to 49.0"),
        (BYTES[0], "has shape"),
        (BYTES.astype(str), "of type <U"),
        ([], "there is no image"),
        ([BYTES[0], BYTES[0, :3]], "the images have 2 shapes"),
    ],
)
def test_what_is_no_array_of_images_is_refused(images, said):
    with pytest.raises(DataError, match=said):
        pixels_of(images)


def test_pictures_of_all_sizes_are_resized_as_files_are():
    pictures = [Image.new("RGB", (9, 6), "red"), Image.new("L", (5, 12))]
    pixels = pixels_of(pictures, 4)
    assert pixels.shape == (2, 4, 4, 3)
    assert pixels[0, 0, 0].tolist() == [255, 0, 0]
    with pytest.raises(DataError, match="2 shapes"):
        pixels_of(pictures)


@pytest.mark.parametrize(
    ("labels", "names", "value"),
    [
        ([3, 10, 3], ["3", "10", "3"], 10),
        (np.array([3.0, 10.0, 3.0]), ["3", "10", "3"], 10.0),
        (["a", "b", "a"], ["a", "b", "a"], "b"),
        (np.array(["a", "b", "a"], dtype=object), ["a", "b", "a"], "b"),
        ([[0, 1], [1, 0], [0, 1]], ["1", "0", "1"], 0),
        (np.array([[5], [6], [5]]), ["5", "6", "5"], 6),
        ([True, False, True], ["1", "0", "1"], False),
    ],
)
def test_labels_are_named_and_meant(labels, names, value):
    found, meant = named(labels)
    assert found == names
    assert meant[found[1]] == value
    assert type(meant[found[1]]) is type(value)


def test_labels_that_look_the_same_are_refused():
    with pytest.raises(DataError, match="1 and '1' are both written '1'"):
        named(np.array([1, "1"], dtype=object))


@pytest.mark.parametrize(
    "labels", [[b"a", b"b"], np.array([b"a", b"b"]), ["a", None], [None, 1]]
)
def test_labels_that_are_bytes_or_nothing_are_refused(labels):
    with pytest.raises(DataError, match=r"a label cannot be (b'a'|None)"):
        named(labels)


def test_labels_of_a_list_stay_what_they_are():
    assert named(["a", 1, "b"]) == (["a", "1", "b"], {"a": "a", "1": 1, "b": "b"})


def test_the_same_arrays_have_the_same_manifest():
    first, _ = source_of((BYTES, [0, 1]), None)
    again, _ = source_of((BYTES.copy(), ["0", "1"]), None)
    other, _ = source_of((BYTES, [1, 0]), None)
    assert first.manifest == again.manifest != other.manifest
