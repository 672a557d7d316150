"""Images are labeled: in every form, as they come, whatever their files are called."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autocnn.commands.progress import later
from autocnn.data import streaming


@pytest.fixture
def predict(run, kept):
    """Run `autocnn predict` with the kept network."""
    return lambda *words: run("predict", "--model", kept, *words)


def standard_input(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_every_form_says_the_same(predict, image_folder):
    pictures = image_folder / "across" / "?.png"
    rows = json.loads(predict(pictures, "--format", "json").out)
    assert [Path(row["image"]).name for row in rows] == [f"{n}.png" for n in range(10)]
    for row in rows:
        assert row["label"] == "across"
        assert row["probability"] == max(row["probabilities"].values()) > 0.5
        assert list(row["probabilities"]) == ["across", "upright"]
        assert sum(row["probabilities"].values()) == pytest.approx(1)
    lines = predict(pictures, "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == rows
    cells = list(csv.DictReader(io.StringIO(predict(pictures, "--format", "csv").out)))
    assert list(cells[0]) == [
        "image", "label", "probability", "label_2", "probability_2", "error"
    ]  # fmt: skip
    for row, cell in zip(rows, cells, strict=True):
        assert cell["label"] == row["label"]
        assert float(cell["probability"]) == row["probability"]
        assert float(cell["probability_2"]) == row["probabilities"][cell["label_2"]]
    table = predict(pictures)
    head, first, *_ = table.out.splitlines()
    assert head.split() == ["image", "label", "probability", "then"]
    assert "upright" in first
    assert table.err == ""
    assert "then" not in predict(pictures, "--top", 1).out


def test_a_batch_is_written_before_the_next_is_labeled(
    predict, image_folder, monkeypatch
):
    from autocnn.deliver import labels

    written, label = [], labels._label

    def labeling(*arguments):
        written.append(sys.stdout.getvalue().count("\n"))
        return label(*arguments)

    monkeypatch.setattr(streaming, "BATCH", 4)
    monkeypatch.setattr(labels, "_label", labeling)
    ten = image_folder / "across" / "?.png"
    assert predict(ten, "--format", "jsonl").code == 0
    assert predict(ten, "--format", "csv").code == 0
    assert written == [0, 4, 8, 1, 5, 9]


def test_the_same_file_is_labeled_once_and_a_folder_whole(predict, image_folder):
    picture = image_folder / "upright" / "3.png"
    ran = predict(picture, image_folder, picture, "--format", "jsonl")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert len(rows) == 120
    assert rows[0]["image"] == str(picture)


def test_paths_are_read_from_standard_input(predict, image_folder, monkeypatch):
    names = [str(image_folder / "across" / f"{n}.png") for n in range(3)]
    for text in ("\n".join(names), "\0".join(names)):
        standard_input(monkeypatch, text.encode())
        rows = json.loads(predict("-", "--format", "json").out)
        assert [row["image"] for row in rows] == names
    standard_input(monkeypatch, b"")
    ran = predict("-")
    assert (ran.code, ran.out) == (5, "")
    assert "no image is named" in ran.err


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_what_cannot_be_read_is_told_and_does_not_stop_the_rest(
    predict, here, image_folder, form
):
    Path("broken.png").write_bytes(b"no picture")
    Path("empty").mkdir()
    good = image_folder / "across" / "0.png"
    words = ("gone.png", "broken.png", good, "empty", "*.gif", "--format", form)
    ran = predict(*words)
    assert ran.code == 0
    problems = (
        "cannot read gone.png: no such file",
        "cannot read broken.png: it is not an image of a known format",
        "empty holds no images",
        "no file matches *.gif",
    )
    for problem in problems:
        assert f"skipped: {problem}\n" in ran.err
        assert (problem in ran.out) == (form != "table")
    assert "0.png" in ran.out
    nothing = predict("gone.png", "broken.png", "--format", form)
    assert nothing.code == 5
    assert "error: none of 2 images could be read\n  hint: " in nothing.err
    if form == "json":
        assert [row["label"] for row in json.loads(nothing.out)] == [None, None]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_text_are_written_so_that_they_can_be_read_back(
    predict, here, image_folder
):
    name = os.fsdecode(b"caf\xe9 [red].png")
    shutil.copy(image_folder / "across" / "0.png", name)
    (row,) = json.loads(predict(name, "--format", "json").out)
    assert row["image"] == name
    assert json.loads(predict(name, "--format", "jsonl").out)["image"] == name
    for form in ("csv", "table"):
        ran = predict(name, "--format", form)
        assert ran.code == 0, ran.err
        assert "caf\\udce9 [red].png" in ran.out


def test_a_reader_that_leaves_is_no_error(kept, image_folder):
    command = [sys.executable, "-m", "autocnn", "predict", str(image_folder)]
    command += ["--model", str(kept), "--format", "jsonl"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0


@pytest.mark.parametrize("terminal", [False, True])
def test_long_work_is_told_on_standard_error_alone(
    predict, image_folder, monkeypatch, terminal
):
    from autocnn.commands import progress

    monkeypatch.setattr(progress, "later", lambda show: show)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setenv("TERM", "xterm")
    for form, lines in (("jsonl", 120), ("table", 121)):
        ran = predict(image_folder, "--format", form)
        assert "labeling" in ran.err
        assert len(ran.out.splitlines()) == lines


def test_work_of_a_moment_shows_no_progress():
    shown = []

    def show(*progress):
        shown.append(progress)

    later(show, seconds=100)("labeling", 1, 2)
    assert shown == []
    at_once = later(show, seconds=0)
    at_once("labeling", 1, 2)
    at_once("labeling", 2, 2)
    assert shown == [("labeling", 1, 2)]


def test_a_network_that_is_not_there_is_an_error_before_anything_is_read(run, here):
    ran = run("predict", "x.png", "--model", "nowhere")
    assert ran.code == 4
    assert "nowhere holds no trained network" in ran.err


def test_labels_are_those_of_the_network_itself(kept, image_folder):
    import torch

    from autocnn.data.decode import decode
    from autocnn.deliver.labels import predict
    from autocnn.deliver.predict import load

    network = load(kept, torch.device("cpu"))
    files = [str(image_folder / "across" / f"{n}.png") for n in range(7)]
    pixels = np.stack([decode(file, 8, 8, 1) for file in files])
    (batch,) = predict(network, files, top=2)
    expected = network.probabilities(pixels)[:, 0]
    found = [each.probabilities["across"] for each in batch]
    assert found == pytest.approx(expected.tolist())
