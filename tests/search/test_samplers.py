"""The contract of every line of SAMPLERS."""

import importlib.util
import math
import warnings

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from autocnn.errors import RequestError
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces
from autocnn.search.informed import BEST, thinned
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
    study.sampler = make_sampler(name, seed=seed)
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


@pytest.mark.parametrize("name", ["tpe", "random", "qmc"])
def test_a_search_that_goes_on_draws_as_if_it_had_not_been_broken_off(space, name):
    def drawn(pieces: list[int]) -> list[dict]:
        study, found = optuna.create_study(direction="maximize"), []
        for trials in pieces:
            study.sampler = make_sampler(name, seed=3, startup=2)
            for _ in range(trials):
                trial = study.ask()
                found.append(spaces.draw(space, trial))
                study.tell(trial, trial.number % 3 / 3)
        return found

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        unbroken = drawn([6])
        assert drawn([1, 3, 2]) == unbroken
    assert len({str(values) for values in unbroken}) == 6


@pytest.mark.parametrize("seed", [0, 2**31])
def test_any_seed_of_the_command_line_will_do(space, seed):
    study = optuna.create_study(sampler=make_sampler("tpe", seed=seed))
    assert spaces.draw(space, study.ask())


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RequestError, match="needs the package 'cmaes'") as caught:
        make_sampler("cmaes", seed=0)
    assert "pip install" in caught.value.hint


def test_an_unknown_sampler_is_answered_with_the_nearest():
    with pytest.raises(RequestError) as caught:
        make_sampler("tpee", seed=0)
    assert caught.value.hint == "did you mean 'tpe'?"


def test_every_sampler_says_what_it_is_good_for():
    assert all(row.help for row in SAMPLERS.values())


LIMIT = 20.0


def drawn_costs(name: str, seed: int, limits: dict[str, float], draws: int = 60):
    """Draw where the best is beyond the limit; what is over it is refused as ever."""
    study = optuna.create_study(direction="maximize")
    study.sampler = make_sampler(name, seed=seed, limits=limits)
    costs = []
    for _ in range(draws):
        trial = study.ask()
        width = trial.suggest_int("width", 1, 16)
        depth = trial.suggest_int("depth", 1, 8)
        rate = trial.suggest_float("rate", 0.001, 1.0, log=True)
        cost = float(width * depth)
        costs.append(cost)
        trial.set_user_attr("parameters", cost)
        if cost > LIMIT:
            trial.set_user_attr("status", "refused")
            study.tell(trial, None, TrialState.PRUNED)
        else:
            study.tell(trial, cost / 200 - (math.log10(rate) + 1) ** 2 / 10)
    return costs


@pytest.mark.parametrize(
    ("name", "seeds", "draws"),
    [("tpe", (1, 2, 3), 60), ("tpe-univariate", (1, 2, 3), 60), ("gp", (1,), 35)],
)
def test_a_sampler_that_knows_the_limits_proposes_more_that_keeps_them(
    name, seeds, draws
):
    def feasible(limits: dict[str, float]) -> int:
        late = [drawn_costs(name, seed, limits, draws)[20:] for seed in seeds]
        return sum(cost <= LIMIT for costs in late for cost in costs)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known, unknown = feasible({"parameters": LIMIT}), feasible({})
    assert known > 2 * unknown


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_bears_refused_trials(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        costs = drawn_costs(name, 0, {"parameters": LIMIT, "latency": 1.0}, 14)
    assert min(costs) <= LIMIT


def seen_by_the_sampler(limits: dict[str, float]) -> dict[int, FrozenTrial]:
    """One trial that is complete, one refused, one paused; costs of 10, 30 and 20."""
    study = optuna.create_study(direction="maximize")
    for cost in (10.0, 30.0, 20.0):
        study.ask().set_user_attr("parameters", cost)
    study.tell(0, 0.5)
    storage, ids = study._storage, [trial._trial_id for trial in study.trials]
    storage.set_trial_system_attr(ids[1], "constraints:parameters", 0.1)
    storage.set_trial_user_attr(ids[1], "status", "refused")
    study.tell(1, None, TrialState.PRUNED)
    storage.set_trial_user_attr(ids[2], "status", "paused")
    sampler = make_sampler("random", seed=0, limits=limits)
    seen = sampler._seen(study)._get_trials()
    return {trial.number: trial for trial in seen}


def test_constraints_are_those_of_the_limits_there_are_now():
    complete, refused, paused = seen_by_the_sampler({"parameters": 25.0}).values()
    assert complete.constraints["parameters"] < 0
    assert refused.constraints["parameters"] == pytest.approx(math.log(30 / 25))
    assert (refused.state, paused.state) == (TrialState.PRUNED, TrialState.PRUNED)
    complete, *_ = seen_by_the_sampler({"parameters": 5.0}).values()
    assert complete.constraints["parameters"] > 0


@pytest.mark.parametrize("limits", [{}, {"parameters": 40.0}, {"latency": 1.0}])
def test_nothing_is_learned_from_a_trial_that_would_not_be_refused_now(limits):
    complete, refused, paused = seen_by_the_sampler(limits).values()
    states = [each.state for each in (complete, refused, paused)]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, TrialState.PRUNED]
    assert set(complete.constraints) == set(limits)


