"""Names and paths lead to data sets, and unknown ones to advice."""

import os

import numpy as np
import pytest

from autocnn.data.datasets import DATASETS, find
from autocnn.errors import DataError, RequestError


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_describes_itself_and_is_found(tmp_path, name):
    assert "classes" in DATASETS[name].about
    source = find(name, tmp_path)
    assert source.name == source.source == name


def test_digits_fill_the_range_of_bytes(tmp_path):
    raw = find("digits", tmp_path).load()
    assert raw.train.pixels.shape == (1797, 8, 8, 1)
    assert (raw.train.pixels.min(), raw.train.pixels.max()) == (0, 255)
    assert raw.classes == tuple("0123456789")


def test_a_folder_is_found_from_here_and_named_in_full(make_folder, monkeypatch):
    folder = make_folder({"a": 1, "b": 1})
    monkeypatch.chdir(folder.parent)
    source = find("pets", folder)
    assert (source.name, source.source) == ("pets", str(folder))


def test_a_folder_with_a_train_table_is_a_table(tmp_path, save_noise):
    save_noise(tmp_path / "x" / "0.png", 0)
    (tmp_path / "train.csv").write_text("x/0.png,cat\n")
    assert find(str(tmp_path), tmp_path).load().classes == ("cat",)


def test_an_npz_file_is_found(tmp_path):
    np.savez(tmp_path / "set.npz", images=np.zeros((2, 4, 4)), labels=[0, 1])
    assert find(str(tmp_path / "set.npz"), tmp_path).name == "set"


def test_a_misspelled_name_is_a_request_error_with_the_nearest(tmp_path):
    with pytest.raises(RequestError, match="no data set called 'cifr10'") as caught:
        find("cifr10", tmp_path)
    assert "or a path" in caught.value.hint
    assert "'cifar10'" in caught.value.hint


@pytest.mark.parametrize("source", ["./gone", "gone/there", "gone.csv"])
def test_a_missing_path_is_a_data_error(tmp_path, source):
    with pytest.raises(DataError, match=r"no file or folder .*gone"):
        find(source, tmp_path)


def test_an_archive_is_refused(tmp_path):
    (tmp_path / "pets.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match="not a folder") as caught:
        find(str(tmp_path / "pets.zip"), tmp_path)
    assert "unpack" in caught.value.hint


@pytest.mark.parametrize("name", ["images.npz", "images.csv"])
def test_a_pipe_is_no_data_set_and_not_waited_for(name, tmp_path):
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match="is a pipe or a device"):
        find(str(tmp_path / name), tmp_path)


def test_a_name_that_is_too_long_for_a_file_names_nothing(tmp_path):
    with pytest.raises(RequestError, match="there is no data set called 'zzz"):
        find("z" * 5_000, tmp_path)
