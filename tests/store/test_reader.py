"""The reader: what a snapshot has, read again and again, whatever becomes of it."""

import math
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

from autocnn.errors import NoResultError, RequestError, StudyError, UnavailableError
from autocnn.storage import open_engine
from autocnn.store import tables, trials
from autocnn.store.command import send
from autocnn.store.edition import EDITION, KNOWN
from autocnn.store.reader import Reader
from autocnn.store.rows import CONFIG, snapshot
from autocnn.store.state import STATE
from benchmarks.studies import EPOCHS, make_study

HEAVY = {
    "layers": [["conv", [8, 8, 8], 72, 4608]],
    "epochs": [[1.5, 0.9, 0.6, 0.8, 2.0, 60.0], [3.5, 0.7, 0.7, 0.6, 2.0, 60.0]],
}
ATTRIBUTES = {
    "parameters": 1000,
    "flops": 2000,
    "seconds": 1.5,
    "recipe": "layers = []",
    "planned_epochs": 3,
    "images_per_second": 900,
    "origin": "a known good start",
    "reason": "2nd of 3 at epoch 1",
}
DRAWN = {
    "width": (8, IntDistribution(8, 64, log=True)),
    "rate": (0.01, FloatDistribution(1e-4, 1.0, log=True)),
    "block": ("plain", CategoricalDistribution(["residual", "plain"])),
}


def create(storage, name: str = "tiny") -> optuna.Study:
    return optuna.create_study(study_name=name, storage=storage, direction="maximize")


def add(study, state=TrialState.COMPLETE, curve=(), **attributes) -> None:
    """Add a trial that scored its best epoch."""
    study.add_trial(
        create_trial(
            state=state,
            value=max(curve, default=0.5) if state is TrialState.COMPLETE else None,
            intermediate_values=dict(enumerate(curve, start=1)),
            user_attrs=attributes,
            params={name: value for name, (value, _) in DRAWN.items()},
            distributions={name: drawn for name, (_, drawn) in DRAWN.items()},
        )
    )


@pytest.fixture
def study(storage):
    study = create(storage)
    study.set_user_attr(CONFIG, {"val_images": 100})
    return study


@pytest.fixture
def url(storage) -> str:
    return str(storage.engine.url)


@pytest.fixture
def make_reader(url):
    """Make a reader that never waits for a lock."""
    made = []

    def make(name: str | None = "tiny", url: str = url) -> Reader:
        engine = sqlalchemy.create_engine(url, connect_args={"timeout": 0})
        made.append(Reader(engine, name))
        return made[-1]

    yield make
    for reader in made:
        reader.close()


def same(read, expected) -> bool:
    """Compare snapshots by what they show: nan is nan, but does not equal itself."""
    return repr(in_order(read)) == repr(in_order(expected))


def in_order(found):
    """Write a snapshot down, its params by their names."""
    trials = [
        [getattr(row, name) for name in row.__slots__ if name != "params"]
        + sorted(row.params.items())
        for row in found.trials
    ]
    return [found.name, found.config, trials, found.state, found.commands]


def test_trials_of_every_kind_are_read_as_a_snapshot_has_them(study, make_reader):
    add(study, curve=[0.5, 0.9, 0.8], **ATTRIBUTES, **HEAVY)
    add(study, TrialState.PRUNED, [0.5], **ATTRIBUTES)
    add(study, TrialState.FAIL, [], reason="diverged: the loss became nan")
    add(study, TrialState.RUNNING, [0.5, 0.6], status="interrupted", **HEAVY)
    add(study, TrialState.RUNNING)
    add(study, TrialState.PRUNED, [0.9, 0.6, 0.3], folds=4)
    study.enqueue_trial({"width": 9}, user_attrs={"origin": "edited copy of trial 0"})
    read = make_reader().read()
    assert same(read, snapshot(study))
    assert [row.status for row in read.trials] == [
        "complete",
        "pruned",
        "failed",
        "interrupted",
        "running",
        "pruned",
        "waiting",
    ]


def test_a_study_without_trials_is_read_as_a_snapshot_has_it(study, make_reader):
    assert same(make_reader().read(), snapshot(study))


