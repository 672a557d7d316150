"""A network is scored on other data: in whatever form, honestly, and readably."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CLASSES = ("across", "upright")


@pytest.fixture
def evaluate(run, kept):
    """Run `autocnn evaluate` with the kept network."""
    return lambda *words: run("evaluate", *words, "--model", kept)


def picture(seed, name):
    """New stripes, as those that the network has learned, under other noise."""
    random = np.random.default_rng([7, seed])
    lines = (np.arange(8) + seed % 4) // 2 % 2 * 120 + 60
    pixels = np.tile(lines[:, None], (1, 8)) + random.integers(-30, 31, (8, 8))
    return (pixels if name == "across" else pixels.T).astype(np.uint8)


@pytest.fixture
def fresh(here):
    """A folder of 20 images a class that the network has not seen."""
    for name in CLASSES:
        (here / "fresh" / name).mkdir(parents=True)
        for number in range(20):
            image = Image.fromarray(np.ascontiguousarray(picture(number, name)))
            image.save(here / "fresh" / name / f"{number}.png")
    return here / "fresh"


def as_json(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_folder_csv_and_npz_give_the_same(evaluate, fresh):
    found = as_json(evaluate(fresh, "--format", "json"))
    assert found["accuracy"] > 0.9
    low, high = found["interval"]
    assert 0 < low < found["accuracy"] <= high <= 1
    assert found["images"] == 40
    assert [each["name"] for each in found["classes"]] == list(CLASSES)
    assert np.sum(found["confusion"]) == 40
    assert found["top5_accuracy"] is None
    assert (found["seen"], found["sealed"], found["unreadable"]) == (0, 0, [])
    paths = sorted(fresh.rglob("*.png"), reverse=True)
    Path("list.csv").write_text("".join(f"{p},{p.parent.name}\n" for p in paths))
    pixels = np.stack([np.asarray(Image.open(path)) for path in paths])
    np.savez("set.npz", images=pixels, labels=[path.parent.name for path in paths])
    for other in ("list.csv", "set.npz"):
        same = as_json(evaluate(other, "--format", "json"))
        assert same["confusion"] == found["confusion"]
        for key in ("accuracy", "loss", "calibration_error"):
            assert same[key] == pytest.approx(found[key]), key


def test_the_table_is_for_people(evaluate, fresh):
    ran = evaluate(fresh)
    assert ran.code == 0, ran.err
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0] == ["class", "images", "precision", "recall", "f1"]
    assert lines[1][:2] == ["across", "20"]
    assert ["is", "\\", "said", "to", "be", "a", "b"] in lines
    assert "% on 40 images (95 %: " in ran.out
    assert "calibration error" in ran.out
    cells = list(csv.DictReader(io.StringIO(evaluate(fresh, "--format", "csv").out)))
    assert [cell["class"] for cell in cells] == list(CLASSES)
    assert float(cells[0]["recall"]) > 0.8


def test_mistakes_have_the_names_of_their_files_or_places(evaluate, fresh):
    wrong = Path("wrong")
    for name, other in zip(CLASSES, reversed(CLASSES), strict=True):
        shutil.copytree(fresh / name, wrong / other)
    found = as_json(evaluate(wrong, "--format", "json"))
    assert found["accuracy"] < 0.1
    assert found["calibration_error"] > 0.5
    assert len(found["mistakes"]) == 10
    worst = found["mistakes"][0]
    assert Path(worst["image"]).parent.name == worst["truth"] != worst["label"]
    assert Path(worst["image"]).is_file()
    probabilities = [each["probability"] for each in found["mistakes"]]
    assert probabilities == sorted(probabilities, reverse=True)
    table = evaluate(wrong).out
    assert "most confident mistakes" in table
    assert "too sure of itself" in table
    images = np.stack([picture(n, "across") for n in range(8)])
    np.savez("lies.npz", x_train=images, y_train=["upright"] * 8,
             x_test=images[:2], y_test=["upright"] * 2)  # fmt: skip
    found = as_json(evaluate("lies.npz", "--format", "json"))
    names = {each["image"] for each in found["mistakes"]}
    assert names == {*(f"train[{n}]" for n in range(8)), "test[0]", "test[1]"}


def test_a_test_set_is_opened_once_and_then_told_by_the_record(
    run, here, image_folder, kept
):
    shutil.copytree(kept, "mine")
    words = ("evaluate", "--model", "mine", "--format", "json")
    first = run(*words)
    found = as_json(first)
    assert (found["images"], found["set"]) == (18, "sealed test set")
    assert "is open now" in first.err
    card = json.loads(Path("mine/card.json").read_text())
    assert card["test_accuracy"] == found["accuracy"]
    # Its own data, in whatever form, are told the same.
    paths = sorted(image_folder.rglob("*.png"))
    Path("own.csv").write_text("".join(f"{p},{p.parent.name}\n" for p in paths))
    for data in ((), (image_folder,), ("own.csv",)):
        again = run(*words, *data)
        assert as_json(again) == found
        assert "was opened on 20" in again.err
    assert as_json(run(*words, "--again"))["confusion"] == found["confusion"]


def test_a_study_counts_the_openings_of_its_test_set(run, here, image_folder):
    words = ("--space", "small.toml", "--epochs", 2, "--jobs", 1)
    assert run("search", image_folder, "--trials", 2, *words).code == 0
    assert run("evaluate").code == 0
    best = Path("studies/stripes/best")
    # Another network leads now.
    (lead,) = {json.loads((best / "card.json").read_text())["trial"]}
    shutil.rmtree(best)
    shutil.copytree(f"studies/stripes/networks/{1 - lead}", best)
    other = run("evaluate", "--format", "json")
    assert (other.code, other.out) == (2, "")
    assert f"for that of trial {lead}" in other.err
    assert "notes that the seal was broken" in other.err
    more = run("evaluate", "--again")
    assert more.code == 0
    assert "opened 2 times: it is no longer sealed" in more.out
    assert "opened again, so no longer sealed" in run("leaderboard").err
    Path("studies/stripes/test.json").unlink()
    Path("studies/stripes/test-2.json").unlink()
    lost = run("evaluate")
    assert (lost.code, lost.out) == (2, "")
    assert "--again" in lost.err


def test_images_it_has_learned_from_are_told_and_sealed_ones_left_out(
    evaluate, fresh, image_folder, cache, kept
):
    card = json.loads((kept / "card.json").read_text())
    data, *_ = (cache / "data").glob(f"*{card['data']['fingerprint'][:12]}")
    for split, count in (("search", 5), ("test", 3)):
        pixels = np.load(data / f"{split}-pixels.npy")
        labels = np.load(data / f"{split}-labels.npy")
        for number in range(count):
            name = CLASSES[labels[number]]
            image = Image.fromarray(pixels[number, ..., 0])
            image.save(fresh / name / f"{split}{number}.png")
    found = as_json(evaluate(fresh, "--format", "json"))
    assert (found["images"], found["seen"], found["sealed"]) == (45, 5, 3)
    assert found["unseen_accuracy"] > 0.9
    assert len(found["unseen_interval"]) == 2
    told = evaluate(fresh, "--format", "json").err
    assert "5 of the 45 images it has learned from or was chosen by" in told
    assert "3 images of its sealed test set left out" in told


def test_without_its_data_it_is_said_that_nothing_is_known(
    evaluate, fresh, monkeypatch
):
    monkeypatch.setenv("AUTOCNN_CACHE", "elsewhere")
    ran = evaluate(fresh, "--format", "json")
    assert as_json(ran)["seen"] is None
    assert "is not known" in ran.err


def test_classes_are_matched_by_name_and_some_may_be_missing(evaluate, here):
    images = np.stack([picture(n, "upright") for n in range(6)])
    np.savez("one.npz", images=images, labels=["upright"] * 6)
    ran = evaluate("one.npz", "--format", "json")
    found = as_json(ran)
    assert found["accuracy"] > 0.8
    assert found["missing"] == ["across"]
    assert found["classes"][0]["recall"] is None
    assert "no image is of class 'across'" in ran.err


def test_classes_that_the_network_does_not_know_are_named(evaluate, here):
    images = np.stack([picture(n, "upright") for n in range(6)])
    np.savez("odd.npz", images=images, labels=["upright", "acros", "zebra"] * 2)
    ran = evaluate("odd.npz")
    assert (ran.code, ran.out) == (5, "")
    assert "does not know: 'acros', 'zebra'" in ran.err
    assert "hint: 'acros': did you mean 'across'?" in ran.err
    np.savez("odd.npz", images=images, labels=[7, 8, 9] * 2)
    assert "hint: it tells apart 'across', 'upright'" in evaluate("odd.npz").err


def test_files_that_cannot_be_read_are_told(evaluate, fresh):
    (fresh / "across" / "broken.png").write_bytes(b"no picture")
    ran = evaluate(fresh, "--format", "json")
    (problem,) = as_json(ran)["unreadable"]
    assert "broken.png: it is not an image" in problem
    assert f"1 file left out: {problem}" in ran.err
    for path in fresh.rglob("*.png"):
        path.write_bytes(b"no picture")
    ran = evaluate(fresh)
    assert ran.code == 5
    assert "none of 41 images" in ran.err
