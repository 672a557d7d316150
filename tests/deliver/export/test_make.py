"""An export is checked against its original, and is there as a whole or not at all."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from autocnn.deliver.export import make
from autocnn.deliver.export.check import Sample, difference, sample
from autocnn.deliver.export.formats import FORMATS
from autocnn.deliver.predict import load
from autocnn.errors import AutocnnError, DataError, RequestError


@pytest.fixture
def images(pixels):
    return Sample(pixels, "tiny images")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_agrees_with_the_original_and_says_so(
    network, images, name, tmp_path
):
    folder = tmp_path / "made" / "here"
    card = make.export(network, name, folder, images)
    assert json.loads((folder / "card.json").read_text()) == card
    said = card["export"]
    assert said["format"] == name
    shape = ["N", 1, 8, 8] if name == "safetensors" else ["N", 8, 8, 1]
    assert said["input"]["shape"] == shape
    assert said["checked"]["images"] == len(images.pixels)
    assert said["checked"]["on"] == "tiny images"
    assert 0 <= said["checked"]["max_difference"] <= 1e-4
    assert card["classes"] == network.classes
    assert card["preprocessing"] == network.card["preprocessing"]
    found = {path.name for path in folder.iterdir()} - {"card.json"}
    assert found == set(said["files"])
    for file, digest in said["files"].items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest
    assert [path.name for path in folder.parent.iterdir()] == ["here"]


@pytest.fixture
def wrong(monkeypatch):
    """Make the safetensors format write a bias that is a little too large."""

    def write(network, folder):
        said = FORMATS["safetensors"].write(network, folder)
        weights = load_file(folder / "model.safetensors")
        weights["12.bias"] += 0.001
        save_file(weights, folder / "model.safetensors")
        return said

    row = dataclasses.replace(FORMATS["safetensors"], write=write)
    monkeypatch.setattr(make, "FORMATS", {**FORMATS, "safetensors": row})


def test_an_export_that_differs_is_not_put_in_place(network, images, tmp_path, wrong):
    with pytest.raises(AutocnnError, match="differ from the original's") as caught:
        make.export(network, "safetensors", tmp_path / "new", images)
    assert caught.value.exit_code == 1
    assert f"on {images}, more than 0.0001" in caught.value.problem
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_leaves_the_one_before(
    network, images, tmp_path, monkeypatch, wrong
):
    folder = tmp_path / "export"
    make.export(network, "python", folder, images)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(AutocnnError):
        make.export(network, "safetensors", folder, images)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_earlier_export_is_replaced(network, images, tmp_path):
    folder = tmp_path / "export"
    make.export(network, "python", folder, images)
    make.export(network, "safetensors", folder, images)
    assert {path.name for path in folder.iterdir()} == {
        "card.json",
        "model.safetensors",
        "recipe.toml",
    }


def edit(folder):
    (folder / "recipe.toml").write_text("edited")


def add(folder):
    (folder / "trained.safetensors").write_text("mine")


@pytest.mark.parametrize(
    ("change", "name"), [(edit, "recipe.toml"), (add, "trained.safetensors")]
)
def test_what_someone_changed_or_added_is_not_overwritten(
    network, images, tmp_path, change, name
):
    folder = tmp_path / "export"
    make.export(network, "safetensors", folder, images)
    change(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(RequestError, match=f"no export wrote: {name}") as caught:
        make.export(network, "safetensors", folder, images)
    assert "--output" in caught.value.hint
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_other_folders_and_files_are_refused(network, images, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    for target, problem in (
        (tmp_path, "holds other files than an export"),
        (tmp_path / "file", "is a file"),
        (tmp_path / "file" / "below", "cannot write"),
    ):
        with pytest.raises(AutocnnError, match=problem):
            make.export(network, "safetensors", target, images)
    empty = tmp_path / "empty"
    empty.mkdir()
    make.export(network, "safetensors", empty, images)
    monkeypatch.chdir(empty)
    with pytest.raises(RequestError, match="a folder of its own"):
        make.export(network, "safetensors", empty, images)


def test_an_unknown_format_is_answered_with_the_nearest(network, images, tmp_path):
    with pytest.raises(RequestError) as caught:
        make.export(network, "onx", tmp_path / "new", images)
    assert caught.value.hint == "did you mean 'onnx'?"


def test_the_difference_is_the_largest_of_all_images(network, pixels):
    def shifted(some):
        logits = network.logits(some).numpy()
        logits[(some == pixels[-1]).all((1, 2, 3)), 1] += 0.5
        return logits

    assert difference(network, shifted, pixels) == pytest.approx(0.5)
    assert difference(network, shifted, pixels[:-1]) < 1e-6


def test_what_is_not_a_number_differs_infinitely(network, pixels):
    assert difference(
        network, lambda some: np.full((len(some), 3), np.nan), pixels
    ) == (np.inf)


def test_a_check_takes_single_images_and_batches(network, pixels):
    sizes = []

    def run(some):
        sizes.append(len(some))
        return network.logits(some).numpy()

    difference(network, run, np.concatenate([pixels] * 4)[:600])
    assert sizes == [1, 256, 256, 87]


@pytest.fixture
def cached(tiny_data, monkeypatch):
    """Let the tiny data's cache be the user's."""
    monkeypatch.setenv("AUTOCNN_CACHE", str(tiny_data.folder.parent.parent))


def test_the_studys_images_are_taken_but_no_test_image(cached, network, pixels):
    taken = sample(network.card)
    assert str(taken) == f"{len(pixels)} training and validation images of tiny"
    assert np.array_equal(taken.pixels, pixels)


def test_images_can_be_named(network, tmp_path, pixels):

    (tmp_path / "inner").mkdir()
    Image.fromarray(pixels[0, ..., 0]).save(tmp_path / "inner" / "a.png")
    Image.fromarray(pixels[1, ..., 0]).save(tmp_path / "b.png")
    (tmp_path / "notes.txt").write_text("no image")
    taken = sample(network.card, tmp_path)
    assert str(taken) == f"2 images of {tmp_path}"
    assert np.array_equal(taken.pixels, pixels[[1, 0]])
    assert len(sample(network.card, tmp_path / "b.png").pixels) == 1
    with pytest.raises(DataError, match="holds no image"):
        sample(network.card, tmp_path / "notes.txt")


def test_without_images_random_pixels_are_taken_and_that_is_said(
    network, tmp_path, monkeypatch
):
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path))
    taken = sample(network.card)
    assert taken.pixels.shape == (1000, 8, 8, 1)
    assert "images of random pixels: tiny is not prepared" in str(taken)


def test_an_export_of_weights_is_a_kept_network(network, images, tmp_path):
    make.export(network, "safetensors", tmp_path / "new", images)
    again = load(tmp_path / "new", torch.device("cpu"))
    assert again.recipe == network.recipe