def test_what_is_not_a_number_is_read_as_such(study, make_reader):
    add(study, TrialState.PRUNED, [0.5, math.nan, 0.75])
    read = make_reader().read()
    assert same(read, snapshot(study))
    assert math.isnan(read.trials[0].curve[1])


def test_an_infinite_epoch_is_read_as_such(study, make_reader):
    add(study, TrialState.PRUNED, [math.inf, -math.inf])
    assert make_reader().read().trials[0].curve == (math.inf, -math.inf)


def test_an_infinite_value_is_read_as_such(study, make_reader):
    study.add_trial(create_trial(value=math.inf))
    assert make_reader().read().trials[0].val_accuracy == math.inf


def objective(trial: optuna.Trial) -> float:
    """Draw as other programs do: some values only if others are so."""
    if trial.suggest_categorical("kind", ["deep", None, True, 2]) == "deep":
        return trial.suggest_float("rate", 1e-4, 1.0, log=True)
    width = trial.suggest_int("width", 2, 10, step=2)
    if width > 4:
        raise optuna.TrialPruned
    return (width + trial.suggest_float("share", 0.0, 1.0, step=0.25)) / 20


def test_a_study_of_another_program_is_read_as_a_snapshot_has_it(storage, make_reader):
    study = create(storage, "foreign")
    study.sampler = optuna.samplers.RandomSampler(seed=0)
    study.optimize(objective, n_trials=12)
    read = make_reader("foreign").read()
    assert same(read, snapshot(study))
    assert {tuple(sorted(row.params)) for row in read.trials} == {
        ("kind", "rate"),
        ("kind", "share", "width"),
        ("kind", "width"),
    }
    known = {name for trial in study.trials for name in trial.distributions}
    assert set(read.distributions) == known


def test_a_study_that_a_newer_release_goes_on_with_is_refused_again_and_again(
    study, make_reader
):
    reader = make_reader()
    reader.read()
    study.set_user_attr(EDITION, KNOWN + 1)
    for _ in range(2):
        with pytest.raises(StudyError, match="written by a newer autocnn"):
            reader.read()


def test_the_state_and_the_commands_are_read_too(study, make_reader):
    sent = send(study, "pause", sender="a person")
    study.set_user_attr(STATE, {"phase": "nonsense"})
    read = make_reader().read()
    assert read.commands == (sent,)
    assert read.state is None
    assert read.config == {"val_images": 100}


def test_each_value_is_what_it_was_drawn_as(study, make_reader):
    add(study)
    read = make_reader().read()
    assert read.trials[0].params == {"width": 8, "rate": 0.01, "block": "plain"}
    assert read.distributions == {name: drawn for name, (_, drawn) in DRAWN.items()}


def test_values_stand_in_the_order_they_were_drawn_in(study, make_reader):
    add(study)
    read = make_reader().read()
    assert list(read.trials[0].params) == list(DRAWN)
    assert list(read.distributions) == list(DRAWN)


def test_other_studies_in_the_storage_are_left_out(study, storage, make_reader):
    other = create(storage, "other")
    for each in (study, other, study, other):
        add(each, curve=[0.9 if each is other else 0.4])
    assert [row.val_accuracy for row in make_reader().read().trials] == [0.4, 0.4]
    assert [row.trial for row in make_reader("other").read().trials] == [0, 1]


def test_a_large_study_is_read_as_a_snapshot_has_it(tmp_path, make_reader, monkeypatch):
    monkeypatch.setattr(trials, "MANY", 10)
    url = make_study(tmp_path / "large.db", trials=40, running=2)
    reader = make_reader("large", url)
    storage = optuna.storages.RDBStorage(url)
    study = optuna.load_study(study_name="large", storage=storage)
    read = reader.read()
    assert same(read, snapshot(study))
    assert read.counts()["running"] == 2
    histories = reader.histories()
    assert len(histories) == 40
    assert max(map(len, histories.values())) == EPOCHS
    storage.remove_session()
    storage.engine.dispose()


def test_at_a_glance_the_best_of_a_large_study_and_what_runs_are_read(
    tmp_path, make_reader
):
    url = make_study(tmp_path / "large.db", trials=40, running=2)
    reader = make_reader("large", url)
    some, whole = reader.glance(5), reader.read()
    assert some.ranked()[:5] == whole.ranked()[:5]
    running = [row for row in whole.trials if row.status == "running"]
    assert [row for row in some.trials if row.status == "running"] == running
    assert len(some.trials) + some.unread == len(whole.trials) == 40
    assert (some.config, some.state) == (whole.config, whole.state)
    assert whole.unread == 0


