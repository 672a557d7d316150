"""Notes and pictures that are kept up while a search runs, and do not disturb it."""

import json
from pathlib import Path

import pytest
from optuna_dashboard import get_note

from autocnn.commands import exhibition
from autocnn.commands.options import Place
from autocnn.storage import open_storage, storage_url
from autocnn.store.find import find_study

SEARCH = ("--trials", 3, "--epochs", 2, "--jobs", 1, "--space", "small.toml")


@pytest.fixture
def place(here, monkeypatch) -> Place:
    """Where the studies are; what changes is looked at all the time."""
    monkeypatch.setattr(exhibition, "SECONDS", 0.05)
    monkeypatch.setattr(exhibition, "COST", 1.0)
    Path("studies/artifacts").mkdir(parents=True)
    url = storage_url("studies/autocnn.db")
    open_storage(url, create=True).engine.dispose()
    return Place(Path("studies").absolute(), url)


def scores(run) -> list[tuple[int, float]]:
    rows = json.loads(run("leaderboard", "--format", "json").out)
    return sorted((row["trial"], row["val_accuracy"]) for row in rows)


def test_a_search_beside_it_comes_to_the_same(run, place, image_folder):
    undisturbed = run("search", image_folder, *SEARCH, "--study", "alone")
    assert undisturbed.code == 0, undisturbed.err
    alone = scores(run)
    with exhibition.exhibition(place, place.studies / "artifacts"):
        beside = run("search", image_folder, *SEARCH, "--study", "beside")
    assert beside.code == 0, beside.err
    assert "again later" not in beside.err
    assert scores(run) == alone


def test_a_study_has_a_note_and_pictures_and_so_have_its_best_trials(
    run, place, image_folder
):
    assert run("search", image_folder, *SEARCH).code == 0
    study = find_study(open_storage(place.url), "stripes")
    exhibition.exhibit(study, place, place.studies / "artifacts")
    note = get_note(study)
    assert note.startswith("## The result\n\nThe best network found for stripes")
    assert "| rank | trial |" in note
    named = {
        json.loads(text)["filename"]
        for key, text in study._storage.get_study_system_attrs(study._study_id).items()
        if "artifacts:" in key
    }
    assert named == {
        "autocnn-best-so-far.svg",
        "autocnn-learning-curves.svg",
        "autocnn-confusion-matrix.svg",
    }
    files = {
        path: path.read_bytes() for path in (place.studies / "artifacts").iterdir()
    }
    assert len(files) == 3 + 2 * 3
    assert all(data.startswith(b"<svg ") for data in files.values())
    exhibition.exhibit(study, place, place.studies / "artifacts")
    assert {path: path.read_bytes() for path in files} == files


def test_studies_of_other_programs_are_left_alone_or_noted(place):
    import optuna

    storage = open_storage(place.url)
    optuna.create_study(study_name="empty", storage=storage)
    down = optuna.create_study(study_name="down", storage=storage)
    down.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with exhibition.exhibition(place, place.studies / "artifacts"):
        pass
    assert get_note(down) == ""
