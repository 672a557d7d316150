"""The best network's folder: replaced as a whole, and described honestly."""

import hashlib
import json

import optuna
import pytest

from autocnn import recipe as recipes
from autocnn.data.images import DataInfo
from autocnn.search import best
from autocnn.store.rows import StudySnapshot, snapshot


@pytest.fixture
def described(tiny_data):
    def describe(val_accuracy: float = 0.9, **more) -> dict:
        return best.card(
            tiny_data.info, trial=3, val_accuracy=val_accuracy, val_images=100, **more
        )

    return describe


def study_of(name: str, val_accuracy: float) -> StudySnapshot:
    """A study whose trial 3 has this score, and no trial a higher one."""
    study = optuna.create_study(study_name=name, direction="maximize")
    for value in (0.1, 0.2, 0.3, val_accuracy):
        study.add_trial(optuna.create_trial(value=value))
    return snapshot(study)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "best-0-1.safetensors"
    path.write_text("weights")
    return path


def test_a_card_says_what_the_network_tells_apart_and_how_well(described, tiny_data):
    info: DataInfo = tiny_data.info
    card = json.loads(json.dumps(described(epoch=7, study="tiny")))
    assert card["classes"] == ["0", "1", "2"]
    assert card["val_standard_error"] == pytest.approx(0.03, rel=0.05)
    assert card["preprocessing"] == {
        "height": 8,
        "width": 8,
        "channels": 1,
        "mean": list(info.mean),
        "std": list(info.std),
    }
    assert card["data"]["fingerprint"] == info.fingerprint
    assert (card["trial"], card["epoch"], card["study"]) == (3, 7, "tiny")


def test_a_kept_network_is_weights_recipe_and_card(
    tmp_path, weights, described, make_recipe
):
    folder, recipe = tmp_path / "deep" / "best", make_recipe()
    best.keep(folder, weights, recipe, described())
    assert (folder / "model.safetensors").read_text() == "weights"
    assert recipes.read(folder / "recipe.toml") == recipe
    sums = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.safetensors", "recipe.toml")
    }
    found = json.loads((folder / "card.json").read_text())
    assert found == described() | {"sha256": sums}
    assert weights.is_file()


def test_a_better_network_replaces_all_of_the_old_one(
    tmp_path, weights, described, make_recipe
):
    folder = tmp_path / "study" / "best"
    best.keep(folder, weights, make_recipe(), described(0.5))
    (folder / "stray").write_text("")
    best.keep(folder, weights, make_recipe(epochs=9), described(0.6))
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.json",
        "model.safetensors",
        "recipe.toml",
    ]
    assert [path.name for path in folder.parent.iterdir()] == ["best"]


def test_what_a_crash_left_is_no_hindrance(tmp_path, weights, described, make_recipe):
    folder = tmp_path / "study" / "best"
    for leftover in (".best-new", ".best-old"):
        (folder.parent / leftover).mkdir(parents=True)
        (folder.parent / leftover / "half").write_text("")
    best.keep(folder, weights, make_recipe(), described())
    assert [path.name for path in folder.parent.iterdir()] == ["best"]


def test_weights_that_are_gone_leave_the_old_network(
    tmp_path, weights, described, make_recipe
):
    folder = tmp_path / "study" / "best"
    best.keep(folder, weights, make_recipe(), described(0.5, study="tiny"))
    with pytest.raises(FileNotFoundError):
        best.keep(folder, tmp_path / "gone", make_recipe(), described(0.6))
    assert best.kept_score(folder, study_of("tiny", 0.5)) == 0.5


def test_the_kept_score_is_the_studys_own(tmp_path, weights, described, make_recipe):
    best.keep(tmp_path / "best", weights, make_recipe(), described(0.5, study="tiny"))
    assert best.kept_score(tmp_path / "best", study_of("tiny", 0.5)) == 0.5
    assert best.kept_score(tmp_path / "best", study_of("another", 0.5)) == -1
    assert best.kept_score(tmp_path / "best", study_of("tiny", 0.4)) == -1


@pytest.mark.parametrize("content", [None, "", "{", "{}", '{"study": "tiny"}'])
def test_without_a_readable_card_nothing_is_kept(tmp_path, content):
    if content is not None:
        (tmp_path / "card.json").write_text(content)
    assert best.kept_score(tmp_path, study_of("tiny", 0.5)) == -1


def test_while_there_is_no_room_the_old_network_stays(
    tmp_path, weights, described, make_recipe, failing
):
    folder = tmp_path / "study" / "best"
    best.keep(folder, weights, make_recipe(), described(0.5, study="tiny"))
    for number in range(1, 6):
        full = failing(number, times=10**6)
        with full, pytest.raises(OSError, match="the disk is full"):
            best.keep(folder, weights, make_recipe(), described(0.6, study="tiny"))
        assert best.read_card(folder)["val_accuracy"] == 0.5
        assert [path.name for path in folder.parent.iterdir()] == ["best"]