def test_a_glance_at_a_small_study_is_not_worth_it(study, make_reader):
    add(study, curve=[0.5, 0.9])
    reader = make_reader()
    assert reader.glance(5) is None
    assert len(reader.read().trials) == 1


def test_nothing_is_read_when_nothing_has_changed(study, make_reader):
    reader = make_reader()
    assert reader.read() is not None
    assert reader.read() is None
    assert reader.read() is None


def test_a_new_trial_is_seen_and_the_others_are_not_read_again(study, make_reader):
    add(study, curve=[0.5])
    add(study, TrialState.FAIL)
    reader = make_reader()
    before = reader.read()
    add(study, curve=[0.7])
    after = reader.read()
    assert same(after, snapshot(study))
    assert [row.trial for row in after.trials] == [0, 1, 2]
    assert after.trials[0] is before.trials[0]
    assert after.trials[1] is before.trials[1]


def test_an_epoch_is_seen(study, make_reader):
    add(study, curve=[0.5])
    trial = study.ask()
    reader = make_reader()
    first = reader.read()
    for step, accuracy in enumerate([0.4, 0.6], start=1):
        trial.report(accuracy, step)
        read = reader.read()
        assert read.trials[1].epochs == step
        assert read.trials[1].val_accuracy == accuracy
        assert read.trials[0] is first.trials[0]


def test_an_attribute_and_a_value_of_a_running_trial_are_seen(study, make_reader):
    trial = study.ask()
    reader = make_reader()
    assert reader.read().trials[0].params == {}
    trial.suggest_int("width", 8, 64)
    trial.set_user_attr("parameters", 1000)
    read = reader.read()
    assert read.trials[0].params == trial.params
    assert read.trials[0].parameters == 1000
    assert set(read.distributions) == {"width"}


def test_a_trial_that_ends_is_seen_and_then_left_alone(study, make_reader):
    trial = study.ask()
    reader = make_reader()
    assert reader.read().trials[0].status == "running"
    trial.report(0.8, 1)
    study.tell(trial, 0.8)
    ended = reader.read()
    assert same(ended, snapshot(study))
    assert (ended.trials[0].status, ended.trials[0].val_accuracy) == ("complete", 0.8)
    study.set_user_attr("x", 1)
    assert reader.read().trials[0] is ended.trials[0]


def test_a_waiting_trial_that_starts_is_seen(study, make_reader):
    study.enqueue_trial({"width": 9})
    reader = make_reader()
    assert reader.read().counts() == {"waiting": 1}
    trial = study.ask()
    assert reader.read().counts() == {"running": 1}
    study.tell(trial, 0.5)
    assert reader.read().counts() == {"complete": 1}


def test_a_trial_that_goes_on_is_seen_among_many_that_ended(study, make_reader):
    running = study.ask()
    for _ in range(3):
        add(study, curve=[0.5])
    reader = make_reader()
    first = reader.read()
    study.tell(running, state=TrialState.PRUNED)
    second = reader.read()
    assert [row.status for row in second.trials] == ["pruned"] + ["complete"] * 3
    assert all(a is b for a, b in zip(first.trials[1:], second.trials[1:], strict=True))


def pause(study):
    """Begin a trial and pause it after an epoch."""
    trial = study.ask()
    trial.report(0.5, 1)
    trial.set_user_attr("pauses", [[1.0, 1, "2nd of 2 at epoch 1", None]])
    trial.set_user_attr("status", "paused")
    return trial


def test_a_paused_trial_is_not_read_again(study, make_reader):
    pause(study)
    add(study, TrialState.RUNNING, [0.5])
    reader = make_reader()
    before = reader.read()
    assert same(before, snapshot(study))
    study.ask().report(0.7, 1)
    after = reader.read()
    assert after.trials[0] is before.trials[0]
    assert after.trials[2].curve == (0.7,)


