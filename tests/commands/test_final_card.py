"""What a card says of a network after a final training, and when its study goes on."""

import json
from pathlib import Path

from safetensors import safe_open

FAST = ("--epochs", "2", "--jobs", "1", "--pruner", "none", "--confirm", "0")


def card() -> dict[str, object]:
    return json.loads(Path("studies/stripes/best/card.json").read_text())


def judged_by() -> int:
    file = "studies/stripes/best/validation.safetensors"
    with safe_open(file, "numpy") as answers:
        return len(answers.get_tensor("logits"))


def search(run, image_folder, *words: str) -> None:
    ran = run("search", image_folder, "--space", "small.toml", *FAST, *words, "--final")
    assert ran.code == 0, ran.err


def test_a_network_keeps_its_test_score_when_its_study_goes_on(run, here, image_folder):
    search(run, image_folder, "--trials", "1")
    before = card()
    assert before["test_accuracy"] is not None
    search(run, image_folder, "--trials", "+1")
    after = card()
    assert after["sha256"]["model.safetensors"] == before["sha256"]["model.safetensors"]
    assert after["test_accuracy"] == before["test_accuracy"]
    assert after["test_interval"] == before["test_interval"]


def test_after_cross_validation_it_is_judged_by_the_images_of_one_split(
    run, here, image_folder
):
    search(run, image_folder, "--trials", "2", "--folds", "3")
    told = card()
    assert told["final"]
    assert told["val_images"] == judged_by() < 50  # all have about 100
    shown = run("leaderboard")
    assert "final training" in shown.out + shown.err
