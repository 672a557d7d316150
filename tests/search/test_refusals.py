"""Drawn trials that are not trained, by a script of what workers say."""

import dataclasses
import json

import pytest
from optuna.trial import TrialState

from autocnn.errors import RequestError
from autocnn.events import Notice, TrialEnded
from autocnn.search import refusals
from autocnn.search import space as spaces
from autocnn.search.limits import LIMITS, describe
from autocnn.store.command import send
from autocnn.train.cost import reference

# 235, 467, 931 and 1,859 parameters.
WIDTHS = {"width": [4, 8, 16, 32], "learning_rate": {"min": 0.001, "max": 0.1}}
LAYERS = ["conv {width}", "relu", "max_pool 2", "flatten"]
SIX = {"batch_size": [16, 32], "optimizer": ["sgd", "adam", "nadam"]}


def rising(job, fold, epoch):
    return 0.5 + job.trial / 1000 + epoch / 10_000


def widths(rows):
    return [row.params["width"] for row in rows]


def of(search, status):
    return [row for row in search.rows() if row.status == status]


@pytest.fixture
def make_limited(make_search):
    """Make a search over networks of four widths under limits."""

    def make(limits, drawn=WIDTHS, **changes):
        return make_search(drawn, LAYERS, limits=limits, epochs=1, **changes)

    return make


def test_a_network_over_a_limit_is_not_trained_and_says_why(make_limited, scripted):
    search = make_limited({"parameters": 800})
    engine = scripted(rising)
    assert search.run(engine, trials=6) == "complete"
    trained, refused = of(search, "complete"), of(search, "refused")
    assert set(widths(trained)) <= {4, 8}
    assert set(widths(refused)) <= {16, 32}
    assert len(engine.submitted) == len(trained) == 6
    over = next(row for row in refused if row.params["width"] == 32)
    assert over.reason == "1.86 k parameters, over the limit of 800"
    assert (over.state, over.epochs, over.val_accuracy) == ("pruned", 0, None)


def test_refused_trials_do_not_count(make_limited, scripted):
    search = make_limited({"parameters": 800})
    search.run(scripted(rising), trials=3)
    search.run(scripted(rising), trials=6)
    assert len(of(search, "complete")) == 6
    assert search.read().refused == len(of(search, "refused")) > 0
    ended = [each.status for each in search.told(TrialEnded)]
    assert ended.count("refused") == search.read().refused


def test_optuna_knows_what_was_refused_by_its_constraints(make_limited, scripted):
    search = make_limited({"parameters": 800, "flops": 10**9})
    search.run(scripted(rising), trials=6)
    for trial in search.study.trials:
        refused = trial.user_attrs.get("status") == "refused"
        assert refused == (trial.constraints.get("parameters", 0) > 0)
        if refused:
            assert trial.state is TrialState.PRUNED
            assert trial.constraints["flops"] < 0
            assert set(trial.params) == set(WIDTHS)


def test_a_known_good_start_that_is_too_large_is_refused_too(make_limited, scripted):
    search = make_limited({"parameters": 300})
    space = dataclasses.replace(
        search.config.space, defaults={"width": 32, "learning_rate": 0.01}
    )
    search.config = dataclasses.replace(search.config, space=space)
    search.run(scripted(rising), trials=1)
    first, *_, last = search.rows()
    assert (first.origin, first.status) == ("a known good start", "refused")
    assert (last.params["width"], last.status) == (4, "complete")


@pytest.mark.parametrize("slots", [1, 2])
def test_where_nothing_fits_the_search_ends_and_names_the_smallest(
    make_limited, scripted, slots
):
    search = make_limited({"parameters": 100})
    engine = scripted(rising, slots)
    assert search.run(engine, trials=5) == "nothing fits"
    assert engine.submitted == []
    assert len(search.rows()) == refusals.MOST_OVER
    said = search.told(Notice)[-1].text
    assert "100 times in a row" in said
    assert "parameters, over the limit of 100" in said
    least = min(row.parameters for row in search.rows())
    assert str(least) in said
    assert search.read().state.notice == said


def test_a_small_space_in_which_nothing_fits_says_so_too(make_limited, scripted):
    search = make_limited({"parameters": 100}, {"width": [8, 16]})
    assert search.run(scripted(rising), trials=5) == "nothing fits"
    assert len(search.rows()) < refusals.MOST_OVER


