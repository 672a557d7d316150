"""The contract of every line of PRUNERS, and where successive halving judges."""

import warnings

import optuna
import pytest

from autocnn.errors import RequestError
from autocnn.search.pruners import PRUNERS, make_pruner
from autocnn.search.rungs import first_rung, rungs

every_pruner = pytest.mark.parametrize("name", PRUNERS)
every_length = pytest.mark.parametrize("steps", [1, 2, 9, 20])


def pruned_at(name: str, steps: int, levels: list[float]) -> list[int | None]:
    """Run trials one after the other; say at which step each was given up."""
    study = optuna.create_study(direction="maximize", pruner=make_pruner(name, steps))
    return [_run(study, steps, level) for level in levels]


def _run(study: optuna.Study, steps: int, level: float) -> int | None:
    trial = study.ask()
    for step in range(1, steps + 1):
        trial.report(level * (1 + step / 1000), step)
        if step < steps and trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return step
    study.tell(trial, level)
    return None


@every_pruner
@every_length
def test_a_pruner_judges_trials_of_any_length_and_spares_what_gets_better(name, steps):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        judged = pruned_at(name, steps, [0.1 * level for level in range(8)])
    assert judged[0] is None
    assert judged[-1] is None


@pytest.mark.parametrize("name", ["asha", "median", "percentile"])
def test_a_pruner_gives_a_weak_trial_up(name):
    strong = [0.9, 0.8, 0.85, 0.88, 0.87, 0.86]
    *_, weak = pruned_at(name, 20, [*strong, 0.1])
    assert weak is not None


def test_without_a_pruner_all_are_trained_to_the_end():
    assert pruned_at("none", 9, [0.9, 0.8, 0.1, 0.0]) == [None] * 4


@every_length
def test_successive_halving_judges_where_it_says(steps):
    levels = [0.9, *[0.1] * 5]
    found = {step for step in pruned_at("asha", steps, levels) if step}
    assert found <= set(rungs(steps))
    assert found >= set(rungs(steps)[:1])
    assert first_rung(steps) >= 1


def test_an_unknown_pruner_is_answered_with_the_nearest():
    with pytest.raises(RequestError) as caught:
        make_pruner("ahsa", 9)
    assert caught.value.hint == "did you mean 'asha'?"


def test_every_pruner_says_what_it_does():
    assert all(row.help for row in PRUNERS.values())
