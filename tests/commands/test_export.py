"""autocnn export: from a study's kept network to a folder that runs elsewhere."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autocnn.data.cache import open_search_images
from autocnn.deliver.export.formats import FORMATS


@pytest.fixture(scope="module")
def kept(keep):
    return keep(epochs=6)


@pytest.fixture
def export(run, kept, make_curves, tmp_path):
    """Run ``autocnn export`` beside a study whose best network is trial 4's."""
    make_curves(6)
    shutil.copytree(kept, tmp_path / "tiny" / "best")
    return lambda *words: run("export", *words, "--storage", "autocnn.db")


@pytest.fixture
def cached(monkeypatch, tiny_data):
    """Let the images' cache be the user's."""
    monkeypatch.setenv("AUTOCNN_CACHE", str(tiny_data.folder.parent.parent))


def test_help_lists_every_format(run):
    out = run("export", "--help").out
    for name, row in FORMATS.items():
        assert f"  {name} " in out
        assert row.about.split()[0] in out


def test_the_best_network_is_exported_and_checked(export, cached, tiny_data):
    ran = export("--format", "onnx", "--output", "out/onnx")
    assert ran.code == 0, ran.err
    assert f"{Path('out/onnx/model.onnx')}  (" in ran.out
    assert "opset 18; uint8 pixels (N, 8, 8, 1) to float32 logits (N, 3)" in ran.out
    count = tiny_data.info.search_images
    said = f"checked on {count} training and validation images of tiny: logits differ"
    assert said in ran.out
    card = json.loads(Path("out/onnx/card.json").read_text())
    assert card["trial"] == 4
    assert card["export"]["checked"]["max_difference"] <= 1e-4


def test_a_trials_network_is_exported_by_its_number(
    export, run, tiny_data, monkeypatch
):
    monkeypatch.setenv("AUTOCNN_CACHE", "empty")
    ran = export(4, "--format", "safetensors")
    assert ran.code == 0, ran.err
    assert "checked on 1,000 images of random pixels: tiny is not prepared" in ran.out
    images, _ = open_search_images(tiny_data.folder)
    Image.fromarray(np.array(images.pixels[0, ..., 0])).save("one.png")
    assert run("predict", "one.png", "--model", "tiny-4-safetensors").code == 0


def test_a_network_is_exported_without_a_study(run, kept, image_folder):
    shutil.copytree(kept, "mine")
    words = ("--format", "python", "--model", "mine", "--check", image_folder)
    ran = run("export", *words)
    assert ran.code == 0, ran.err
    assert f"checked on 120 images of {image_folder}" in ran.out
    assert (Path("mine-python") / "model.py").exists()


def test_what_cannot_be_exported_is_told_with_the_way_out(export, run, image_folder):
    other = export(5, "--format", "python")
    assert other.code == 4
    assert "the network of trial 5 was not kept" in other.err
    assert "autocnn train 5 --study tiny" in other.err
    assert export(9, "--format", "python").code == 2
    unknown = export("--format", "onx")
    assert unknown.code == 2
    assert "did you mean 'onnx'?" in unknown.err
    assert "'--format'" in run("export").err
    assert export("--format", "python", "--model", "nowhere").code == 4
    both = export(4, "--format", "python", "--model", "nowhere")
    assert both.code == 2
    assert "are two networks" in both.err
    assert export("--format", "python", "--check", "nowhere").code == 2
    shutil.copytree(image_folder, "taken")
    taken = export("--format", "python", "--output", "taken")
    assert taken.code == 2
    assert "taken holds other files than an export" in taken.err
