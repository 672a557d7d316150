"""A study's space grows while its trials stay."""

import dataclasses

import optuna
import pytest

from autocnn.choices import FloatRange, IntRange, OneOf
from autocnn.errors import StudyError
from autocnn.search import space as spaces
from autocnn.search.study import open_study, stored_config
from autocnn.search.widen import is_wider, merged

DRAWN = {
    "learning_rate": {"min": 0.01, "max": 0.05, "log": True},
    "batch_size": [16, 32],
    "optimizer": ["sgd", "adam"],
    "width": {"min": 8, "max": 16, "step": 8},
}
LAYERS = ["conv {width} bias=false", "batch_norm", "relu", "max_pool 2", "flatten"]
WIDER = {
    "learning_rate": FloatRange(0.001, 0.1, log=True),
    "batch_size": OneOf((8, 32, 16)),
    "optimizer": OneOf(("nadam", "adam", "sgd")),
    "width": IntRange(8, 32, step=8),
}


@pytest.fixture
def search(make_search):
    return make_search(DRAWN, LAYERS, epochs=2, sampler="tpe")


def changed(space, **ranges):
    return dataclasses.replace(space, ranges={**space.ranges, **ranges})


def rising(job, fold, epoch):
    return 0.5 + job.trial / 1000 + epoch / 10_000


def test_trials_keep_their_values_and_new_ones_come_from_the_wider_space(
    search, scripted
):
    search.run(scripted(rising), trials=12)
    before = [dict(row.params) for row in search.rows()]
    space = merged(search.config.space, changed(search.config.space, **WIDER))
    search.config = dataclasses.replace(search.config, space=space)
    search.run(scripted(rising), trials=60)
    rows = search.rows()
    assert [dict(row.params) for row in rows[:12]] == before
    later = rows[12:]
    assert {row.params["optimizer"] for row in later} == {"sgd", "adam", "nadam"}
    assert max(row.params["width"] for row in later) > 16
    assert stored_config(search.storage, "tiny").space == space


def test_the_sampler_s_joint_model_covers_old_and_new_trials(search, scripted):
    search.run(scripted(rising), trials=3)
    space = merged(search.config.space, changed(search.config.space, **WIDER))
    search.config = dataclasses.replace(search.config, space=space)
    search.run(scripted(rising), trials=6)
    shared = optuna.search_space.intersection_search_space(
        search.study.get_trials(deepcopy=False)
    )
    assert set(shared) == set(DRAWN)
    assert shared["optimizer"].choices == ("sgd", "adam", "nadam")


@pytest.mark.parametrize(
    "narrower",
    [
        {"learning_rate": FloatRange(0.02, 0.05, log=True)},
        {"learning_rate": FloatRange(0.01, 0.05)},
        {"width": IntRange(4, 16, step=8)},
        {"width": IntRange(8, 16)},
        {"optimizer": OneOf(("sgd", "nadam"))},
        {"optimizer": FloatRange(0.0, 1.0)},
    ],
)
def test_what_some_trial_could_not_be_of_is_refused(search, scripted, narrower):
    search.run(scripted(rising), trials=2)
    space = merged(search.config.space, changed(search.config.space, **narrower))
    assert not is_wider(search.config.space, space)
    config = dataclasses.replace(search.config, space=space)
    with pytest.raises(StudyError, match=r"space\.ranges\.") as caught:
        open_study(search.storage, "tiny", config)
    assert "wider ranges and added choices are welcome" in caught.value.hint


def test_another_parameter_makes_another_study(search):
    more = changed(search.config.space, momentum=FloatRange(0.8, 0.9))
    fewer = dict(search.config.space.ranges)
    del fewer["width"]
    less = dataclasses.replace(search.config.space, ranges=fewer)
    assert not is_wider(search.config.space, more)
    assert not is_wider(search.config.space, less)


def test_the_order_in_which_a_file_lists_choices_changes_nothing(tmp_path, tiny_shape):
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text('[space]\noptimizer = ["sgd", "adam"]\nwidth = [16, 32]\n')
    other.write_text('[space]\nwidth = [32, 16, 24]\noptimizer = ["adam", "sgd"]\n')
    first, second = (
        spaces.read_space(path, tiny_shape, accelerated=False) for path in (one, other)
    )
    grown = merged(first, second)
    assert is_wider(first, grown)
    assert grown.ranges["width"] == OneOf((16, 32, 24))
    assert grown.ranges["optimizer"] == first.ranges["optimizer"]
