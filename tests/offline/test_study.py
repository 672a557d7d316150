"""A study's trials as a table: those that were trained to their end, and no others."""

import dataclasses

import optuna
import pytest

from autocnn.choices import IntRange
from autocnn.errors import StudyError
from autocnn.offline.study import table_of
from autocnn.search.space import Space
from autocnn.search.study import StudyConfig
from autocnn.store.rows import CONFIG, snapshot


def config_of(study: optuna.Study) -> StudyConfig:
    return StudyConfig.from_dict(study.user_attrs[CONFIG])


def test_only_trials_that_were_trained_to_their_end_are_in_the_table(make_curves):
    study = make_curves(5, paused=2)
    table = table_of(snapshot(study))
    assert [row.number for row in table.rows] == [0, 1, 2, 3, 4]
    assert table.epochs == 3
    assert all(len(row.curve) == 3 for row in table.rows)
    assert table.rows[0].params == study.trials[0].params


def test_a_table_begins_with_what_a_search_of_its_space_begins_with(make_curves):
    study = make_curves(1)
    starts = table_of(snapshot(study)).starts
    assert starts[0] == config_of(study).space.defaults
    assert {"learning_rate_factor": 1.0, "optimizer": "rmsprop", "block": "plain"} in (
        starts
    )
    assert len(starts) == config_of(study).startup


@pytest.mark.parametrize("where", ["fixed", "template"])
def test_the_space_may_say_how_many_epochs_there_are(make_curves, where):
    says = {"fixed": {"epochs": 3}, "template": '{"train": {"epochs": 3}}'}
    study = make_curves(4)
    config = config_of(study)
    space = dataclasses.replace(config.space, **{where: says[where]})
    other = dataclasses.replace(config, epochs=9, space=space)
    study.set_user_attr(CONFIG, other.to_dict())
    table = table_of(snapshot(study))
    assert (table.epochs, len(table.rows)) == (3, 4)


def test_folds_and_drawn_epochs_have_no_curves_to_compare(make_curves, storage):
    with pytest.raises(StudyError, match="3 folds"):
        table_of(snapshot(make_curves(0, folds=3)))
    optuna.delete_study(study_name="tiny", storage=storage)
    drawn = Space(ranges={"epochs": IntRange(1, 3)}, fixed={}, defaults={"epochs": 3})
    study = make_curves(0, space=drawn)
    with pytest.raises(StudyError, match="differ in their epochs"):
        table_of(snapshot(study))


def test_a_study_of_another_program_is_refused():
    study = optuna.create_study(study_name="theirs", direction="maximize")
    with pytest.raises(StudyError, match="'theirs' was not made by autocnn"):
        table_of(snapshot(study))
