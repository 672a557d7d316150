"""Networks of a study put together, and used as one."""

import json
import shutil
from pathlib import Path

import pytest

SMALL = ("--space", "small.toml", "--epochs", 2, "--jobs", 1)


def test_networks_are_put_together_and_used_as_one(run, here, image_folder):
    assert run("search", image_folder, "--trials", 4, *SMALL).code == 0
    none = run("predict", image_folder / "across", "--ensemble")
    assert none.code == 4
    assert "has no ensemble yet" in none.err
    made = run("ensemble", "--format", "json")
    assert made.code == 0, made.err
    weights = {row["network"]: row["weight"] for row in json.loads(made.out)}
    assert sum(weights.values()) == pytest.approx(1, abs=0.01)
    assert "points" in made.err
    folder = Path("studies/stripes/ensemble")
    card = json.loads((folder / "card.json").read_text())
    assert card["ensemble"] == pytest.approx(weights, abs=1e-3)
    assert {each.name for each in (folder / "members").iterdir()} == set(weights)
    best = json.loads(Path("studies/stripes/best/card.json").read_text())
    assert card["val_accuracy"] >= best["val_accuracy"]

    words = ("--ensemble", "--format", "json")
    labeled = json.loads(run("predict", image_folder / "across", *words).out)
    assert len(labeled) == 60
    assert sum(row["label"] == "across" for row in labeled) > 45
    tested = json.loads(run("evaluate", *words).out)
    assert tested["images"] == 18
    assert json.loads((folder / "card.json").read_text())["test_images"] == 18

    done = run("export", "ensemble", "--format", "onnx", "--output", "handed")
    assert done.code == 0, done.err
    assert Path("handed/model.onnx").exists()
    refused = run("export", "--format", "python", "--model", folder)
    assert refused.code == 2
    assert "holds one network" in refused.err
    both = run("predict", image_folder / "across", "--ensemble", "--model", folder)
    assert both.code == 2
    assert "two networks" in both.err


def test_what_is_gone_is_left_out_or_said(run, image_folder, here, monkeypatch):
    shutil.copytree(image_folder, "images")
    words = ("--trials", 4, "--study", "mine", *SMALL)
    assert run("search", "images", *words).code == 0
    shutil.rmtree("images")  # what was prepared of them is still there
    networks = Path("studies/mine/networks")
    first, second, *others = sorted(networks.iterdir())
    (first / "model.safetensors").unlink()
    (second / "validation.safetensors").write_bytes(b"no answers")
    made = run("ensemble", "--format", "json")
    assert made.code == 0, made.err
    assert f"left out: {first} holds no network (FileNotFoundError)" in made.err
    assert f"left out: {second / 'validation.safetensors'} is damaged" in made.err
    assert {row["network"] for row in json.loads(made.out)} <= {
        each.name for each in others
    }

    (member, *_) = sorted(Path("studies/mine/ensemble/members").iterdir())
    shutil.rmtree(member)
    broken = run("predict", image_folder / "across", "--ensemble")
    assert broken.code == 4
    assert f"{member} holds no trained network" in broken.err
    assert "hint: put them together again with autocnn ensemble" in broken.err
    assert run("ensemble").code == 0
    assert run("predict", image_folder / "across", "--ensemble").code == 0

    moved = run("ensemble", "--storage", "studies/autocnn.db", "--studies", "elsewhere")
    assert moved.code == 4
    assert "elsewhere/mine/networks is gone" in moved.err
    assert "hint: name the folder with --studies" in moved.err
    monkeypatch.setenv("AUTOCNN_CACHE", "another")
    lost = run("ensemble")
    assert lost.code == 5
    assert lost.err.count("\n") == 2


def test_the_final_network_is_among_them(run, here, image_folder):
    words = ("--trials", 1, "--final", "--confirm", 0, *SMALL)
    assert run("search", image_folder, *words).code == 0
    card = json.loads(Path("studies/stripes/best/card.json").read_text())
    made = run("ensemble", "--format", "json")
    if card.get("final"):
        assert made.code == 0, made.err
        names = {row["network"] for row in json.loads(made.out)}
        assert names <= {"0", "final"}
        kept = json.loads(Path("studies/stripes/ensemble/card.json").read_text())
        assert "test_accuracy" not in kept
    else:
        assert made.code == 4


def test_one_network_is_no_ensemble(run, here, image_folder):
    assert run("search", image_folder, "--trials", 1, *SMALL).code == 0
    alone = run("ensemble")
    assert alone.code == 4
    assert "holds 1 network to put together" in alone.err


def test_folds_have_no_images_in_common(run, here, image_folder):
    words = ("--trials", 2, "--folds", 2, *SMALL)
    assert run("search", image_folder, *words).code == 0
    refused = run("ensemble")
    assert refused.code == 2
    assert "cross-validated" in refused.err
