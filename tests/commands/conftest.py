"""The command line, run in this process, in a folder of its own."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autocnn.cli import main

SPACE = """
[space]
stages = 2
convs_per_stage = 1
width = [8, 16]
kernel = 3
block = "plain"
norm = "batch_norm"
optimizer = ["sgd", "adamw"]
batch_size = 16
augmentation = "none"
"""


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real PNG files of two classes, horizontal and vertical stripes under noise."""
    folder = tmp_path_factory.mktemp("images") / "stripes"
    random = np.random.default_rng(0)
    for name in ("across", "upright"):
        (folder / name).mkdir(parents=True)
        for number in range(60):
            lines = (np.arange(8) + random.integers(4)) // 2 % 2 * 120 + 60
            pixels = np.tile(lines[:, None], (1, 8)) + random.integers(-30, 31, (8, 8))
            pixels = pixels if name == "across" else pixels.T
            picture = Image.fromarray(np.ascontiguousarray(pixels).astype(np.uint8))
            picture.save(folder / name / f"{number}.png")
    return folder


RECIPE = """
layers = ["conv 8 bias=false", "batch_norm", "relu", "max_pool 2", "flatten"]
[train]
optimizer = "adam"
learning_rate = 0.01
batch_size = 16
epochs = 6
"""


@pytest.fixture(scope="session")
def kept(
    image_folder: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a network that has learned the striped images."""
    place = tmp_path_factory.mktemp("kept")
    (place / "stripes.toml").write_text(RECIPE)
    words = ["train", "stripes.toml", str(image_folder), "--output", "network"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("AUTOCNN_CACHE", str(cache))
        patch.setattr(sys, "argv", ["autocnn", *words])
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code
    return place / "network"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """An empty current folder, with a space file in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOCNN_CACHE", str(cache))
    (tmp_path / "small.toml").write_text(SPACE)
    return tmp_path


@pytest.fixture
def run(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run ``autocnn WORDS...`` and hand back its exit code and output."""

    def run(*words: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["autocnn", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return Ran(int(left.value.code or 0), captured.out, captured.err)

    return run
