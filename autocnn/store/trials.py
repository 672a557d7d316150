"""Rows of trials, read from Optuna's tables: all of them, then those that change."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Select, select

from autocnn.store import tables
from autocnn.store.rows import TrialRow, row

HEAVY = ("layers", "epochs")
"""Attributes of trials that are read only where they are needed."""
UNFINISHED = ("RUNNING", "WAITING")
MANY = 500
SPECIAL = {"INF_POS": float("inf"), "INF_NEG": float("-inf"), "NAN": float("nan")}


@dataclass(slots=True)
class _Parts:
    """What belongs to trials, by their ids."""

    attributes: dict[int, dict[str, Any]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    params: dict[int, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    curve: dict[int, dict[int, float]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    value: dict[int, float] = field(default_factory=dict)


class Trials:
    """The rows of one study; `take` brings them up to date."""

    def __init__(self, study: int) -> None:
        self._study = study
        self._rows: dict[int, TrialRow] = {}
        self._open: set[int] = set()
        self._paused: dict[int, int] = {}
        """How many epochs each paused trial has."""
        self._last = -1
        self.distributions: dict[str, BaseDistribution] = {}
        self._parsed: dict[str, BaseDistribution] = {}

    def rows(self) -> list[TrialRow]:
        """All rows, by their numbers."""
        return [self._rows[trial] for trial in sorted(self._rows)]

    def take(self, connection: Connection, images: int | None) -> None:
        """Read the trials that are new, or were not finished the last time.

        A paused one is read again only when it has gone on: many wait for long.
        """
        resting = self._resting(connection)
        wanted = select(
            tables.trials.c.trial_id,
            tables.trials.c.number,
            tables.trials.c.state,
            tables.trials.c.datetime_start,
            tables.trials.c.datetime_complete,
        ).where(tables.trials.c.study_id == self._study)
        if self._last >= 0:
            wanted = wanted.where(
                sqlalchemy.or_(
                    tables.trials.c.trial_id > self._last,
                    tables.trials.c.trial_id.in_(sorted(self._open)),
                )
            )
        found = [
            trial
            for trial in connection.execute(wanted)
            if trial[2] != "RUNNING" or trial[0] not in resting
        ]
        parts = self._parts(connection, [trial[0] for trial in found])
        running = [trial[0] for trial in found if trial[2] == "RUNNING"]
        for number, text in connection.execute(_epochs_of(running)):
            parts.attributes[number]["epochs"] = json.loads(text)
        for number, name, state, started, ended in found:
            self._last = max(self._last, number)
            (self._open.add if state in UNFINISHED else self._open.discard)(number)
            trial = _frozen((number, name, state, started, ended), parts)
            read = self._rows[name] = row(trial, images)
            self._paused.pop(number, None)
            if read.status == "paused":
                self._paused[number] = read.epochs

    def _resting(self, connection: Connection) -> set[int]:
        """Find the paused trials that nothing has happened to."""
        if not self._paused:
            return set()
        paused = select(tables.attributes.c.trial_id).where(
            tables.attributes.c.key == "status",
            tables.attributes.c.value_json == json.dumps("paused"),
            tables.attributes.c.trial_id.in_(self._paused),
        )
        owner = tables.steps.c.trial_id
        steps = (
            select(owner, sqlalchemy.func.count())
            .where(owner.in_(self._paused))
            .group_by(owner)
        )
        epochs = dict(tuple(each) for each in connection.execute(steps))
        return {
            trial
            for (trial,) in connection.execute(paused)
            if epochs.get(trial, 0) == self._paused[trial]
        }

    def _parts(self, connection: Connection, trials: Sequence[int]) -> _Parts:
        parts = _Parts()

        def rows(of: Select[Any], owner: Any) -> Iterable[Any]:
            if len(trials) > MANY:
                every = select(tables.trials.c.trial_id).where(
                    tables.trials.c.study_id == self._study
                )
                return connection.execute(of.where(owner.in_(every)))
            return connection.execute(of.where(owner.in_(trials)))

        drawn = sqlalchemy.func.min(tables.params.c.param_id)
        name, form = tables.params.c.param_name, tables.params.c.distribution_json
        self._describe(
            rows(
                select(name, form).group_by(name, form).order_by(drawn),
                tables.params.c.trial_id,
            )
        )
        for trial, key, text in rows(
            select(tables.attributes).where(tables.attributes.c.key.not_in(HEAVY)),
            tables.attributes.c.trial_id,
        ):
            parts.attributes[trial][key] = json.loads(text)
        known = self.distributions
        for trial, name, value in rows(
            select(
                tables.params.c.trial_id,
                tables.params.c.param_name,
                tables.params.c.param_value,
            ).order_by(tables.params.c.param_id),
            tables.params.c.trial_id,
        ):
            if name in known:  # else it was drawn between these two questions
                parts.params[trial][name] = known[name].to_external_repr(value)
        for trial, step, value, kind in rows(
            select(tables.steps), tables.steps.c.trial_id
        ):
            parts.curve[trial][step] = SPECIAL.get(kind, value)
        for trial, _, value, kind in rows(
            select(tables.values).where(tables.values.c.objective == 0),
            tables.values.c.trial_id,
        ):
            parts.value[trial] = SPECIAL.get(kind, value)
        return parts

    def _describe(self, found: Iterable[tuple[str, str]]) -> None:
        """Learn what values were drawn from: all trials of a study share it."""
        for name, text in found:
            if text not in self._parsed:
                self._parsed[text] = json_to_distribution(text)
            self.distributions[name] = self._parsed[text]


def _epochs_of(trials: Sequence[int]) -> Select[Any]:
    return select(tables.attributes.c.trial_id, tables.attributes.c.value_json).where(
        tables.attributes.c.key == "epochs", tables.attributes.c.trial_id.in_(trials)
    )


def _frozen(
    trial: tuple[int, int, str, datetime | None, datetime | None], parts: _Parts
) -> FrozenTrial:
    number, name, state, started, ended = trial
    return FrozenTrial(
        number=name,
        state=TrialState[state],
        value=parts.value.get(number),
        datetime_start=_local(started),
        datetime_complete=_local(ended),
        params=parts.params.get(number, {}),
        distributions={},
        user_attrs=parts.attributes.get(number, {}),
        system_attrs={},
        intermediate_values=parts.curve.get(number, {}),
        trial_id=number,
    )


def _local(moment: datetime | None) -> datetime | None:
    """Read what the database has in universal time, as Optuna does."""
    return moment.replace(tzinfo=UTC) if moment else None
