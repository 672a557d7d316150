"""Snapshots: rows as views show them, ranked, counted, and found by name."""

from datetime import datetime

import optuna
import pytest
from optuna.distributions import IntDistribution
from optuna.trial import TrialState, create_trial

from autocnn.errors import NoResultError, RequestError
from autocnn.store.aim import standard_error
from autocnn.store.find import find_study
from autocnn.store.rows import CONFIG, find_trial, snapshot
from autocnn.views import leaderboard


@pytest.fixture
def study():
    return optuna.create_study(study_name="tiny", direction="maximize")


def add(study, state=TrialState.COMPLETE, curve=(), value=None, **attributes) -> None:
    finished = state is TrialState.COMPLETE
    study.add_trial(
        create_trial(
            state=state,
            value=(max(curve) if value is None else value) if finished else None,
            intermediate_values=dict(enumerate(curve, start=1)),
            user_attrs=attributes,
            params={"width": 8},
            distributions={"width": IntDistribution(8, 64)},
        )
    )


def test_a_trial_that_waits_does_not_hide_what_others_were_drawn_from(study):
    add(study, curve=[0.5])
    study.enqueue_trial({"width": 16})
    assert set(snapshot(study).distributions) == {"width"}


def test_a_row_says_all_there_is_to_know_of_a_trial(study):
    study.set_user_attr(CONFIG, {"val_images": 100})
    add(
        study,
        curve=[0.5, 0.9, 0.8],
        parameters=1000,
        flops=2000,
        seconds=1.5,
        recipe="layers = []",
    )
    (row,) = snapshot(study).trials
    assert (row.trial, row.state, row.status) == (0, "complete", "complete")
    assert (row.val_accuracy, row.epochs) == (0.9, 3)
    assert row.val_standard_error == pytest.approx(0.03, rel=0.05)
    assert (row.parameters, row.flops, row.seconds) == (1000, 2000, 1.5)
    assert (row.params, row.curve) == ({"width": 8}, (0.5, 0.9, 0.8))
    assert (row.reason, row.recipe) == ("", "layers = []")


def test_a_trial_of_another_program_has_a_row_too(study):
    study.add_trial(create_trial(value=0.5))
    (row,) = snapshot(study).trials
    assert (row.parameters, row.seconds, row.recipe) == (None, None, "")
    assert snapshot(study).config == {}


@pytest.mark.parametrize(
    ("state", "attributes", "status"),
    [
        (TrialState.COMPLETE, {}, "complete"),
        (TrialState.PRUNED, {}, "pruned"),
        (TrialState.FAIL, {}, "failed"),
        (TrialState.RUNNING, {}, "running"),
        (TrialState.RUNNING, {"status": "interrupted"}, "interrupted"),
        (TrialState.WAITING, {}, "waiting"),
        (TrialState.COMPLETE, {"status": "interrupted"}, "complete"),
        (TrialState.PRUNED, {"status": "refused"}, "refused"),
        (TrialState.FAIL, {"status": "refused"}, "refused"),
        (TrialState.FAIL, {"status": "paused"}, "failed"),
    ],
)
def test_a_status_is_the_state_in_our_words(study, state, attributes, status):
    add(study, state, [0.5] if state is TrialState.COMPLETE else [], **attributes)
    assert snapshot(study).trials[0].status == status


@pytest.mark.parametrize(
    ("state", "attributes", "score"),
    [
        (TrialState.PRUNED, {}, 0.9),
        (TrialState.RUNNING, {}, 0.9),
        (TrialState.PRUNED, {"folds": 4}, 0.7),
        (TrialState.FAIL, {}, 0.9),
    ],
)
def test_an_unfinished_trial_scores_by_what_it_reported(
    study, state, attributes, score
):
    add(study, state, [0.5, 0.9, 0.7], **attributes)
    assert snapshot(study).trials[0].val_accuracy == pytest.approx(score)


def test_with_folds_a_whole_trial_has_all_of_them(study):
    add(study, TrialState.RUNNING, [0.5], folds=4, planned_epochs=9)
    (row,) = snapshot(study).trials
    assert (row.epochs, row.planned_epochs) == (1, 4)


@pytest.fixture
def found(study):
    """A study of trials scored 0.5, 0.9, 0.9, none, 0.7 and 0.95 (but failed)."""
    add(study, curve=[0.5])
    add(study, curve=[0.9])
    add(study, TrialState.PRUNED, [0.9])
    add(study, TrialState.WAITING)
    add(study, TrialState.RUNNING, [0.7])
    add(study, TrialState.FAIL, [0.95])
    return snapshot(study)