def test_a_row_of_which_nothing_has_changed_stays_the_same(study, make_reader):
    add(study, TrialState.RUNNING, [0.5], epochs=[[1.5, 0.9, 0.6, 0.8, 2.0, 60.0]])
    reader = make_reader()
    before = reader.read()
    study.set_user_attr(STATE, {"beat": 2})
    after = reader.read()
    assert after is not before
    assert after.trials[0] is before.trials[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda _, trial: trial.set_user_attr("status", "running"),
        lambda _, trial: trial.report(0.6, 2),
        lambda study, trial: study.tell(trial, state=TrialState.PRUNED),
    ],
    ids=["promoted", "an epoch later", "given up"],
)
def test_a_paused_trial_that_goes_on_or_ends_is_seen(study, make_reader, change):
    trial = pause(study)
    reader = make_reader()
    before = reader.read()
    change(study, trial)
    after = reader.read()
    assert after.trials[0] is not before.trials[0]
    assert same(after, snapshot(study))


def test_paused_trials_of_a_large_study_are_read_as_a_snapshot_has_them(
    tmp_path, make_reader
):
    url = make_study(tmp_path / "large.db", trials=40, running=2, paused=5)
    storage = optuna.storages.RDBStorage(url)
    study = optuna.load_study(study_name="large", storage=storage)
    read = make_reader("large", url).read()
    assert same(read, snapshot(study))
    counts = read.counts()
    assert (counts["running"], counts["paused"]) == (2, 5)
    storage.remove_session()
    storage.engine.dispose()


def test_an_attribute_of_the_study_is_seen_and_no_trial_is_read_again(
    study, make_reader
):
    add(study, curve=[0.5])
    reader = make_reader()
    before = reader.read()
    study.set_user_attr(CONFIG, {"val_images": 100, "sampler": "tpe"})
    after = reader.read()
    assert after.config["sampler"] == "tpe"
    assert after.trials[0] is before.trials[0]


def test_a_change_of_another_study_changes_nothing_here(study, storage, make_reader):
    add(study, curve=[0.5])
    other = create(storage, "other")
    reader = make_reader()
    before = reader.read()
    add(other, curve=[0.9])
    after = reader.read()
    assert after is None or after.trials == before.trials


def test_two_readers_see_the_same_change(study, make_reader):
    readers = [make_reader(), make_reader()]
    for reader in readers:
        reader.read()
    add(study, curve=[0.5])
    assert [len(reader.read().trials) for reader in readers] == [1, 1]


def test_a_reader_taken_up_again_reads_on(study, make_reader):
    add(study, curve=[0.5])
    reader = make_reader()
    before = reader.read()
    reader.close()
    reader.close()
    again = reader.read()
    assert same(again, before)
    assert again.trials[0] is before.trials[0]
    assert reader.read() is None


def test_what_rows_leave_out_is_read_for_one_trial(study, make_reader):
    add(study, curve=[0.5], **ATTRIBUTES)
    add(study, curve=[0.5], **ATTRIBUTES, **HEAVY)
    reader = make_reader()
    reader.read()
    assert reader.detail(1) == HEAVY
    assert reader.detail(0) == {}
    assert reader.detail(99) == {}


def test_the_epochs_of_all_trials_are_read_at_once(study, storage, make_reader):
    add(create(storage, "other"), curve=[0.5], epochs=[[9.0]])
    add(study, curve=[0.5], **HEAVY)
    add(study, TrialState.FAIL)
    add(study, TrialState.RUNNING, [0.5], epochs=[[2.5]])
    reader = make_reader()
    reader.read()
    assert reader.histories() == {0: HEAVY["epochs"], 2: [[2.5]]}


def test_without_a_name_the_study_active_last_is_read(storage, make_reader):
    for name in ("a", "b", "c"):
        create(storage, name)
    add(optuna.load_study(study_name="b", storage=storage), curve=[0.5])
    assert make_reader(None).read().name == "b"


def test_without_a_name_or_trials_the_newest_study_is_read(storage, make_reader):
    for name in ("a", "b"):
        create(storage, name)
    assert make_reader(None).read().name == "b"


def test_without_a_name_the_study_is_the_one_other_commands_mean(storage, make_reader):
    for name, hour in (("a", 9), ("b", 5)):
        trial = create_trial(value=0.5)
        trial.datetime_start = trial.datetime_complete = datetime(
            2025, 1, 1, hour, tzinfo=UTC
        )
        create(storage, name).add_trial(trial)
    assert make_reader(None).read().name == "a"


