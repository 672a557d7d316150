"""Arrays in every usual form, and .npz files of them."""

import numpy as np
import pytest

from autocnn.data.arrays import find_npz, to_bytes, to_names
from autocnn.errors import DataError

BYTES = np.arange(5 * 6 * 7, dtype=np.uint8).reshape(5, 6, 7)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 6, 7), (5, 6, 7, 1)),
        ((5, 6, 7, 1), (5, 6, 7, 1)),
        ((5, 6, 7, 3), (5, 6, 7, 3)),
        ((5, 6, 7, 4), (5, 6, 7, 4)),
        ((5, 1, 6, 7), (5, 6, 7, 1)),
        ((5, 3, 6, 7), (5, 6, 7, 3)),
    ],
)
def test_axes_are_brought_to_one_order(shape, expected):
    assert to_bytes(np.zeros(shape, dtype=np.uint8), "images").shape == expected


@pytest.mark.parametrize(
    "values",
    [
        BYTES.astype(np.int64),
        BYTES / 255,
        BYTES.astype(np.float32),
        BYTES.astype(np.uint16) * 257,
    ],
)
def test_values_are_brought_to_bytes(values):
    assert np.array_equal(to_bytes(values, "images")[..., 0], BYTES)


def test_truth_values_are_black_and_white():
    values = np.array([[[True, False]]])
    assert to_bytes(values, "images").ravel().tolist() == [255, 0]


@pytest.mark.parametrize(
    ("images", "problem"),
    [
        (np.zeros((5, 4)), r"shape \(5, 4\)"),
        (np.zeros((0, 8, 8)), "shape"),
        (np.zeros((5, 2, 8, 9)), "shape"),
        (np.full((5, 8, 8), np.nan), "not numbers"),
        (np.full((5, 8, 8), -1), "from -1 to -1"),
        (np.linspace(-2.5, 3, 320).reshape(5, 8, 8), r"from -2\.5 to 3\.0"),
        (np.full((5, 8, 8), np.inf), "from inf to inf"),
        (np.full((5, 8, 8), "x"), "of type"),
    ],
)
def test_other_arrays_are_refused(images, problem):
    with pytest.raises(DataError, match=problem):
        to_bytes(images, "images")


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.array([3, 10]), ["3", "10"]),
        (np.array([[3], [10]]), ["3", "10"]),
        (np.array([3.0, 10.0]), ["3", "10"]),
        (np.array([[0, 1], [1, 0]]), ["1", "0"]),
        (np.array(["cat", "dog"]), ["cat", "dog"]),
        (np.array([b"cat", b"dog"]), ["cat", "dog"]),
    ],
)
def test_labels_become_names(labels, names):
    assert to_names(labels, "labels") == names


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        (np.array([0.5, 1.0]), "fractions"),
        (np.array([[1, 1], [1, 0]]), "exactly one label"),
        (np.zeros((2, 2, 2)), "shape"),
    ],
)
def test_other_labels_are_refused(labels, problem):
    with pytest.raises(DataError, match=problem):
        to_names(labels, "labels")


LABELS = np.array([0, 1, 2, 1, 0])


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["images", "labels"], 1),
        (["x", "y"], 1),
        (["x_train", "y_train", "x_test", "y_test"], 2),
        (
            [
                f"{s}_{k}"
                for s in ("train", "val", "test")
                for k in ("images", "labels")
            ],
            3,
        ),
    ],
)
def test_the_usual_names_are_known(tmp_path, names, splits):
    arrays = (BYTES, LABELS) * splits
    np.savez(tmp_path / "a.npz", **dict(zip(names, arrays, strict=True)))
    source = find_npz(tmp_path / "a.npz")
    raw = source.load()
    assert source.name == "a"
    assert raw.classes == ("0", "1", "2")
    assert sum(part is not None for part in (raw.train, raw.val, raw.test)) == splits


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"a": BYTES}, "a.npz holds a"),
        ({"images": BYTES, "labels": LABELS[:4]}, "5 images but 4 labels"),
        ({"images": BYTES, "labels": np.array([{}] * 5)}, "cannot read"),
    ],
)
def test_other_files_are_refused(tmp_path, arrays, problem):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=problem):
        find_npz(tmp_path / "a.npz").load()


def test_a_file_that_is_no_npz_is_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK hello")
    with pytest.raises(DataError, match="cannot read"):
        find_npz(tmp_path / "a.npz").load()
