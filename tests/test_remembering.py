"""What a storage remembers is what it would read, and it is not read again."""

import math

import optuna
import pytest
import sqlalchemy
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from autocnn.remembering import together
from autocnn.storage import open_storage


@pytest.fixture
def url(every_url):
    return every_url


@pytest.fixture
def storage(every_storage):
    return every_storage


@pytest.fixture
def study(storage) -> optuna.Study:
    sampler = optuna.samplers.TPESampler(seed=1, n_startup_trials=3, multivariate=True)
    return optuna.create_study(
        study_name="s", storage=storage, direction="maximize", sampler=sampler
    )


def train(study: optuna.Study, number: int) -> optuna.Trial:
    """Let a trial come to something: an end, a pause, or neither."""
    trial = study.ask()
    x = trial.suggest_float("x", 1e-4, 1.0, log=True)
    trial.suggest_categorical("c", [None, "a", 3, 1.5, True])
    trial.suggest_int("n", 2, 32, step=2)
    trial.set_user_attr("log", log := [])
    for epoch in range(1, 3):
        log.append((epoch, 0.1, math.inf))
        trial.set_user_attr("log", log)
        trial.report(x / epoch, epoch)
    trial.storage.set_trial_system_attr(trial._trial_id, "own", (0.5,))
    if number % 4 == 1:
        study.tell(trial, state=TrialState.PRUNED)
    elif number % 4 == 2:
        study.tell(trial, state=TrialState.FAIL)
    elif number % 4 == 3:
        trial.set_user_attr("status", "paused")
    else:
        study.tell(trial, x)
    return trial


def without_times(trials: list[FrozenTrial]) -> list[dict[str, object]]:
    """All of trials but when they were, as it is written a moment later."""
    times = "_datetime_start", "datetime_complete"
    found = [dict(vars(trial)) for trial in trials]
    return [each | {name: each[name] is not None for name in times} for each in found]


def read_anew(url: str) -> list[FrozenTrial]:
    storage = open_storage(url)
    try:
        study = optuna.load_study(study_name="s", storage=storage)
        return study.get_trials(deepcopy=False)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def test_what_is_remembered_is_what_is_written(storage, study, url):
    for number in range(4):
        train(study, number)
    study.enqueue_trial({"x": 0.5}, user_attrs={"origin": "before"})
    with storage.alone_with(study._study_id):
        for number in range(4, 12):
            train(study, number)
        study.enqueue_trial({"x": 0.25}, user_attrs={"origin": "a person"})
        study.add_trial(
            create_trial(
                value=0.5,
                params={"x": 0.125},
                distributions={"x": FloatDistribution(1e-4, 1.0, log=True)},
                intermediate_values={1: 0.5},
            )
        )
        remembered = without_times(study.get_trials(deepcopy=False))
        assert remembered == without_times(read_anew(url))
    assert without_times(study.get_trials(deepcopy=False)) == remembered
    states = [trial["state"] for trial in remembered]
    assert {*states} == {*TrialState}


def test_no_trial_is_read_that_is_known(storage, study):
    for number in range(8):
        train(study, number)
    told: list[str] = []

    def hear(_connection, _cursor, statement: str, *_) -> None:
        told.append(statement)

    def rows() -> int:
        return sum("FROM trial_user_attributes" in each for each in told)

    sqlalchemy.event.listen(storage.engine, "before_cursor_execute", hear)
    with storage.alone_with(study._study_id):
        study.get_trials(deepcopy=False)
        told.clear()
        trial = study.ask()
        trial.suggest_float("x", 1e-4, 1.0, log=True)
        study.get_trials(deepcopy=False)
        assert not rows()
    trial.suggest_int("n", 2, 32, step=2)
    study.get_trials(deepcopy=False)
    assert rows()


def test_a_trial_that_was_given_out_does_not_change(storage, study):
    with storage.alone_with(study._study_id):
        trial = study.ask()
        before = study.get_trials(deepcopy=False)[-1]
        trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("a", 1)
        trial.report(0.5, 1)
        study.tell(trial, 0.5)
        assert before.state is TrialState.RUNNING
        assert not before.user_attrs
        assert not before.intermediate_values
        after = study.get_trials(deepcopy=False)[-1]
        assert (after.value, after.user_attrs) == (0.5, {"a": 1})


def test_other_studies_are_read_as_ever(storage, study, url):
    other = optuna.create_study(study_name="t", storage=storage)
    with storage.alone_with(study._study_id):
        second = open_storage(url, create=True)
        optuna.load_study(study_name="t", storage=second).enqueue_trial({"x": 1.0})
        assert len(other.get_trials()) == 1
        second.remove_session()
        second.engine.dispose()


def test_what_comes_together_is_written_at_once_at_its_end(storage, study, url):
    commits: list[object] = []
    sqlalchemy.event.listen(storage.engine, "commit", commits.append)
    with storage.alone_with(study._study_id):
        study.ask().suggest_float("x", 0.0, 1.0)
        trial = study.ask()
        commits.clear()
        with together(study):
            trial.suggest_float("x", 0.0, 1.0)
            trial.set_user_attr("log", log := [1])
            with together(study):
                trial.report(0.5, 1)
            log.append(2)
            _, before = read_anew(url)
            assert (before.params, before.user_attrs) == ({}, {})
            assert study.trials[1].user_attrs == {"log": [1]}
        assert len(commits) == 1
    _, after = read_anew(url)
    assert after.params == trial.params
    assert after.user_attrs == {"log": [1]}
    assert after.intermediate_values == {1: 0.5}


def test_the_end_of_a_trial_is_written_when_it_is_told(storage, study, url):
    with storage.alone_with(study._study_id), together(study):
        trial = study.ask()
        trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("reason", "")
        study.tell(trial, 0.5)
        (told,) = read_anew(url)
        assert (told.params, told.user_attrs) == (trial.params, {"reason": ""})
        assert (told.state, told.value) == (TrialState.COMPLETE, 0.5)


def test_what_came_before_an_error_is_written_too(storage, study, url):
    with storage.alone_with(study._study_id):
        trial = study.ask()

        def divide() -> None:
            with together(study):
                trial.set_user_attr("a", 1 // len(study.trials))
                trial.set_user_attr("b", 1 // 0)

        with pytest.raises(ZeroDivisionError):
            divide()
    assert read_anew(url)[0].user_attrs == {"a": 1}


def test_a_study_that_others_write_too_is_written_at_once(study, url):
    with together(study):
        study.ask().set_user_attr("a", 1)
        assert read_anew(url)[0].user_attrs == {"a": 1}