def test_a_reader_stays_with_the_study_it_began_with(study, storage, make_reader):
    add(study, curve=[0.5])
    reader = make_reader(None)
    assert reader.read().name == "tiny"
    add(create(storage, "newer"), curve=[0.9])
    after = reader.read()
    assert after is None or after.name == "tiny"


def test_an_unknown_name_is_answered_with_the_nearest(study, make_reader):
    with pytest.raises(RequestError, match="no study called 'tinny'") as caught:
        make_reader("tinny").read()
    assert caught.value.hint == "did you mean 'tiny'?"


@pytest.mark.parametrize("name", [None, "tiny"])
def test_a_storage_without_studies_has_no_result(storage, make_reader, name):
    with pytest.raises(NoResultError, match="the storage holds no study yet") as caught:
        make_reader(name).read()
    assert caught.value.hint


def test_a_study_made_later_is_found(storage, make_reader):
    reader = make_reader()
    with pytest.raises(NoResultError):
        reader.read()
    create(storage)
    assert reader.read().name == "tiny"


def test_what_could_not_be_read_is_said_every_time(storage, make_reader):
    reader = make_reader()
    for _ in range(2):
        with pytest.raises(NoResultError):
            reader.read()


def change(url: str, statement: str) -> None:
    """Change the database behind Optuna's back."""
    connection = sqlite3.connect(sqlalchemy.make_url(url).database)
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "problem", "hint"),
    [
        ("version_info SET schema_version = 13", "version 13", "a newer Optuna"),
        ("version_info SET schema_version = 11", "version 11", "optuna storage upg"),
        ("alembic_version SET version_num = 'v9.0.0.a'", "v9.0.0.a", "a newer Optuna"),
        ("alembic_version SET version_num = 'v3.0.0.d'", "v3.0.0.d", "storage upgrade"),
    ],
)
def test_tables_of_another_form_are_refused(
    study, url, make_reader, statement, problem, hint
):
    change(url, f"UPDATE {statement}")
    with pytest.raises(RequestError, match="of Optuna's tables, not") as caught:
        make_reader().read()
    assert problem in caught.value.problem
    assert hint in caught.value.hint


@pytest.mark.parametrize("table", ["alembic_version", "version_info", "studies"])
def test_tables_that_are_not_there_are_not_waited_for(study, url, make_reader, table):
    change(url, f"DROP TABLE {table}")
    with pytest.raises(RequestError, match=f"no such table: {table}"):
        make_reader().read()


def test_tables_of_another_form_are_refused_every_time(study, url, make_reader):
    change(url, f"UPDATE version_info SET schema_version = {tables.SCHEMA + 1}")
    reader = make_reader()
    for _ in range(2):
        with pytest.raises(RequestError):
            reader.read()


def test_the_form_of_the_tables_is_that_of_the_installed_optuna(study, make_reader):
    # Else every read is refused: look what changed, then raise SCHEMA and REVISION.
    assert make_reader().read() is not None


def test_a_file_that_is_no_database_is_refused(tmp_path, make_reader):
    (tmp_path / "text.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(RequestError, match="cannot be read"):
        make_reader("tiny", f"sqlite:///{tmp_path / 'text.db'}").read()


@pytest.fixture
def owner(study, storage, url):
    """Another connection, to a database that keeps a rollback journal."""
    add(study, curve=[0.5])
    storage.remove_session()
    storage.engine.dispose()
    connection = sqlite3.connect(
        sqlalchemy.make_url(url).database, isolation_level=None
    )
    assert connection.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)
    yield connection
    connection.close()


def test_a_locked_database_is_unavailable_and_read_later(owner, make_reader):
    reader = make_reader()
    owner.execute("BEGIN EXCLUSIVE")
    for _ in range(2):
        with pytest.raises(UnavailableError, match="database is locked") as caught:
            reader.read()
        assert "run the same command again" in caught.value.hint
    owner.execute("COMMIT")
    assert len(reader.read().trials) == 1


