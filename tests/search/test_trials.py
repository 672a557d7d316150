"""A trial in the driver's hands: written into the study, and where it stands."""

import optuna
import pytest

from autocnn import recipe as recipes
from autocnn.errors import RequestError
from autocnn.search import best
from autocnn.search.trials import Plan, Running, keep, prepare, standing
from autocnn.train.attempt import weights_file


@pytest.fixture
def plan(make_search):
    def make(*args, **changes) -> tuple[Plan, optuna.Study]:
        search = make_search(*args, **changes)
        plan = Plan(
            config=search.config,
            info=search.data.info,
            data=search.data.folder,
            folder=search.folder,
            trials=1,
        )
        return plan, search.study

    return make


def ask(study) -> Running:
    return Running(study.ask(), [], 0)


def test_a_trials_recipe_is_in_the_study_before_it_is_trained(plan):
    made, study = plan(seed=3)
    job = prepare(ask(study), made)
    (trial,) = study.trials
    assert recipes.loads(trial.user_attrs["recipe"]).key == job.recipe.key
    assert trial.user_attrs["key"] == job.recipe.key
    assert trial.user_attrs["parameters"] > 0
    assert trial.user_attrs["flops"] > 0
    assert trial.user_attrs["seed"] == job.seed == 3000
    assert set(trial.params) == set(made.config.space.ranges)
    assert job.folder == made.folder / "checkpoints" / "0"


def test_a_trial_prepared_again_is_the_same_trial(plan):
    made, study = plan()
    running = ask(study)
    first = prepare(running, made)
    running.curve.append(0.5)
    trial = optuna.trial.Trial(study, running.trial._trial_id)
    second = prepare(Running(trial, running.curve, 0), made)
    assert second.recipe.key == first.recipe.key
    assert (second.seed, second.folder, second.reported) == (0, first.folder, 1)


def test_no_two_trials_share_a_seed(plan):
    made, study = plan()
    assert len({prepare(ask(study), made).seed for _ in range(5)}) == 5


def test_a_trial_that_cannot_be_built_says_so_after_it_was_drawn(plan):
    made, study = plan({"size": [2, 4]}, ["max_pool {size}", "max_pool 8", "flatten"])
    with pytest.raises(RequestError, match="layer 2, 'max_pool 8'"):
        prepare(ask(study), made)
    assert "size" in study.trials[0].params


@pytest.mark.parametrize(
    ("curve", "folds", "score"),
    [([], 0, None), ([0.5, 0.9, 0.7], 0, 0.9), ([0.5, 0.9, 0.7], 3, 0.7)],
)
def test_a_score_is_the_best_epoch_or_the_mean_of_folds(plan, curve, folds, score):
    _, study = plan()
    running = Running(study.ask(), curve, folds)
    assert running.score == (None if score is None else pytest.approx(score))


def test_weights_that_are_gone_are_not_kept(plan):
    made, study = plan()
    running = ask(study)
    prepare(running, made)
    running.curve.append(0.5)
    assert not keep(running, made, "tiny", made.folder / "best")
    assert not (made.folder / "best").exists()


def test_weights_that_vanish_meanwhile_are_not_kept_either(plan, monkeypatch):
    # The worker deletes them as soon as a later epoch is better.
    made, study = plan()
    running = ask(study)
    job = prepare(running, made)
    running.curve.append(0.5)
    weights = weights_file(job.folder, 0, 1)
    weights.parent.mkdir(parents=True)
    weights.write_text("weights")
    really_keep = best.keep

    def keep_too_late(folder, weights, *rest):
        weights.unlink()
        really_keep(folder, weights, *rest)

    monkeypatch.setattr(best, "keep", keep_too_late)
    assert not keep(running, made, "tiny", made.folder / "best")


@pytest.mark.parametrize(
    ("value", "others", "place"),
    [
        (0.9, [0.9], "1st of 1"),
        (0.5, [0.9, 0.5], "2nd of 2"),
        (0.5, [0.9, 0.8, 0.5, 0.4], "3rd of 4"),
        (0.5, [0.5, 0.5, 0.9], "2nd of 3"),
        (0.0, [i / 10 for i in range(11)], "11th of 11"),
        (0.0, [i / 10 for i in range(12)], "12th of 12"),
        (0.0, [i / 100 for i in range(21)], "21st of 21"),
        (0.0, [i / 1000 for i in range(113)], "113th of 113"),
    ],
)
def test_a_standing_is_a_place_among_all(value, others, place):
    assert standing(value, others) == place
