"""What a search still takes follows from prices first, from its own trials then."""

import dataclasses
import math

import pytest

from autocnn.nets.net import summarize
from autocnn.search import rungs
from autocnn.search.forecast import PRUNED_SHARE, Forecast, Spent, epoch_share
from autocnn.search.jobs import Job
from autocnn.search.trials import Plan, Running
from autocnn.train.cost import epoch_seconds, reference


@pytest.fixture
def plan(make_search, tiny_data, tmp_path):
    return Plan(
        config=make_search(epochs=10).config,
        info=tiny_data.info,
        data=tiny_data.folder,
        folder=tmp_path,
        trials=8,
        prices=reference(),
        typical_epoch=lambda: 2.0,
    )


@pytest.fixture
def make_running(make_recipe, plan):
    def make(epochs=10, done=0, last=0.0, folds=0):
        recipe = make_recipe(epochs=epochs)
        job = Job(
            trial=0, recipe=recipe, shape=plan.config.shape, data=plan.data,
            folder=plan.folder, seed=0, split_seed=0,
        )  # fmt: skip
        return Running(
            trial=None,
            curve=[0.5] * done,
            folds=folds,
            job=job,
            summary=summarize(recipe, plan.config.shape),
            last_epoch_seconds=last,
        )

    return make


def test_before_its_first_epoch_a_trial_s_pace_is_predicted(plan, make_running):
    running = make_running()
    expected = epoch_seconds(
        reference(),
        running.summary,
        running.job.recipe.train,
        plan.config.shape,
        train_images=plan.config.train_images,
        val_images=plan.config.val_images,
    )
    assert Forecast(plan, 2).epoch(running) == expected


def test_after_it_the_pace_is_its_own(plan, make_running):
    assert Forecast(plan, 2).epoch(make_running(done=1, last=7.0)) == 7.0


def test_without_trials_behind_it_the_typical_network_stands_for_those_to_come(plan):
    assert Forecast(plan, 2).left([], 4, Spent()) == pytest.approx(4 * 10 * 2.0 / 2)


def test_finished_trials_replace_the_prediction(plan):
    assert Forecast(plan, 2).left(
        [], 4, Spent(trials=[1.0, 2.0, 6.0])
    ) == pytest.approx(4 * 3.0 / 2)


def test_running_trials_take_their_remaining_epochs(plan, make_running):
    running = [make_running(done=4, last=3.0), make_running(done=9, last=1.0)]
    assert Forecast(plan, 2).left(running, 0, Spent()) == pytest.approx((6 * 3 + 1) / 2)


def test_with_folds_every_fold_is_trained(plan, make_running):
    running = make_running(epochs=5, done=1, last=2.0, folds=3)
    assert Forecast(plan, 1).left([running], 0, Spent()) == pytest.approx(2 * 5 * 2.0)


def test_pruning_saves_epochs(plan):
    config = dataclasses.replace(plan.config, pruner="median")
    pruning = dataclasses.replace(plan, config=config)
    expected = Forecast(plan, 2).left([], 4, Spent()) * PRUNED_SHARE
    assert Forecast(pruning, 2).left([], 4, Spent()) == pytest.approx(expected)
    assert epoch_share(plan.config) == 1.0


@pytest.fixture
def halving(plan):
    return dataclasses.replace(
        plan, config=dataclasses.replace(plan.config, pruner="asha")
    )


def test_with_pauses_a_third_of_the_trials_passes_each_rung(halving):
    share = rungs.epoch_share(10)
    left = Forecast(halving, 2).left([], 4, Spent())
    assert left == pytest.approx(4 * 10 * share * 2.0 / 2)


def test_with_pauses_what_is_done_counts_whoever_did_it(halving):
    spent = Spent(epochs=[3.0] * 6)
    left = Forecast(halving, 1).left([], 4, spent, begun=3)
    assert left == pytest.approx(7 * 10 * rungs.epoch_share(10) * 3.0 - 6 * 3.0)


def test_a_running_trial_comes_to_its_next_rung_at_least(halving, make_running):
    running = [make_running(done=2, last=5.0)]
    spent = Spent(epochs=[1.0] * 100)
    assert Forecast(halving, 1).left(running, 0, spent, begun=1) == 4 * 5.0


def test_trials_to_come_reach_their_first_rung_at_least(halving):
    spent = Spent(epochs=[1.0] * 1_000)
    first = halving.rungs[0]
    assert Forecast(halving, 1).left([], 5, spent, begun=1) == 5 * first * 1.0


def test_nothing_is_said_where_nothing_is_known(plan, make_running):
    unknown = dataclasses.replace(plan, prices=None, typical_epoch=lambda: None)
    assert Forecast(unknown, 2).epoch(make_running()) is None
    assert Forecast(unknown, 2).left([make_running()], 4, Spent()) is None


@pytest.mark.parametrize("typical", [1_000.0, None])
def test_the_deadline_comes_first(plan, now, typical):
    ending = dataclasses.replace(plan, deadline=now + 60, typical_epoch=lambda: typical)
    left = Forecast(ending, 2).left([], 4, Spent())
    assert left is not None
    assert math.isclose(left, 60, abs_tol=1)


def test_a_time_without_a_number_of_trials_is_used_up(plan, now):
    endless = dataclasses.replace(plan, trials=None, deadline=now + 100)
    assert Forecast(endless, 2).left([], 1, Spent()) == pytest.approx(100, abs=5)


def test_a_machine_that_is_slower_than_its_prices_is_believed(plan, make_running):
    forecast, fresh = Forecast(plan, 2), make_running()
    predicted = forecast.epoch(fresh)
    running = make_running()
    for ratio in (30.0, 3.0, 4.0, 3.0):
        forecast.hear(running, ratio * predicted)
        assert forecast.epoch(fresh) == predicted
    forecast.hear(running, 2.0 * predicted)
    assert forecast.epoch(fresh) == pytest.approx(3.0 * predicted)
    assert forecast.epoch(running) == pytest.approx(2.0 * predicted)
