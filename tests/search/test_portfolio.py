"""What a study begins with: known recipes, another study's, what a person believes."""

import dataclasses

import optuna
import pytest

from autocnn.errors import RequestError
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces
from autocnn.search.portfolio import FIRST, PORTFOLIO, points_of, start_points
from autocnn.search.study import RANDOM_TRIALS, enqueue_start, open_study
from autocnn.store.rows import snapshot

SHAPES = [
    ImageShape(height=8, width=8, channels=1, classes=10),
    ImageShape(height=32, width=32, channels=3, classes=10),
    ImageShape(height=64, width=64, channels=3, classes=5),
]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


@every_shape
@pytest.mark.parametrize("accelerated", [False, True])
def test_every_recipe_of_the_portfolio_can_be_built_for_any_images(shape, accelerated):
    space = spaces.default_space(shape, accelerated=accelerated)
    points = list(start_points(space))
    assert points[0] == (FIRST, dict(space.defaults))
    assert len(points) == 1 + len(PORTFOLIO)
    keys = {
        spaces.to_recipe(space, values, shape, epochs=1).key for _, values in points
    }
    assert len(keys) == len(points)
    for name, changes in PORTFOLIO.items():
        assert set(changes) <= set(space.ranges) | set(space.fixed), name


def test_a_person_s_own_recipe_begins_as_it_is(make_search):
    space = make_search().config.space
    assert [origin for origin, _ in start_points(space)] == [FIRST]


@pytest.fixture
def config(make_search):
    space = spaces.default_space(SHAPES[0], accelerated=False)
    return dataclasses.replace(make_search().config, space=space, shape=SHAPES[0])


def waiting(study):
    return [t.user_attrs["origin"] for t in study.trials]


def test_a_new_study_begins_with_the_portfolio(storage, config):
    study = open_study(storage, "a", config)
    enqueue_start(study, config)
    assert waiting(study) == [FIRST, *(f"portfolio: {name}" for name in PORTFOLIO)]
    enqueue_start(study, config)
    assert len(study.trials) == 1 + len(PORTFOLIO)
    assert config.startup == 1 + len(PORTFOLIO)


def test_without_it_only_the_first_recipe_comes_before_random_ones(storage, config):
    config = dataclasses.replace(config, portfolio=False)
    study = open_study(storage, "a", config)
    enqueue_start(study, config)
    assert waiting(study) == [FIRST]
    assert config.startup == RANDOM_TRIALS


def test_a_small_search_queues_no_more_than_it_trains(storage, config):
    study = open_study(storage, "a", config)
    enqueue_start(study, config, trials=3)
    assert len(study.trials) == 3


def test_the_best_of_another_study_come_first_as_far_as_they_fit(storage, config):
    other = open_study(storage, "b", config)
    for number in range(4):
        trial = other.ask()
        spaces.draw(config.space, trial)
        other.tell(trial, number / 10)
    narrow = dataclasses.replace(
        config.space,
        ranges={**config.space.ranges, "width": spaces.IntRange(16, 24, step=8)},
    )
    points = list(points_of(snapshot(other), narrow))
    assert [origin for origin, _ in points][:2] == [
        "trial 3 of study b",
        "trial 2 of study b",
    ]
    assert all(values["width"] <= 24 for _, values in points)
    same = ("optimizer", "schedule", "batch_size", "momentum")
    best = other.best_trial.params
    assert {name: points[0][1][name] for name in same} == {n: best[n] for n in same}
    narrowed = dataclasses.replace(config, space=narrow)
    study = open_study(storage, "a", narrowed)
    enqueue_start(study, narrowed, points=points)
    assert waiting(study)[:5] == [*(origin for origin, _ in points), FIRST]


def space_of(tmp_path, text):
    path = tmp_path / "space.toml"
    path.write_text(text)
    return spaces.read_space(path, SHAPES[1], accelerated=False)


def test_the_first_trials_lie_around_what_a_person_believes(tmp_path):
    space = space_of(
        tmp_path,
        "[space]\n"
        "learning_rate_factor = { min = 0.1, max = 10, log = true, prior = 0.5 }\n"
        "width = { min = 16, max = 64, step = 8, prior = 32 }\n",
    )
    points = [values for _, values in start_points(space)]
    rates = [values["learning_rate_factor"] for values in points]
    assert rates[0] == pytest.approx(0.5)
    assert len(set(rates)) > 4
    assert all(0.18 < rate < 1.3 for rate in rates)
    assert {values["width"] for values in points} <= {24, 32, 40}
    kept = spaces.from_dict(spaces.to_dict(space))
    assert kept == space


@pytest.mark.parametrize("prior", ["0.01", "11", '"much"', "true"])
def test_a_prior_outside_of_its_range_is_refused(tmp_path, prior):
    text = (
        "[space]\nlearning_rate_factor = "
        f"{{ min = 0.1, max = 10, log = true, prior = {prior} }}\n"
    )
    with pytest.raises(RequestError, match="the prior of learning_rate_factor") as e:
        space_of(tmp_path, text)
    assert "from 0.1 to 10" in e.value.hint


def test_samplers_begin_to_learn_after_the_start(storage, config):
    study = open_study(storage, "a", config)
    sampler = study.sampler._sampler
    assert isinstance(sampler, optuna.samplers.RandomSampler)
    tpe = dataclasses.replace(config, sampler="tpe")
    study = open_study(storage, "b", tpe)
    assert study.sampler._sampler._n_startup_trials == 1 + len(PORTFOLIO)


def test_a_prior_alone_keeps_the_range_and_is_where_a_search_starts(tmp_path):
    path = tmp_path / "space.toml"
    path.write_text(
        "[space]\nweight_decay = { prior = 0.0001 }\nwidth = {prior = 24}\n"
    )
    usual = spaces.default_space(SHAPES[0], accelerated=False)
    space = spaces.read_space(path, SHAPES[0], accelerated=False)
    assert space.ranges == usual.ranges
    assert (space.defaults["weight_decay"], space.defaults["width"]) == (0.0001, 24)
    first = next(iter(start_points(space)))
    assert first[1]["weight_decay"] == pytest.approx(0.0001)