def test_what_runs_comes_to_its_end_when_nothing_else_fits(
    make_limited, scripted, monkeypatch
):
    monkeypatch.setattr(refusals, "MOST_OVER", 3)
    search = make_limited({"parameters": 300}, WIDTHS | {"width": [16, 32, 4]})
    search.config = dataclasses.replace(search.config, epochs=9)
    start = {"width": 4, "learning_rate": 0.01}
    space = dataclasses.replace(search.config.space, defaults=start)
    search.config = dataclasses.replace(search.config, space=space, seed=3)
    assert search.run(scripted(rising, slots=2), trials=50) == "nothing fits"
    trained = [row for row in search.rows() if row.status != "refused"]
    assert {(row.status, row.epochs) for row in trained} == {("complete", 9)}


def test_limits_may_change_between_runs(make_limited, scripted):
    search = make_limited({"parameters": 300})
    search.run(scripted(rising), trials=3)
    assert set(widths(of(search, "complete"))) == {4}
    search.config = dataclasses.replace(search.config, limits={})
    search.run(scripted(rising), trials=9)
    assert len(of(search, "complete")) == 9
    assert set(widths(of(search, "complete"))) > {4}


@pytest.mark.parametrize("name", LIMITS)
def test_every_limit_refuses_and_lets_through(make_limited, scripted, name):
    costs = {"parameters": 600, "flops": 15_000, "latency": 0.02, "epoch_seconds": 1e-9}
    search = make_limited({name: costs[name]})
    engine = scripted(rising)
    plan = {
        "prices": reference(),
        "latency": lambda recipe: recipe.layers[0].arguments[0] / 400,
    }
    outcome = search.run(engine, trials=6, **plan)
    refused = of(search, "refused")
    assert refused
    assert all("over the limit of " in row.reason for row in refused)
    if name == "epoch_seconds":
        assert outcome == "nothing fits"
        return
    assert outcome == "complete"
    assert set(widths(refused)) <= {16, 32}
    assert set(widths(of(search, "complete"))) <= {4, 8}
    assert describe({name: costs[name]}).startswith("at most ")


def test_latency_is_measured_once_a_trial_and_kept_with_it(make_limited, scripted):
    measured = []

    def measure(recipe):
        measured.append(recipe.key)
        return 0.01

    search = make_limited({"latency": 0.02, "parameters": 800})
    search.run(scripted(rising), trials=4, latency=measure)
    trained = of(search, "complete")
    # What another limit refuses is not measured.
    assert len(measured) == len(set(measured)) == len(trained) == 4
    assert {row.latency for row in trained} == {0.01}
    assert {row.latency for row in of(search, "refused")} <= {None}


def test_what_cannot_be_measured_fails(make_limited, scripted):
    search = make_limited({"latency": 0.02})
    assert search.run(scripted(rising), trials=5) == "failed"
    assert {row.reason for row in search.rows()} == {
        "cannot tell whether it keeps --max-latency"
    }


def test_equal_short_numbers_are_written_in_full():
    reason = LIMITS["parameters"].reason(300_400, 300_000)
    assert reason == "300,400 parameters, over the limit of 300,000"
    assert describe({"latency": 0.02, "parameters": 300_000}) == (
        "at most 300 k parameters, 20 ms for one image"
    )


@pytest.mark.parametrize("sampler", ["random", "tpe", "nsga2"])
@pytest.mark.parametrize("slots", [1, 3])
def test_no_recipe_is_trained_twice_and_a_space_can_be_exhausted(
    make_search, scripted, sampler, slots
):
    search = make_search(SIX, epochs=1, sampler=sampler)
    assert search.run(scripted(rising, slots), trials=50) == "complete"
    trained = of(search, "complete")
    assert len(trained) == len({json.dumps(row.params) for row in trained}) == 6
    assert "hold no more recipes" in search.told(Notice)[-1].text
    again = of(search, "refused")
    assert {row.state for row in again} == {"fail"}
    first = next(row for row in trained if row.params == again[0].params)
    assert again[0].reason == f"the same recipe as trial {first.trial}"
    assert search.run(scripted(rising, slots), trials=50) == "complete"
    assert len(of(search, "refused")) == len(again) + refusals.FEW


def test_where_no_recipes_are_left_those_who_wait_go_on(make_search, scripted):
    search = make_search(SIX, epochs=9, pruner="asha")
    engine = scripted(lambda job, fold, epoch: 0.5 - job.trial / 100, 2)
    assert search.run(engine, trials=20) == "complete"
    trained = of(search, "complete")
    assert len(trained) == 6
    assert {len(row.curve) for row in trained} == {9}
    assert any(row.promotions for row in trained)
    assert not of(search, "pruned")


