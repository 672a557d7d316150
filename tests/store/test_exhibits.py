"""Notes and files of a study for optuna-dashboard, and what it makes of them."""

import json
import threading
import urllib.request

import optuna
import pytest
from optuna.artifacts import FileSystemArtifactStore

from autocnn.store.exhibits import MARK, show_file, show_note
from autocnn.views.dashboard import make_dashboard

SVG = "image/svg+xml"


@pytest.fixture
def study(storage):
    study = optuna.create_study(study_name="seen", storage=storage)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    return study


@pytest.fixture
def store(tmp_path):
    (tmp_path / "artifacts").mkdir()
    return FileSystemArtifactStore(tmp_path / "artifacts")


@pytest.fixture
def ask(study, tmp_path):
    """Ask the dashboard itself; a list of paths, and what each of them answers."""
    url = f"sqlite:///{tmp_path / 'autocnn.db'}"
    with make_dashboard(url, 0, tmp_path / "artifacts") as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        def ask(path: str) -> bytes:
            address = f"http://127.0.0.1:{server.server_port}{path}"
            cookie = f"autocnn-{server.server_port}={server.guard.token}"
            request = urllib.request.Request(address, headers={"Cookie": cookie})
            with urllib.request.urlopen(request) as answer:
                return answer.read()

        yield ask
        server.shutdown()
        thread.join()


def test_the_dashboard_shows_notes_of_studies_and_finished_trials(study, store, ask):
    trial = study.trials[1]._trial_id
    long = "# Ärger 猫\n" + "x" * 5000
    assert show_note(study, long)
    assert show_note(study, "the best", trial)
    seen = json.loads(ask(f"/api/studies/{study._study_id}"))
    assert seen["note"]["body"] == f"{long}\n\n{MARK}"
    assert [each["note"]["body"] for each in seen["trials"]][1].startswith("the best")
    assert seen["trials"][0]["note"]["body"] == ""


def test_a_note_is_written_only_if_it_is_another(study):
    assert show_note(study, "first")
    before = study._storage.get_study_system_attrs(study._study_id)
    assert not show_note(study, "first")
    assert study._storage.get_study_system_attrs(study._study_id) == before
    assert show_note(study, "second")


def test_what_a_person_wrote_stays(study):
    from optuna_dashboard import get_note, save_note

    save_note(study, "my own words")
    assert not show_note(study, "ours")
    assert get_note(study) == "my own words"
    save_note(study, "")
    assert show_note(study, "ours")


def test_the_dashboard_shows_files_of_studies_and_finished_trials(study, store, ask):
    trial = study.trials[0]._trial_id
    assert show_file(study, store, "all.svg", b"<svg/>", SVG)
    assert show_file(study, store, "one.svg", b"<svg>1</svg>", SVG, trial)
    seen = json.loads(ask(f"/api/studies/{study._study_id}"))
    (of_study,), (of_trial,) = seen["artifacts"], seen["trials"][0]["artifacts"]
    assert (of_study["filename"], of_study["mimetype"]) == ("all.svg", SVG)
    here = f"/artifacts/{study._study_id}"
    assert ask(f"{here}/{of_study['artifact_id']}") == b"<svg/>"
    assert ask(f"{here}/{trial}/{of_trial['artifact_id']}") == b"<svg>1</svg>"


def test_a_newer_file_takes_the_place_of_the_older(study, store, tmp_path):
    assert show_file(study, store, "all.svg", b"old", SVG)
    assert not show_file(study, store, "all.svg", b"old", SVG)
    assert show_file(study, store, "all.svg", b"new", SVG)
    assert show_file(study, store, "other.svg", b"old", SVG)
    files = sorted(path.read_bytes() for path in (tmp_path / "artifacts").iterdir())
    assert files == [b"new", b"old"]


def test_a_file_that_a_person_has_deleted_comes_back(study, store, tmp_path):
    show_file(study, store, "all.svg", b"old", SVG)
    for path in (tmp_path / "artifacts").iterdir():
        path.unlink()
    assert show_file(study, store, "all.svg", b"old", SVG)
