"""CSV files: with and without titles, with siblings, and with mistakes."""

import numpy as np
import pytest

from autocnn.data.tables import find_csv
from autocnn.errors import DataError

LINES = ["a/0.png,cat", "a/1.png,cat", "b/0.png,dog"]


@pytest.fixture
def folder(make_folder):
    return make_folder({"a": 2, "b": 2})


def write(folder, lines, name="list.csv", end="\n", encoding="utf-8"):
    path = folder / name
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


@pytest.mark.parametrize(
    "header", [[], ["path,label"], ["Filename,Class"], ["image,label"]]
)
def test_a_table_is_read_with_or_without_titles(folder, header):
    raw = find_csv(write(folder, header + LINES)).load()
    assert raw.classes == ("cat", "dog")
    assert raw.train.labels.tolist() == [0, 0, 1]
    assert raw.train.paths[2] == str(folder / "b" / "0.png")


def test_columns_may_come_in_any_order_and_number(folder):
    lines = ["id,label,file", "1,cat,a/0.png", "2,dog,b/0.png"]
    assert find_csv(write(folder, lines)).load().classes == ("cat", "dog")


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_seen(folder, delimiter):
    lines = [line.replace(",", delimiter) for line in LINES]
    assert len(find_csv(write(folder, lines)).load().train.labels) == 3


def test_what_spreadsheets_write_is_read(folder):
    path = write(folder, ["path,label", *LINES], end="\r\n", encoding="utf-8-sig")
    assert find_csv(path).load().classes == ("cat", "dog")


def test_train_csv_brings_its_siblings(folder):
    path = write(folder, LINES, "train.csv")
    write(folder, LINES[:1], "val.csv")
    write(folder, ["b/1.png,dog"], "test.csv")
    source = find_csv(path)
    raw = source.load()
    assert source.name == "pets"
    assert np.array_equal(raw.val.labels, [0])
    assert np.array_equal(raw.test.labels, [1])


def test_a_test_table_without_labels_is_not_used(folder):
    path = write(folder, LINES, "train.csv")
    write(folder, ["path", "b/1.png"], "test.csv")
    raw = find_csv(path).load()
    assert raw.test is None
    assert raw.notes == ("test.csv has no label column and was not used.",)


def test_the_manifest_changes_with_a_label(folder):
    before = find_csv(write(folder, LINES)).manifest
    after = find_csv(write(folder, [*LINES[:2], "b/0.png,cow"])).manifest
    assert before != after


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "is empty"),
        (["path,label"], "lists no images"),
        (["path,size", "a/0.png,3"], "has no label column"),
        ([*LINES, "gone.png,cat"], r"1 of 4 lines .* not there: line 4: .*gone\.png"),
        ([*LINES, "a/0.png,"], r"1 of 4 lines .* lack .*: line 4: a/0\.png"),
        ([*LINES, "a/0.png"], "1 of 4 lines .* lack"),
        ([*LINES, "a,cat"], "not there"),
    ],
)
def test_mistakes_are_named_with_their_lines(folder, lines, problem):
    path = write(folder, lines) if lines else folder / "list.csv"
    path.touch()
    with pytest.raises(DataError, match=problem):
        find_csv(path)


@pytest.mark.parametrize("far", ["", "x" * 200_000])
def test_a_quote_that_is_not_closed_is_told_with_its_place(folder, far):
    path = write(folder, [LINES[0], '"a/0.png,cat', *LINES[1:], far])
    with pytest.raises(DataError, match=r"list\.csv after line 1: ") as told:
        find_csv(path)
    assert "close every quote" in told.value.hint
    assert len(str(told.value)) < 400


def test_other_encodings_are_refused(folder):
    path = write(folder, ["a/0.png,chaton é"], encoding="latin-1")
    with pytest.raises(DataError, match="not UTF-8"):
        find_csv(path)
