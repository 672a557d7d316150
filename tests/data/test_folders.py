"""Folders of images: classes, splits, and what is left out."""

import os

import numpy as np
import pytest

from autocnn.data.folders import find_folder
from autocnn.errors import DataError


def test_folders_are_classes_and_may_hold_folders(make_folder):
    raw = find_folder(make_folder({"cat/indoor": 2, "cat": 1, "dog": 3})).load()
    assert raw.classes == ("cat", "dog")
    assert np.bincount(raw.train.labels).tolist() == [3, 3]
    assert raw.val is None
    assert raw.test is None


@pytest.mark.parametrize("val", ["val", "valid", "validation"])
def test_folders_named_after_splits_are_splits(make_folder, val):
    counts = {f"{split}/{c}": 2 for split in ("Train", val, "test") for c in "ab"}
    raw = find_folder(make_folder(counts)).load()
    assert raw.classes == ("a", "b")
    assert [len(part.labels) for part in (raw.train, raw.val, raw.test)] == [4, 4, 4]


def test_a_class_may_be_called_train(make_folder):
    raw = find_folder(make_folder({"train": 3, "bus": 3})).load()
    assert raw.classes == ("bus", "train")


def test_numbered_classes_are_sorted_by_number(make_folder):
    raw = find_folder(make_folder({"10": 1, "9": 1, "other": 1})).load()
    assert raw.classes == ("9", "10", "other")


def test_system_and_hidden_files_are_ignored_silently(make_folder):
    folder = make_folder({"a": 2, "b": 2})
    for name in ("Thumbs.db", ".DS_Store", "a/.hidden.png", "b/desktop.ini"):
        (folder / name).write_bytes(b"x")
    raw = find_folder(folder).load()
    assert len(raw.train.labels) == 4
    assert raw.notes == ()


def test_files_that_are_no_images_by_name_are_left_out_with_a_note(make_folder):
    folder = make_folder({"a": 2, "b": 2})
    (folder / "a" / "notes.txt").write_text("hello")
    raw = find_folder(folder).load()
    assert raw.notes == ("1 file left out, not images by their names: .txt.",)


def test_images_beside_the_class_folders_are_left_out_with_a_note(make_folder):
    folder = make_folder({"train/a": 2, "train/b": 2, "test": 3})
    raw = find_folder(folder).load()
    assert raw.test is None
    assert raw.notes == ("3 images left out, outside of class folders.",)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_pipes_broken_links_and_loops_are_left_out(make_folder):
    folder = make_folder({"a": 2, "b": 2})
    os.mkfifo(folder / "a" / "pipe.png")
    (folder / "a" / "nowhere.png").symlink_to("gone.png")
    (folder / "b" / "loop").symlink_to("..")
    raw = find_folder(folder).load()
    assert len(raw.train.labels) == 4
    assert raw.notes == ("Pipes, devices and broken links left out: 3.",)


def test_a_linked_folder_is_followed(make_folder):
    folder = make_folder({"a": 2, "b": 2})
    elsewhere = make_folder({"": 3}, name="elsewhere")
    (folder / "c").symlink_to(elsewhere)
    assert find_folder(folder).load().classes == ("a", "b", "c")


def test_the_manifest_changes_when_a_file_changes(make_folder):
    folder = make_folder({"a": 2, "b": 2})
    before = find_folder(folder).manifest
    assert find_folder(folder).manifest == before
    os.utime(folder / "a" / "0.png", (1, 1))
    assert find_folder(folder).manifest != before


def refused(folder):
    with pytest.raises(DataError) as caught:
        find_folder(folder).load()
    assert caught.value.exit_code == 5
    return caught.value


def test_images_without_class_folders_are_refused(make_folder):
    error = refused(make_folder({"": 12}))
    assert "holds 12 images but no class folders" in error.problem


def test_an_empty_folder_is_refused(tmp_path):
    assert "holds no images" in refused(tmp_path).problem


def test_one_class_is_refused(make_folder):
    assert "only one class, 'a'" in refused(make_folder({"a": 3})).problem


def test_classes_one_folder_deeper_are_pointed_at(make_folder):
    error = refused(make_folder({"images/a": 3, "images/b": 3}))
    assert error.hint.endswith("images")


def test_empty_class_folders_are_named(make_folder):
    folder = make_folder({"train/a": 2, "train/b": 2, "test/a": 2})
    (folder / "train" / "c").mkdir()
    assert "without images: 'train/c'" in refused(folder).problem


def test_a_test_class_that_train_lacks_is_refused(make_folder):
    error = refused(make_folder({"train/a": 2, "train/b": 2, "test/c": 2}))
    assert "has 'c', which train has not" in error.problem


def test_a_train_class_that_test_lacks_is_noted(make_folder):
    raw = find_folder(make_folder({"train/a": 2, "train/b": 2, "test/a": 2})).load()
    assert raw.notes == ("The test split has no images of 'b'.",)