def test_trials_are_ranked_by_score_the_earlier_first_at_a_tie_and_failed_last(found):
    assert [row.trial for row in found.ranked()] == [1, 2, 4, 0, 5]


def test_a_failed_trial_is_not_the_best(found):
    assert found.best().trial == 1


def test_the_statuses_are_counted(found):
    assert found.counts() == {
        "complete": 2,
        "pruned": 1,
        "waiting": 1,
        "running": 1,
        "failed": 1,
    }


def test_refused_trials_are_counted_and_have_no_rank(study):
    add(study, curve=[0.5], latency=0.02)
    add(study, TrialState.PRUNED, status="refused", reason="too large")
    found = snapshot(study)
    assert (found.refused, len(found.ranked())) == (1, 1)
    assert [row.latency for row in found.trials] == [0.02, None]
    assert [row["trial"] for row in leaderboard.rows(found)] == [0]
    assert "1 drawn and not trained" in leaderboard.heading(found)


def test_an_empty_study_has_no_best(study):
    assert snapshot(study).best() is None
    assert snapshot(study).counts() == {}


@pytest.mark.parametrize(
    ("reference", "trial"),
    [("best", 1), ("best-1", 1), ("best-2", 2), ("best-4", 0), ("0", 0), ("#5", 5)],
)
def test_a_trial_is_found_by_its_number_or_its_rank(found, reference, trial):
    assert find_trial(found, reference).trial == trial


@pytest.mark.parametrize(
    ("reference", "error", "problem"),
    [
        ("best-5", NoResultError, "has 4 scored trials, no best-5"),
        ("best-0", NoResultError, "no best-0"),
        ("17", RequestError, "study 'tiny' has no trial '17'"),
        ("-1", RequestError, "no trial '-1'"),
        ("worst", RequestError, "no trial 'worst'"),
        ("", RequestError, "no trial ''"),
    ],
)
def test_a_trial_that_is_not_there_is_said(found, reference, error, problem):
    with pytest.raises(error, match=problem) as caught:
        find_trial(found, reference)
    assert caught.value.hint


def test_a_study_without_trials_has_none_to_show(study):
    with pytest.raises(NoResultError, match="0 scored trials"):
        find_trial(snapshot(study), "best")
    with pytest.raises(RequestError, match="no trial '0'") as caught:
        find_trial(snapshot(study), "0")
    assert "-1" not in caught.value.hint


@pytest.mark.parametrize(
    ("accuracy", "images"), [(0.5, 100), (0.9, 1000), (0.83, 5000), (0.1, 400)]
)
def test_the_standard_error_is_nearly_the_binomial_one(accuracy, images):
    binomial = (accuracy * (1 - accuracy) / images) ** 0.5
    assert standard_error(accuracy, images) == pytest.approx(binomial, rel=0.02)


def test_no_error_on_some_images_does_not_mean_certainty():
    assert 0 < standard_error(1.0, 1000) < standard_error(1.0, 100) < 0.01


@pytest.mark.parametrize(("accuracy", "images"), [(None, 100), (0.5, None), (0.5, 0)])
def test_without_a_score_or_images_there_is_no_standard_error(accuracy, images):
    assert standard_error(accuracy, images) is None


@pytest.fixture
def three_studies(storage):
    """Studies a, b and c; b was active last."""
    for name, hour in (("a", 1), ("b", 9), ("c", 5)):
        study = optuna.create_study(study_name=name, storage=storage)
        trial = create_trial(value=0.5)
        trial.datetime_start = trial.datetime_complete = datetime(2025, 1, 1, hour)
        study.add_trial(trial)
    return storage


def test_without_a_name_the_study_active_last_is_meant(three_studies):
    assert find_study(three_studies, None).study_name == "b"
    assert find_study(three_studies, "c").study_name == "c"


def test_a_new_study_is_not_active_before_its_first_trial(three_studies):
    optuna.create_study(study_name="d", storage=three_studies)
    assert find_study(three_studies, None).study_name == "b"


def test_an_unknown_study_is_answered_with_the_nearest(three_studies):
    optuna.create_study(study_name="digits", storage=three_studies)
    with pytest.raises(RequestError, match="no study called 'digit'") as caught:
        find_study(three_studies, "digit")
    assert caught.value.hint == "did you mean 'digits'?"


def test_a_storage_without_studies_has_no_result(storage):
    for name in (None, "a"):
        with pytest.raises(NoResultError, match="the storage holds no study yet"):
            find_study(storage, name)
