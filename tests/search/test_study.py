"""Studies: created, resumed, or refused with a diff."""

import dataclasses
import json

import optuna
import pytest

from autocnn.errors import RequestError, StudyError
from autocnn.search import space as spaces
from autocnn.search.study import (
    StudyConfig,
    agree_on_trials,
    change_trials,
    check_name,
    fresh_name,
    open_study,
    stored_config,
)


@pytest.fixture
def config(make_search) -> StudyConfig:
    return make_search().config


def test_a_study_keeps_its_config(storage, config):
    assert stored_config(storage, "a") is None
    study = open_study(storage, "a", config)
    assert study.direction is optuna.study.StudyDirection.MAXIMIZE
    assert study.metric_names == ["val_accuracy"]
    assert stored_config(storage, "a") == config


def test_a_config_survives_json(config, tiny_shape):
    default = spaces.default_space(tiny_shape, accelerated=True)
    for each in (config, dataclasses.replace(config, space=default)):
        kept = json.loads(json.dumps(each.to_dict()))
        assert StudyConfig.from_dict(kept) == each


def test_a_config_from_before_there_were_limits_has_none(config):
    document = config.to_dict()
    del document["limits"]
    assert StudyConfig.from_dict(document) == config


def test_the_same_search_is_resumed(storage, config):
    open_study(storage, "a", config).add_trial(optuna.trial.create_trial(value=0.5))
    assert len(open_study(storage, "a", config).trials) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"sampler": "tpe"},
        {"pruner": "asha"},
        {"source": "/elsewhere"},
        {"limits": {"parameters": 300_000, "latency": 0.02}},
    ],
)
def test_how_trials_are_drawn_and_judged_may_change(storage, config, changes):
    open_study(storage, "a", config)
    other = dataclasses.replace(config, **changes)
    open_study(storage, "a", other)
    assert stored_config(storage, "a") == other


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"epochs": 20}, "epochs was 3, now 20"),
        ({"folds": 3}, "folds was 0, now 3"),
        ({"seed": 1}, "seed was 0, now 1"),
        ({"fingerprint": "other"}, "its images were others than those in"),
        ({"val_images": 7}, "val_images was 31, now 7"),
    ],
)
def test_another_search_is_refused_with_a_diff(storage, config, changes, difference):
    open_study(storage, "a", config)
    with pytest.raises(StudyError, match=difference) as caught:
        open_study(storage, "a", dataclasses.replace(config, **changes))
    assert caught.value.problem.startswith("study 'a' is a different search: ")
    assert "--new" in caught.value.hint
    assert stored_config(storage, "a") == config


def test_the_diff_goes_into_the_space(storage, config):
    open_study(storage, "a", config)
    ranges = dict(config.space.ranges)
    del ranges["batch_size"]
    space = dataclasses.replace(config.space, ranges=ranges)
    with pytest.raises(StudyError) as caught:
        open_study(storage, "a", dataclasses.replace(config, space=space))
    assert "space.ranges.batch_size was [16, 32], now null" in caught.value.problem


def test_all_differences_are_told(storage, config):
    open_study(storage, "a", config)
    with pytest.raises(StudyError, match="epochs was 3, now 4; seed was 0, now 5"):
        open_study(storage, "a", dataclasses.replace(config, epochs=4, seed=5))


def test_a_study_that_is_not_ours_is_left_alone(storage, config):
    optuna.create_study(study_name="theirs", storage=storage)
    with pytest.raises(StudyError, match="'theirs' was not made by autocnn"):
        open_study(storage, "theirs", config)


def test_a_fresh_name_is_numbered(storage, config):
    for expected in ("a", "a-2", "a-3"):
        assert fresh_name(storage, "a") == expected
        open_study(storage, expected, config)


@pytest.mark.parametrize("name", ["CATS", "Köln", "KOLN", "Ko\u0308ln"])
def test_a_name_that_a_disk_or_a_database_takes_for_another_is_refused(
    storage, config, name
):
    for first in ("cats", "koln"):
        open_study(storage, first, config)
    with pytest.raises(RequestError, match=f"'{name}' is too much like study '"):
        open_study(storage, name, config)
    assert fresh_name(storage, name) == f"{name}-2"
    assert open_study(storage, "cat", config).study_name == "cat"


@pytest.mark.parametrize("name", ["digits", "my.study-2", "Köln_7", "x" * 100])
def test_a_name_is_what_can_name_a_folder_everywhere(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "-x", "a/b", "a\\b", "a b", "a\n", "x" * 101]
)
def test_other_names_are_refused(name):
    with pytest.raises(RequestError, match="cannot name a study"):
        check_name(name)


@pytest.mark.parametrize(
    ("typed", "total", "reached", "agreed"),
    [
        ("12", 12, 5, 300),  # the same again: what a person has made of it meanwhile
        ("12", 12, 300, 12),
        ("20", 20, 5, 20),
        ("+8", 13, 5, 13),
    ],
)
def test_a_search_that_was_broken_off_goes_on_to_what_it_was_to_reach(
    storage, config, typed, total, reached, agreed
):
    study = open_study(storage, "a", config)
    assert agree_on_trials(study, "12", 12) == 12
    change_trials(study, 300)
    for _ in range(reached):
        study.add_trial(optuna.trial.create_trial(value=0.5))
    assert agree_on_trials(study, typed, total) == agreed


def test_more_trials_are_asked_for_once_however_often_the_search_is_broken_off(
    storage, config
):
    study = open_study(storage, "a", config)
    assert agree_on_trials(study, "+3", 3) == 3
    study.add_trial(optuna.trial.create_trial(value=0.5))
    assert agree_on_trials(study, "+3", 4) == 3
    for _ in range(2):
        study.add_trial(optuna.trial.create_trial(value=0.5))
    assert agree_on_trials(study, "+3", 6) == 6
