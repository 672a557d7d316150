"""A time budget plans epochs and sizes, and the best is finished before it is up."""

import dataclasses
import math
from types import SimpleNamespace

import pytest

from autocnn.events import EpochEnded, TrialEnded
from autocnn.nets.net import summarize
from autocnn.recipe import ImageShape
from autocnn.search import driver as drivers
from autocnn.search import space as spaces
from autocnn.search.budget import (
    LEAST_EPOCHS,
    MOST_EPOCHS,
    SHARE,
    final_seconds,
    planned,
)
from autocnn.train.cost import epoch_seconds, reference

SHAPE = ImageShape(height=32, width=32, channels=3, classes=10)


@pytest.fixture
def config(make_search):
    base = make_search(pruner="asha").config
    space = spaces.default_space(SHAPE, accelerated=False)
    return dataclasses.replace(
        base, space=space, shape=SHAPE, train_images=45_000, val_images=5_000
    )


def first_epoch(config) -> float:
    recipe = spaces.to_recipe(config.space, config.space.defaults, SHAPE, epochs=1)
    return epoch_seconds(
        reference(), summarize(recipe, SHAPE), recipe.train, SHAPE,
        train_images=config.train_images, val_images=config.val_images,
    )  # fmt: skip


@pytest.mark.parametrize("epochs", [5, 10, 20])
def test_a_full_trial_takes_half_of_the_time(config, epochs):
    seconds = (epochs + 0.3) * first_epoch(config) / SHARE
    plan = planned(config, reference(), seconds)
    assert plan.epochs == epochs
    assert plan.space == config.space


def test_before_a_final_training_two_epochs_are_enough_to_rank(config):
    seconds = 1.6 * first_epoch(config) / SHARE
    plan = planned(config, reference(), seconds, final=True)
    assert (plan.epochs, plan.space) == (2, config.space)
    seconds = 1.2 * first_epoch(config) / SHARE
    plan = planned(config, reference(), seconds, final=True)
    assert plan.epochs == 2
    assert plan.space.max_flops < config.space.max_flops


def test_half_of_the_time_is_kept_for_a_final_training_or_what_is_of_use(config):
    assert final_seconds(config, None, 600.0, most=100) == 300.0
    assert final_seconds(config, reference(), 600.0, most=100) == 300.0
    longest = 100 * first_epoch(config)
    assert final_seconds(config, reference(), 1e9, most=100) == pytest.approx(longest)


def test_trials_as_long_as_the_longest_final_training_get_all_the_time(config):
    config = dataclasses.replace(config, epochs=100)
    assert final_seconds(config, reference(), 600.0, most=100) == 0.0
    config = dataclasses.replace(config, epochs=99)
    assert final_seconds(config, reference(), 600.0, most=100) == 300.0


def test_no_trial_is_longer_than_is_of_use(config):
    assert planned(config, reference(), 1e9).epochs == MOST_EPOCHS


def test_in_little_time_networks_are_smaller(config):
    seconds = first_epoch(config) * 3
    plan = planned(config, reference(), seconds)
    assert plan.epochs == LEAST_EPOCHS
    assert plan.space.max_flops < config.space.max_flops
    # Full trials then take about half of the time, too: widths go in steps.
    assert first_epoch(plan) * LEAST_EPOCHS < 0.8 * seconds


def test_a_space_that_says_its_epochs_keeps_them(config):
    space = dataclasses.replace(config.space, fixed={**config.space.fixed, "epochs": 7})
    own = dataclasses.replace(config, space=space)
    assert planned(own, reference(), 60.0) == own


class Clock:
    """Goes on by what epochs are said to take."""

    def __init__(self, monkeypatch, workers: int) -> None:
        self.now, self.workers = 0.0, workers
        time = SimpleNamespace(monotonic=lambda: self.now)
        monkeypatch.setattr(drivers, "time", time)

    def __call__(self, event) -> None:
        if isinstance(event, EpochEnded):
            self.now += event.seconds / self.workers