def test_a_recipe_is_known_by_what_is_trained_and_not_by_what_was_drawn(
    make_search, scripted, tiny_shape
):
    start = spaces.default_space(tiny_shape, accelerated=False).defaults
    # Adam has no momentum.
    changes = start | {"optimizer": "adam", "momentum": [0.8, 0.85, 0.9, 0.95]}
    space = spaces.adjusted(changes, tiny_shape, accelerated=False, where="here")
    search = make_search(epochs=1)
    search.config = dataclasses.replace(search.config, space=space)
    search.run(scripted(rising), trials=50)
    assert len(of(search, "complete")) == 1
    assert len({row.params["momentum"] for row in of(search, "refused")}) > 1


def test_a_later_run_knows_what_an_earlier_one_trained(make_search, scripted):
    search = make_search(SIX, epochs=1)
    search.run(scripted(rising), trials=4)
    engine = scripted(rising)
    search.run(engine, trials=50)
    assert len(engine.submitted) == 2
    assert len(of(search, "complete")) == 6


def test_a_recipe_whose_trial_failed_is_tried_again(make_search, scripted):
    search = make_search({"batch_size": [16]}, epochs=1)
    failures = iter(["failed: OSError: no space left"])
    engine = scripted(lambda job, fold, epoch: next(failures, 0.5))
    search.run(engine, trials=2)
    assert [row.status for row in search.rows()] == ["failed", "complete"]


def test_paused_and_running_trials_are_known_too(make_search, scripted):
    search = make_search({"batch_size": [16, 32]}, epochs=9, pruner="asha")
    search.run(scripted(lambda job, fold, epoch: 0.5, slots=3), trials=5)
    assert len([row for row in search.rows() if row.epochs]) == 2


def test_a_person_s_copy_is_trained_if_nothing_was_trained_like_it(
    make_search, scripted
):
    search = make_search(SIX, epochs=1)
    search.run(scripted(rising), trials=2)
    driver = search.driver(scripted(rising), trials=2)
    first, second = (row.params for row in search.rows())
    with pytest.raises(RequestError, match="trial 0 has this recipe: change a value"):
        driver.enqueue(first, "edited copy of trial 0")
    sizes, optimizers = {16, 32}, {"sgd", "adam", "nadam"}
    new = next(
        {"batch_size": size, "optimizer": name}
        for size in sorted(sizes)
        for name in sorted(optimizers)
        if {"batch_size": size, "optimizer": name} not in (first, second)
    )
    driver.enqueue(new, "edited copy of trial 0")
    driver.run(lambda: False)
    copy = search.rows()[-1]
    assert (copy.status, copy.params) == ("complete", new)


def test_a_search_that_only_refuses_can_be_stopped_and_asked(make_limited, scripted):
    search = make_limited({"parameters": 100})
    stop = iter([False] * 7)
    outcome = search.run(scripted(rising), trials=5, stopping=lambda: next(stop, True))
    assert outcome == "interrupted"
    assert len(search.rows()) == 7
    driver = search.driver(scripted(rising), trials=5)
    send(search.study, "stop")
    assert driver.run(lambda: False) == "interrupted"


@pytest.mark.parametrize("moment", range(1, 8))
def test_a_driver_that_dies_anywhere_refuses_no_more_and_no_less(
    make_limited, scripted, moment
):
    search = make_limited({"parameters": 800})
    heard = []

    def die(event):
        heard.append(event)
        if len(heard) == moment:
            raise MemoryError

    try:
        search.run(scripted(rising), trials=4, emit=die)
    except MemoryError:
        search.run(scripted(rising), trials=4)
    assert len(of(search, "complete")) == 4
    assert set(widths(of(search, "complete"))) <= {4, 8}
    assert {row.status for row in search.rows()} <= {"complete", "refused"}


def test_a_trial_that_was_drawn_but_not_yet_refused_is_refused_by_the_next_driver(
    make_limited, scripted, monkeypatch
):
    search = make_limited({"parameters": 100})

    def die(*_, **__):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(refusals.Study, "tell", die)
        with pytest.raises(MemoryError):
            search.run(scripted(rising), trials=1)
    assert [row.state for row in search.rows()] == ["running"]
    search.run(scripted(rising), trials=1)
    assert search.rows()[0].status == "refused"
