"""The contract of every line of SAMPLERS."""

import importlib.util
import warnings

import optuna
import pytest

from autocnn.errors import RequestError
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces
from autocnn.search.samplers import SAMPLERS, make_sampler

SHAPE = ImageShape(height=32, width=32, channels=3, classes=10)
every_sampler = pytest.mark.parametrize("name", SAMPLERS)


@pytest.fixture
def space():
    return spaces.default_space(SHAPE, accelerated=False)


def proposals(space, name: str, *, seed: int = 0, history: int = 0) -> list[dict]:
    """Ask for three trials at once; for one after a history of random ones."""
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1)
    )
    for number in range(history):
        trial = study.ask()
        spaces.draw(space, trial)
        study.tell(trial, number % 7 / 7)
    study.sampler = make_sampler(name, seed=seed, trials=history)
    return [spaces.draw(space, study.ask()) for _ in range(1 if history else 3)]


@every_sampler
@pytest.mark.parametrize("history", [0, 12])
def test_a_sampler_proposes_trials_that_can_be_built(space, name, history):
    with warnings.catch_warnings():
        # SciPy's and Optuna's own, of what they do with this space.
        warnings.simplefilter("ignore")
        drawn = proposals(space, name, history=history)
    for values in drawn:
        assert set(values) == set(space.ranges)
        spaces.to_recipe(space, values, SHAPE, epochs=1)
    assert len({str(values) for values in drawn}) == len(drawn)


@pytest.mark.parametrize("name", ["tpe", "random", "qmc", "nsga2"])
def test_a_seed_decides_what_is_proposed(space, name):
    first, same, other = (proposals(space, name, seed=seed) for seed in (1, 1, 2))
    assert first == same
    assert first != other


def test_a_resumed_search_does_not_draw_again_what_it_drew_at_its_start(space):
    begun, resumed = (
        make_sampler("random", seed=0, trials=trials) for trials in (0, 3)
    )
    study = optuna.create_study(sampler=begun)
    first = spaces.draw(space, study.ask())
    study.sampler = resumed
    assert spaces.draw(space, study.ask()) != first


@pytest.mark.parametrize("seed", [0, 2**31])
def test_any_seed_of_the_command_line_will_do(seed):
    assert make_sampler("tpe", seed=seed, trials=10**6)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RequestError, match="needs the package 'cmaes'") as caught:
        make_sampler("cmaes", seed=0, trials=0)
    assert "pip install" in caught.value.hint


def test_an_unknown_sampler_is_answered_with_the_nearest():
    with pytest.raises(RequestError) as caught:
        make_sampler("tpee", seed=0, trials=0)
    assert caught.value.hint == "did you mean 'tpe'?"


def test_every_sampler_says_what_it_is_good_for():
    assert all(row.help for row in SAMPLERS.values())
