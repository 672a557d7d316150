"""The exported folder is read, predicts and learns where there is no autocnn."""

import re
import runpy
import subprocess
import sys
from importlib.metadata import requires

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from autocnn.data.decode import decode
from autocnn.deliver.export import standalone
from autocnn.deliver.predict import load

PLAIN = {
    "optimizer": "rmsprop",
    "learning_rate": 2e-3,
    "schedule": "cosine",
    "epochs": 1,
}


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    standalone.write(network, folder)
    return folder


@pytest.fixture(scope="module")
def plain(keep, tmp_path_factory):
    """Of a recipe without any of what may be left out."""
    folder = tmp_path_factory.mktemp("plain")
    kept = keep(["conv 4", "relu", "flatten"], **PLAIN)
    standalone.write(load(kept, torch.device("cpu")), folder)
    return folder


@pytest.mark.parametrize("which", ["exported", "plain"])
def test_a_linter_and_a_formatter_find_nothing_to_change(which, request):
    folder = request.getfixturevalue(which)
    rules = "B,C4,D,E,F,I,N,PERF,PIE,PLE,PLW,RET,RUF,SIM,UP,W"
    options = ["--isolated", "--line-length=88", "--target-version=py311"]
    style = ["--config=lint.pydocstyle.convention='google'", f"--select={rules}"]
    style += ["--ignore=D105,D107,D415"]
    for words in (["check", *style], ["format", "--diff"]):
        command = [sys.executable, "-m", "ruff", *words, *options, "--no-cache", "."]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_file_speaks_of_autocnn_but_to_name_it(exported):
    for path in exported.glob("*.py"):
        assert "import autocnn" not in path.read_text()
        assert "from autocnn" not in path.read_text()


def test_model_py_needs_torch_alone_and_has_a_layer_a_line(exported, network):
    text = (exported / "model.py").read_text()
    imported = re.findall(r"^(?:from|import) ([\w.]+)", text, flags=re.MULTILINE)
    assert imported == ["torch", "torch"]
    net = text.partition("class Net(")[2]
    top = re.findall(r"^ {12}(?:nn\.)?(\w+)\(", net, flags=re.MULTILINE)
    assert top == [type(module).__name__ for module in network.net]
    assert "            nn.Linear(16, len(CLASSES)),  # (3,)" in text
    assert "            nn.BatchNorm2d(8, momentum=0.25),\n" in text
    assert text.count("class ") == 3  # Net, Residual, SqueezeExcite


