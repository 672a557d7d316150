"""A storage that is locked, full or gone is waited for; nothing is written twice."""

import shutil
import sqlite3

import optuna
import pytest
from optuna.trial import TrialState
from servers import Holder

from autocnn import patient, waiting
from autocnn.remembering import together
from autocnn.storage import open_storage, storage_url


@pytest.fixture
def url(tmp_path, empty_storage) -> str:
    return storage_url(str(shutil.copyfile(empty_storage, tmp_path / "a.db")))


@pytest.fixture
def study(url):
    storage = open_storage(url, create=True)
    yield optuna.create_study(study_name="s", storage=storage, direction="maximize")
    storage.remove_session()
    storage.engine.dispose()


@pytest.fixture
def holder(study, tmp_path):
    """Another program, which holds the database."""
    study._storage._backend.engine.dispose()
    holder = Holder(tmp_path / "a.db")
    holder.take()
    yield holder
    holder.let_go()


def test_a_database_that_another_program_holds_is_waited_for(
    study, holder, monkeypatch, url
):
    said = []

    def hear(text: str) -> None:
        said.append(text)
        holder.let_go()

    monkeypatch.setattr(patient, "BUSY_MILLISECONDS", 50)
    with waiting.saying(hear):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        trial.report(0.5, 1)
        study.tell(trial, 0.5)
    assert said[0] == f"waiting: the storage {url} does not answer: database is locked"
    assert said[1:] == ["the wait is over"]
    (row,) = open_storage(url).get_all_trials(study._study_id)
    assert (row.value, row.intermediate_values) == (0.5, {1: 0.5})


@pytest.fixture
def lost(study, monkeypatch, pauses):
    """Commit, as often as asked for, and then say that the connection is gone."""
    dialect = study._storage._backend.engine.dialect
    commit, left = dialect.do_commit, 0

    def do_commit(connection) -> None:
        nonlocal left
        commit(connection)
        if left:
            left -= 1
            raise sqlite3.OperationalError("the connection is gone")

    def lose(times: int = 1) -> None:
        nonlocal left
        left = times

    monkeypatch.setattr(dialect, "do_commit", do_commit)
    return lose


def test_a_trial_that_was_made_before_the_connection_was_gone_is_not_made_twice(
    study, lost, pauses
):
    study.ask()
    lost()
    trial = study.ask()
    assert pauses
    assert trial.number == 1
    trial.suggest_float("x", 0, 1)
    assert [each.state for each in study.trials] == [TrialState.RUNNING] * 2


def test_what_is_queued_is_queued_once_and_begun_once(study, lost, pauses):
    lost()
    study.enqueue_trial({"x": 0.25})
    assert [each.state for each in study.trials] == [TrialState.WAITING]
    lost()
    trial = study.ask()
    assert len(pauses) == 2
    assert (trial.number, trial.suggest_float("x", 0, 1)) == (0, 0.25)
    assert [each.state for each in study.trials] == [TrialState.RUNNING]


def test_all_that_a_trial_says_is_written_once(study, lost, pauses):
    trial = study.ask()
    for write in (
        lambda: trial.suggest_float("x", 0, 1),
        lambda: trial.report(0.5, 1),
        lambda: trial.set_user_attr("seconds", 3),
        lambda: study.set_user_attr("state", {"beat": 1}),
        lambda: study.tell(trial, 0.75),
    ):
        lost(2)
        write()
    assert len(pauses) >= 5
    (row,) = study.trials
    assert (row.value, row.intermediate_values) == (0.75, {1: 0.5})
    assert row.user_attrs == {"seconds": 3}
    assert study.user_attrs == {"state": {"beat": 1}}


def test_what_is_written_together_is_written_once(study, lost, pauses, url):
    storage = study._storage._backend
    with storage.alone_with(study._study_id):
        trial = study.ask()
        lost()
        with together(study):
            value = trial.suggest_float("x", 0, 1)
            trial.set_user_attr("log", [1])
            trial.report(0.5, 1)
        assert len(pauses) == 1
    (row,) = open_storage(url).get_all_trials(study._study_id)
    assert (row.params, row.user_attrs) == ({"x": value}, {"log": [1]})
    assert row.intermediate_values == {1: 0.5}


def test_a_finished_trial_is_on_the_disk(study, failing):
    trial = study.ask()
    with failing(10**6) as made:
        trial.report(0.5, 1)
        assert "fsync" not in made
        study.tell(trial, 0.5)
        assert made == ["fsync"]


def test_a_full_disk_is_waited_for(small_disk, empty_storage, said, monkeypatch):
    path = shutil.copyfile(empty_storage, small_disk.path / "a.db")
    storage = open_storage(storage_url(str(path)), create=True)
    study = optuna.create_study(storage=storage)
    monkeypatch.setattr("autocnn.waiting.sleep", lambda _: small_disk.filler.unlink())
    small_disk.fill()
    study.set_user_attr("long", "x" * 20_000)
    assert study.user_attrs == {"long": "x" * 20_000}
    assert "does not answer: database or disk is full" in said[0]
    storage.remove_session()
    storage.engine.dispose()


def test_what_is_wrong_is_not_waited_for(study, pauses):
    with study._storage._backend.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE study_user_attributes")
    with pytest.raises(optuna.exceptions.StorageInternalError):
        study.set_user_attr("a", 1)
    assert pauses == []