def test_a_trial_that_waited_is_seen_when_it_has_ended():
    sampler = make_sampler("random", seed=0, limits={"parameters": 25.0})
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.enqueue_trial({})
    waiting = sampler._seen(study)._get_trials()
    study.tell(study.ask(), 0.5)
    ended = sampler._seen(study)._get_trials()
    states = [each.state for each in (*waiting, *ended)]
    assert states == [TrialState.WAITING, TrialState.COMPLETE]


def test_all_parameters_of_a_trial_are_drawn_from_one_look_at_the_others(monkeypatch):
    sampler = make_sampler("tpe", seed=0, startup=2)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    looks = []
    look = study._storage.get_all_trials
    monkeypatch.setattr(
        study._storage,
        "get_all_trials",
        lambda *words, **options: looks.append(words) or look(*words, **options),
    )

    def draw(names: str) -> int:
        trial = study.ask()
        before = len(looks)
        for name in names:
            trial.suggest_float(name, 0, 1)
        study.tell(trial, sum(trial.params.values()))
        return len(looks) - before

    for _ in range(3):
        draw("ab")
    # These were in none of the trials before: each is drawn on its own.
    assert draw("cdefgh") == draw("ij")


def finished(number: int) -> FrozenTrial:
    """A trial of a large study: a ninth is complete, a few failed or still run."""
    states = [TrialState.COMPLETE, *[TrialState.PRUNED] * 7, TrialState.FAIL]
    state = TrialState.RUNNING if number % 100 == 50 else states[number % 9]
    score = (number * 7919 % 10_007) / 10_007
    trial = optuna.trial.create_trial(
        state=state,
        value=score if state is TrialState.COMPLETE else None,
        intermediate_values=dict.fromkeys(range(1, 2 + number % 3), score),
    )
    trial.number = number
    return trial


def test_of_very_many_trials_the_best_are_shown_and_an_even_sample_of_the_others():
    trials = [finished(number) for number in range(5_000)]
    shown = thinned(trials, 1_000)
    assert [t for t in shown if not t.state.is_finished()] == [
        t for t in trials if not t.state.is_finished()
    ]
    kept = [trial for trial in shown if trial.state.is_finished()]
    assert len(kept) == 1_000
    assert [trial.number for trial in shown] == sorted(t.number for t in shown)
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    best = sorted(complete, key=lambda trial: -trial.value)[:BEST]
    assert {trial.number for trial in best} <= {trial.number for trial in kept}
    for part in range(0, 5_000, 1_000):
        there = sum(part <= trial.number < part + 1_000 for trial in kept)
        assert there == pytest.approx(200, abs=20)


def test_of_few_complete_trials_the_farthest_others_are_among_the_best():
    trials = [
        trial
        for trial in map(finished, range(1_000))
        if trial.state is TrialState.PRUNED
    ]
    shown = thinned(trials, 150)
    farthest = [trial for trial in trials if len(trial.intermediate_values) == 3]
    best = sorted(farthest, key=lambda trial: -trial.intermediate_values[3])[:BEST]
    assert {trial.number for trial in best} <= {trial.number for trial in shown}


def test_all_of_few_trials_are_shown():
    trials = [finished(number) for number in range(50)]
    assert thinned(trials, 1_000) == trials


@pytest.mark.parametrize("name", ["tpe", "gp"])
def test_what_trials_have_in_common_is_what_optuna_finds(name):
    study = optuna.create_study(direction="maximize")
    sampler = make_sampler(name, seed=0)

    def check() -> None:
        trial = study.ask()
        sampler.before_trial(study, study.trials[-1])
        found = sampler.infer_relative_search_space(study, study.trials[-1])
        alone = SAMPLERS[name].make(0, 10)
        assert found == alone.infer_relative_search_space(study, study.trials[-1])
        assert list(found) == sorted(found)
        study.tell(trial, state=TrialState.FAIL)

    check()
    for number in range(12):
        trial = study.ask()
        trial.suggest_float("z", 0.0, 1.0)
        trial.suggest_int("n", 1, 3)
        trial.suggest_categorical("one", ["only"])
        if number != 7:
            trial.suggest_float("a", 0.0, 1.0 if number < 9 else 2.0)
        if number % 4 == 1:
            trial.report(0.1, 1)
        if number % 4 != 3:
            study.tell(
                trial,
                **(
                    {"state": TrialState.PRUNED} if number % 4 == 1 else {"values": 0.5}
                ),
            )
        check()