def test_the_folder_run_here_gives_the_originals_logits(exported, network, pixels):
    run = standalone.open_(exported)
    assert np.abs(run(pixels) - network.logits(pixels).numpy()).max() < 1e-5


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """One of each kind of file that decoding has to deal with."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    color = Image.fromarray(random.integers(0, 256, (60, 90, 3), np.uint8))
    turned = Image.Exif()
    turned[0x0112] = 6
    color.save(folder / "turned.jpg", exif=turned)
    color.resize((700, 500)).save(folder / "large.jpg")
    color.convert("CMYK").save(folder / "cmyk.jpg")
    color.convert("L").resize((8, 8)).save(folder / "exact.png")
    color.convert("P").save(folder / "palette.gif", transparency=3)
    alpha = color.convert("RGBA")
    alpha.putalpha(Image.fromarray(random.integers(0, 256, (60, 90), np.uint8)))
    alpha.save(folder / "alpha.png")
    deep = random.integers(0, 65_536, (40, 40), np.uint16)
    Image.fromarray(deep).save(folder / "deep.png")
    Image.fromarray(deep.astype(np.float32) / 65_535).save(folder / "float.tiff")
    return folder


def test_predict_py_says_what_we_say_of_every_kind_of_file(
    exported, network, pictures, alone, tmp_path
):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    paths = sorted(pictures.iterdir())
    ran = alone(exported, "predict.py", broken, *paths)
    assert ran.err.startswith(f"skipped {broken}: ")
    assert ran.err.count("\n") == 1
    lines = ran.out.splitlines()
    expected = network.probabilities(
        np.stack([decode(path, 8, 8, 1) for path in paths])
    )
    assert len(lines) == len(paths) == 8
    for line, path, shares in zip(lines, paths, expected, strict=True):
        name, label, probability = line.split("\t")
        assert name == str(path)
        assert label == network.classes[int(shares.argmax())]
        assert abs(float(probability) - shares.max()) < 1e-4


@pytest.fixture(scope="module")
def class_folders(network, tiny_data, pixels, tmp_path_factory):
    """The tiny images as files, a folder for each class."""
    folder = tmp_path_factory.mktemp("classes")
    labels = np.load(tiny_data.folder / "search-labels.npy")
    for number, (one, label) in enumerate(zip(pixels, labels, strict=True)):
        place = folder / network.classes[label]
        place.mkdir(exist_ok=True)
        Image.fromarray(one[..., 0]).save(place / f"{number}.png")
    (folder / network.classes[0] / ".hidden").write_text("no image")
    return folder


def test_train_py_learns_and_keeps_the_best_weights(
    exported, class_folders, alone, tmp_path, network
):
    weights = tmp_path / "trained.safetensors"
    ran = alone(exported, "train.py", class_folders, weights)
    assert ran.err == ""
    said = ran.out.splitlines()
    assert len(said) == 25 + 1
    assert said[0].startswith("epoch 1/25: training loss ")
    scores = [float(line.split()[-1].rstrip("%")) for line in said[:-1]]
    assert max(scores) > 80
    assert said[-1].startswith(f"best validation accuracy {max(scores):.2f}%")
    trained, original = load_file(weights), network.net.state_dict()
    assert {name: x.shape for name, x in trained.items()} == {
        name: x.shape for name, x in original.items()
    }
    assert not torch.equal(trained["0.weight"], original["0.weight"])


@pytest.fixture
def here(monkeypatch, capsys):
    """Run a script in this process: what it leaves with, and what it printed."""

    def run(folder, script, *words):
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setattr(sys, "argv", [script, *map(str, words)])
        left = None
        try:
            runpy.run_path(str(folder / script), run_name="__main__")
        except SystemExit as error:
            left = error.code
        finally:
            for name in ("images", "model"):
                sys.modules.pop(name, None)
        return left, capsys.readouterr().out

    return run


def test_train_py_of_a_plain_recipe_learns_too(plain, class_folders, here, tmp_path):
    left, said = here(plain, "train.py", class_folders, tmp_path / "x.safetensors")
    assert left is None
    assert said.startswith("epoch 1/1: training loss ")


def test_train_py_misses_the_folder_of_a_class(exported, here, tmp_path):
    left, _ = here(exported, "train.py", tmp_path)
    assert left == f"there is no folder {tmp_path / '0'}"


@pytest.mark.parametrize("script", ["predict.py", "train.py"])
def test_a_script_without_arguments_says_how_it_is_used(exported, here, script):
    left, _ = here(exported, script)
    assert f": python {script} " in left.splitlines()[0]


def test_the_folder_asks_for_four_packages_as_we_do(exported):
    asked = (exported / "requirements.txt").read_text().split()
    names = [re.split(r"[^\w]", each)[0] for each in asked]
    assert names == ["numpy", "pillow", "safetensors", "torch"]
    assert set(asked) <= set(requires("autocnn") or [])
    assert "pip install -r requirements.txt" in (exported / "README.md").read_text()


def test_the_folder_is_a_kept_network_as_well(exported, kept, network, pixels):
    (exported / "card.json").write_text((kept / "card.json").read_text())
    again = load(exported, torch.device("cpu"))
    assert again.recipe == network.recipe
    assert torch.equal(again.logits(pixels), network.logits(pixels))