def test_a_database_locked_between_two_reads_loses_nothing(owner, make_reader):
    reader = make_reader()
    before = reader.read()
    owner.execute("BEGIN EXCLUSIVE")
    owner.execute("UPDATE trials SET datetime_complete = datetime_start")
    owner.execute(
        "INSERT INTO study_user_attributes (study_id, key, value_json) "
        "VALUES (1, 'x', '1')"
    )
    with pytest.raises(UnavailableError, match="database is locked"):
        reader.read()
    owner.execute("COMMIT")
    after = reader.read()
    assert after.trials[0] is before.trials[0]


def test_a_reader_holds_no_lock_between_two_reads(owner, make_reader):
    reader = make_reader()
    reader.read()
    owner.execute("PRAGMA busy_timeout = 0")
    owner.execute("BEGIN EXCLUSIVE")
    owner.execute("COMMIT")


def database(url: str) -> tuple[Path, Path]:
    """Say where the database is, and where a copy of it may be kept."""
    path = Path(sqlalchemy.make_url(url).database)
    return path, path.with_name("kept.db")


def delete(url: str) -> None:
    """Delete the database and what belongs to it; a copy is kept."""
    path, kept = database(url)
    shutil.copyfile(path, kept)
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()


def test_a_deleted_database_is_unavailable_and_read_when_it_is_back(
    owner, url, make_reader
):
    reader = make_reader()
    before = reader.read()
    reader.close()
    delete(url)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            reader.read()
    path, kept = database(url)
    shutil.copyfile(kept, path)
    assert same(reader.read(), before)


def test_a_database_deleted_under_a_reader_is_noticed(owner, url, make_reader):
    reader = make_reader()
    reader.read()
    delete(url)
    with pytest.raises(UnavailableError, match="is gone") as caught:
        reader.read()
    assert "run the same command again" in caught.value.hint


def test_looking_for_a_deleted_database_makes_no_other(owner, url):
    path, _ = database(url)
    reader = Reader(open_engine(url), "tiny")
    delete(url)
    with pytest.raises(UnavailableError):
        reader.read()
    reader.close()
    assert not path.exists()


@pytest.fixture
def asked(study, storage, url):
    """A reader, and the statements that it sends to the database."""
    engine, found = open_engine(url), []
    sqlalchemy.event.listen(
        engine, "before_cursor_execute", lambda *call: found.append(call[2])
    )
    reader = Reader(engine, "tiny")
    yield reader, found
    reader.close()


def test_a_look_that_finds_nothing_new_asks_one_question(asked):
    reader, statements = asked
    reader.read()
    statements.clear()
    assert reader.read() is None
    assert statements == ["BEGIN", "PRAGMA data_version"]


def test_of_an_epoch_no_more_is_asked_than_it_may_have_changed(asked, study, storage):
    reader, statements = asked
    add(study, curve=[0.5], **ATTRIBUTES)
    add(study, TrialState.RUNNING, [0.5], **ATTRIBUTES, **HEAVY)
    reader.read()
    storage.set_trial_intermediate_value(2, 2, 0.6)
    statements.clear()
    assert reader.read().trials[1].curve == (0.5, 0.6)
    # Begin, what is new, the tables' form, the study, its attributes; the trials
    # and their attributes, params and steps.
    assert len(statements) == 9


def test_a_deleted_study_is_not_shown_for_ever(study, storage, make_reader):
    add(study, curve=[0.5])
    reader = make_reader()
    reader.read()
    optuna.delete_study(study_name="tiny", storage=storage)
    with pytest.raises((RequestError, NoResultError)):
        reader.read()


def test_a_study_made_anew_under_its_old_name_has_its_own_trials(
    study, storage, make_reader
):
    add(study, curve=[0.5])
    reader = make_reader()
    reader.read()
    optuna.delete_study(study_name="tiny", storage=storage)
    add(create(storage), curve=[0.9])
    assert [row.val_accuracy for row in reader.read().trials] == [0.9]


def test_a_storage_that_is_not_there_has_no_studies_yet(tmp_path):
    with pytest.raises(NoResultError, match="there are no studies in"):
        open_engine(f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_storage_that_nothing_can_read_is_a_request_error():
    with pytest.raises(RequestError, match="cannot be read") as caught:
        open_engine("mongodb://user:secret@host/db")
    assert "secret" not in caught.value.problem


def test_a_reader_never_waits_long_for_a_lock(storage, url):
    engine = open_engine(url)
    with engine.connect() as connection:
        waits = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    engine.dispose()
    assert 0 < waits <= 1000
