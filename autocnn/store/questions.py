"""What is asked of Optuna's tables again and again: to make a question is dear, too."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select

from autocnn.store import tables

HEAVY = ("layers", "epochs")
"""Attributes of trials that are read only where they are needed."""
UNFINISHED = ("RUNNING", "WAITING")


@dataclass(frozen=True, slots=True)
class Question:
    """A question about what belongs to trials."""

    some: Select[Any]
    """About `trials`."""
    all: Select[Any]
    """About all trials of a `study`."""


def _about(of: Select[Any], owner: Any) -> Question:
    every = select(tables.trials.c.trial_id).where(
        tables.trials.c.study_id == bindparam("study")
    )
    return Question(some=_among(of, owner), all=of.where(owner.in_(every)))


def _among(of: Select[Any], owner: Any) -> Select[Any]:
    return of.where(owner.in_(bindparam("trials", expanding=True)))


FORM = select(
    tables.version.c.schema_version,
    select(tables.revision.c.version_num).scalar_subquery(),
)
STUDIES = select(tables.studies.c.study_id, tables.studies.c.study_name)
STUDY = (
    select(
        tables.studies.c.study_id,
        tables.trials.c.trial_id,
        tables.trials.c.datetime_start,
    )
    .select_from(
        tables.studies.outerjoin(
            tables.trials, tables.trials.c.study_id == tables.studies.c.study_id
        )
    )
    .where(tables.studies.c.study_name == bindparam("name"))
    .order_by(tables.trials.c.trial_id)
    .limit(1)
)
"""A study of a `name`, with its first trial if it has any."""
DIRECTIONS = select(tables.directions.c.direction).where(
    tables.directions.c.study_id == bindparam("study")
)
ACTIVE = select(
    tables.trials.c.study_id,
    func.max(
        func.coalesce(tables.trials.c.datetime_complete, tables.trials.c.datetime_start)
    ),
).group_by(tables.trials.c.study_id)
"""When each study was active last."""
SETTINGS = select(
    tables.study_attributes.c.key, tables.study_attributes.c.value_json
).where(tables.study_attributes.c.study_id == bindparam("study"))
TRIALS = select(
    tables.trials.c.trial_id,
    tables.trials.c.number,
    tables.trials.c.state,
    tables.trials.c.datetime_start,
    tables.trials.c.datetime_complete,
).where(
    tables.trials.c.study_id == bindparam("study"),
    or_(
        tables.trials.c.trial_id > bindparam("last"),
        tables.trials.c.trial_id.in_(bindparam("open", expanding=True)),
    ),
)
"""Trials of a `study` after the `last` one, and those among `open`."""
COUNT = select(func.count()).where(tables.trials.c.study_id == bindparam("study"))
LEADING = (
    select(tables.steps.c.trial_id)
    .join(tables.trials, tables.trials.c.trial_id == tables.steps.c.trial_id)
    .where(tables.trials.c.study_id == bindparam("study"))
    .group_by(tables.steps.c.trial_id)
    .order_by(func.max(tables.steps.c.intermediate_value).desc())
    .limit(bindparam("most"))
)
"""The trials of a `study` that came highest in any epoch, at `most` so many."""
UNDERWAY = (
    select(tables.trials.c.trial_id)
    .where(
        tables.trials.c.study_id == bindparam("study"),
        tables.trials.c.state.in_(UNFINISHED),
    )
    .limit(bindparam("most"))
)
"""Trials of a `study` that are not over."""
PAUSED = _among(
    select(tables.attributes.c.trial_id).where(
        tables.attributes.c.key == "status",
        tables.attributes.c.value_json == json.dumps("paused"),
    ),
    tables.attributes.c.trial_id,
)
EPOCHS = _among(
    select(tables.steps.c.trial_id, func.count()), tables.steps.c.trial_id
).group_by(tables.steps.c.trial_id)
"""How many steps each of the `trials` has."""
ATTRIBUTES = _about(
    select(tables.attributes).where(
        or_(
            tables.attributes.c.key.not_in(HEAVY),
            (tables.attributes.c.key == "epochs")
            & tables.attributes.c.trial_id.in_(bindparam("running", expanding=True)),
        )
    ),
    tables.attributes.c.trial_id,
)
"""The light ones, and the epochs of those that are `running`."""
PARAMS = _about(
    select(
        tables.params.c.trial_id,
        tables.params.c.param_name,
        tables.params.c.param_value,
        tables.params.c.distribution_json,
    ).order_by(tables.params.c.param_id),
    tables.params.c.trial_id,
)
STEPS = _about(select(tables.steps), tables.steps.c.trial_id)
VALUES = _about(
    select(
        tables.values.c.trial_id, tables.values.c.value, tables.values.c.value_type
    ).where(tables.values.c.objective == 0),
    tables.values.c.trial_id,
)
