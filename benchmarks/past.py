"""Very many trials of a study, written down at once as if they had been trained."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import optuna
from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import insert, select

from autocnn.search.space import Space, draw
from benchmarks.curves import Curves


def write(
    storage: RDBStorage, study: int, space: Space, curves: Curves, trials: int
) -> None:
    """Write trials down; Optuna would take a statement for each of their values."""
    now = datetime.now(UTC).replace(tzinfo=None)
    table = models.TrialModel.__table__
    of_study = select(table.c.number, table.c.trial_id).where(table.c.study_id == study)
    with storage.engine.begin() as connection:
        there = len(connection.execute(of_study).all())
        made = dict(enumerate(_trials(space, curves, trials), there))
        whole = [
            {
                "study_id": study,
                "number": number,
                "state": trial.state,
                "datetime_start": now,
                "datetime_complete": now,
            }
            for number, trial in made.items()
        ]
        connection.execute(insert(table), whole)
        ids = {row.number: row.trial_id for row in connection.execute(of_study)}
        rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for number, trial in made.items():
            for kind, values in _values(trial):
                rows[kind].append({"trial_id": ids[number], **values})
        for kind, several in rows.items():
            connection.execute(insert(kind), several)


def _trials(space: Space, curves: Curves, trials: int) -> Iterator[FrozenTrial]:
    """Draw them at random; most were pruned on their way."""
    whole = curves.whole
    drawn = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for number in range(trials):
        trial = drawn.ask()
        draw(space, trial)
        curve = whole[number % len(whole)].curve
        epochs = (1, 1, 3, 1, 1, 3, 1, 1, len(curve))[number % 9]
        complete = epochs == len(curve)
        yield optuna.trial.create_trial(
            state=TrialState.COMPLETE if complete else TrialState.PRUNED,
            value=max(curve) if complete else None,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={"key": f"{number}", "epochs": [[0.0] * 6] * epochs},
            intermediate_values=dict(enumerate(curve[:epochs], 1)),
        )


def _values(trial: FrozenTrial) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Give what a trial has: the table, and a row of it."""
    for name, distribution in trial.distributions.items():
        yield (
            models.TrialParamModel,
            {
                "param_name": name,
                "param_value": distribution.to_internal_repr(trial.params[name]),
                "distribution_json": distribution_to_json(distribution),
            },
        )
    for key, value in trial.user_attrs.items():
        yield (
            models.TrialUserAttributeModel,
            {"key": key, "value_json": json.dumps(value)},
        )
    for step, value in trial.intermediate_values.items():
        kind = models.TrialIntermediateValueModel
        stored, how = kind.intermediate_value_to_stored_repr(value)
        yield (
            kind,
            {
                "step": step,
                "intermediate_value": stored,
                "intermediate_value_type": how,
            },
        )
    if trial.value is not None:
        stored, sort = models.TrialValueModel.value_to_stored_repr(trial.value)
        yield (
            models.TrialValueModel,
            {"objective": 0, "value": stored, "value_type": sort},
        )