def by_number(job, fold, epoch):
    """The seventh trial is the best, then the first; all grow with their epochs."""
    return 0.3 + {6: 0.3, 0: 0.2}.get(job.trial, 0.01 * (job.trial % 7)) + epoch / 100


@pytest.mark.parametrize("slots", [1, 2])
@pytest.mark.parametrize("seconds", [25, 30, 45])
def test_the_best_is_finished_before_the_time_is_up(
    make_search, scripted, monkeypatch, seconds, slots
):
    search = make_search(epochs=9, pruner="asha")
    clock = Clock(monkeypatch, slots)
    outcome = search.run(
        scripted(by_number, slots), trials=None, emit=clock, deadline=float(seconds)
    )
    assert outcome == "time is up"
    # An epoch of each worker at most beyond the deadline.
    assert clock.now <= seconds + 1
    rows = search.rows()
    seen = [row for row in rows if row.epochs]
    best = max(seen, key=lambda row: row.curve[0])
    assert (best.status, best.epochs) == ("complete", 9)
    assert len(rows) > 3


@pytest.mark.parametrize("seconds", [9.0, 12.0])
def test_time_kept_for_a_final_training_is_lent_to_the_first_trial(
    make_search, scripted, monkeypatch, seconds
):
    search = make_search(epochs=9)
    clock = Clock(monkeypatch, 1)
    plan = {"deadline": seconds, "final_seconds": 6.0}
    search.run(scripted(by_number), trials=2, emit=clock, **plan)
    (first,) = search.rows()
    assert (first.status, first.epochs) == ("complete", 9)


@pytest.mark.parametrize("seconds", [10, 15, 20])
def test_even_in_little_time_the_first_is_finished(
    make_search, scripted, monkeypatch, seconds
):
    search = make_search(epochs=9, pruner="asha")
    clock = Clock(monkeypatch, 1)
    search.run(scripted(by_number), trials=None, emit=clock, deadline=float(seconds))
    assert clock.now <= seconds + 1
    assert search.rows()[0].status == "complete"


def test_with_time_alone_trials_have_no_end(make_search, scripted, monkeypatch):
    search = make_search(epochs=2, pruner="none")
    clock = Clock(monkeypatch, 1)
    search.run(scripted(by_number), trials=None, emit=clock, deadline=99.0)
    assert len(search.rows()) == 50


@pytest.mark.parametrize(("target", "trials"), [(0.52, 1), (0.61, 7), (0.99, 9)])
def test_a_target_ends_a_search_when_it_is_reached(
    make_search, scripted, target, trials
):
    search = make_search(epochs=2, pruner="none")
    outcome = search.run(scripted(by_number), trials=9, target=target)
    assert outcome == ("complete" if trials == 9 else "target reached")
    ended = [each for each in search.told(TrialEnded) if each.status == "complete"]
    assert len(ended) == trials


def test_patience_ends_a_search_without_progress(make_search, scripted):
    search = make_search(epochs=1, pruner="none")
    outcome = search.run(scripted(by_number), trials=50, patience=4)
    assert outcome == "no more gain expected"
    # The first was not beaten by the next four.
    assert len([row for row in search.rows() if row.status == "complete"]) == 5


def test_no_deadline_is_none(make_search, scripted):
    search = make_search(epochs=9, pruner="asha")
    assert search.run(scripted(by_number), trials=9, deadline=math.inf) == "complete"


@pytest.mark.parametrize("slots", [1, 2])
def test_nothing_is_begun_that_has_no_time_for_an_epoch(
    make_search, scripted, monkeypatch, slots
):
    search = make_search(epochs=4, pruner="asha")
    clock, begun = Clock(monkeypatch, slots), []
    engine = scripted(by_number, slots)
    submit = engine.submit

    def when(job):
        begun.append(clock.now)
        submit(job)

    engine.submit = when
    outcome = search.run(engine, trials=None, emit=clock, deadline=9.5)
    assert outcome == "time is up"
    assert max(begun) <= 8.5
    assert clock.now >= 8.5
    assert all(row.epochs for row in search.rows())
