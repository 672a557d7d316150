"""The data sets that torchvision reads, from made files and without a network."""

import gzip
import os
import urllib.error

import numpy as np
import pytest
from torchvision import datasets

from autocnn.data.datasets import DATASETS
from autocnn.data.packaged import MNIST_FILES, Package, find_packaged
from autocnn.errors import DataError

EMNIST_FILES = [
    "emnist-balanced-" + name.replace("t10k", "test") for name in MNIST_FILES
]


def idx(values):
    """Write an array of bytes in MNIST's own format."""
    header = bytes([0, 0, 8, values.ndim])
    sizes = np.array(values.shape, dtype=">i4").tobytes()
    return header + sizes + values.tobytes()


def write_idx(folder, names=MNIST_FILES, packed=False):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    arrays = []
    for name, images in zip(names, (20, 20, 10, 10), strict=True):
        shape = (images, 28, 28) if "images" in name else (images,)
        values = random.integers(0, 10, shape, dtype=np.uint8)
        arrays.append(values)
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(values)))
        else:
            (folder / name).write_bytes(idx(values))
    return arrays


def assert_each_counts(folder, find):
    """The manifest changes whichever of the four files does."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 4
    seen = {find().manifest}
    for path in files:
        os.utime(path, ns=(1, 1))
        seen.add(find().manifest)
    assert len(seen) == 5


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist"])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_are_read_where_they_lie(tmp_path, name, packed):
    arrays = write_idx(tmp_path, packed=packed)
    source = DATASETS[name].find(name, tmp_path)
    raw = source.load()
    assert_each_counts(tmp_path, lambda: DATASETS[name].find(name, tmp_path))
    assert len(raw.classes) == 10
    assert np.array_equal(raw.train.pixels[..., 0], arrays[0])
    assert np.array_equal(raw.test.labels, arrays[3])


@pytest.mark.parametrize(
    ("name", "folder"), [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")]
)
def test_the_files_torchvision_left_are_read(tmp_path, name, folder):
    arrays = write_idx(tmp_path / folder / "raw")
    source = DATASETS[name].find(name, tmp_path)
    assert np.array_equal(source.load().test.pixels[..., 0], arrays[2])
    assert_each_counts(tmp_path, lambda: DATASETS[name].find(name, tmp_path))


def test_emnist_is_turned_upright(tmp_path):
    arrays = write_idx(tmp_path, EMNIST_FILES)
    raw = DATASETS["emnist"].find("emnist", tmp_path).load()
    assert len(raw.classes) == 47
    assert np.array_equal(raw.train.pixels[0, ..., 0], arrays[0][0].T)


def test_emnist_has_the_classes_of_torchvision(tmp_path):
    write_idx(tmp_path, EMNIST_FILES)
    raw = DATASETS["emnist"].find("emnist", tmp_path).load()
    theirs = datasets.EMNIST.classes_split_dict["balanced"]
    assert list(raw.classes) == theirs


def test_a_damaged_idx_file_is_named(tmp_path):
    write_idx(tmp_path, packed=True)
    path = tmp_path / f"{MNIST_FILES[0]}.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"cannot read .*train-images"):
        DATASETS["mnist"].find("mnist", tmp_path).load()


def test_class_folders_stand_in_for_torchvisions_files(make_folder):
    counts = {f"{split}/{name}": 3 for split in ("train", "test") for name in "ab"}
    folder = make_folder(counts)
    source = DATASETS["cifar10"].find("cifar10", folder)
    assert source.name == source.source == "cifar10"
    assert source.load().classes == ("a", "b")


PACKAGED = [name for name in DATASETS if name != "digits"]


def fail(*args, **kwargs):
    raise urllib.error.URLError("Name or service not known")


@pytest.mark.parametrize("name", PACKAGED)
def test_a_data_set_that_cannot_be_fetched_says_what_it_looked_for(
    tmp_path, monkeypatch, capsys, name
):
    monkeypatch.setattr("urllib.request.urlopen", fail)
    source = DATASETS[name].find(name, tmp_path / "sets")
    assert source.manifest == ""
    with pytest.raises(DataError) as caught:
        source.load()
    assert caught.value.exit_code == 5
    assert f"{name} is not in {tmp_path / 'sets'}" in caught.value.problem
    assert "\n" not in caught.value.problem
    assert "--data-dir" in caught.value.hint
    assert capsys.readouterr().out == ""


class Reader:
    """Stands for a torchvision class whose files have to be fetched."""

    fetched = 0

    def __init__(self, folder, *, train, download):
        if not download and not Reader.fetched:
            raise RuntimeError("Dataset not found.")
        if download:
            print("Downloading")  # noqa: T201 - as torchvision does
            Reader.fetched += 1
        self.data = np.zeros((4, 8, 8, 3), dtype=np.uint8)
        self.targets = [0, 1, 0, 1]
        self.classes = ["a", "b"]


def test_a_missing_data_set_is_fetched_once_with_a_clean_stdout(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(datasets, "Reader", Reader, raising=False)
    package = Package(reader="Reader", files="none")
    raw = find_packaged(package, "made", tmp_path / "sets").load()
    assert raw.classes == ("a", "b")
    assert Reader.fetched == 1
    assert capsys.readouterr().out == ""


def test_svhn_and_stl10_are_put_in_order(tmp_path, monkeypatch):
    class ChannelsFirst:
        def __init__(self, folder, *, split, download):
            self.data = np.zeros((4, 3, 8, 8), dtype=np.uint8)
            self.labels = np.array([0, 1, 2, 3])

    monkeypatch.setattr(datasets, "SVHN", ChannelsFirst)
    raw = DATASETS["svhn"].find("svhn", tmp_path).load()
    assert raw.train.pixels.shape == (4, 8, 8, 3)
    assert raw.classes[3] == "3"
