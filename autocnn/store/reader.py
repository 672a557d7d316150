"""Reads a study again and again, each time only what has changed.

Optuna's own way takes 17 s for 10,000 trials; these are its tables, read directly.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Select, select
from sqlalchemy.exc import DatabaseError, OperationalError

from autocnn.errors import NoResultError, RequestError, UnavailableError, did_you_mean
from autocnn.store import tables
from autocnn.store.rows import StudySnapshot, TrialRow, compose, row, val_images

HEAVY = ("layers", "epochs")
"""Attributes of trials that only `detail` reads."""
UNFINISHED = ("RUNNING", "WAITING")
MANY = 500


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


class Reader:
    """One study in one storage; `read` gives what it is now."""

    def __init__(self, engine: sqlalchemy.Engine, name: str | None) -> None:
        self._engine = engine
        self._asked = name
        self._name = name or ""
        self._study: int | None = None
        self._rows: dict[int, TrialRow] = {}
        self._open: set[int] = set()
        self._last = -1
        self._seen: Any = None
        self._connection: Connection | None = None
        self._distributions: dict[str, BaseDistribution] = {}
        self._parsed: dict[str, BaseDistribution] = {}

    def read(self) -> StudySnapshot | None:
        """Read what has changed; None if nothing has.

        UnavailableError while the database is locked or gone; RequestError if its
        tables have another form.
        """
        try:
            return self._read()
        except OperationalError as error:
            self.close()
            raise UnavailableError(
                f"the storage does not answer: {_reason(error)}",
                hint="it is tried again; the search itself is not touched",
            ) from None
        except DatabaseError as error:
            self.close()
            raise RequestError(
                f"the storage cannot be read: {_reason(error)}",
                hint="is this a database of Optuna's studies?",
            ) from None

    def detail(self, trial: int) -> Mapping[str, Any]:
        """Read what is not in a trial's row: its layers, and all of its epochs."""
        wanted = select(tables.attributes.c.key, tables.attributes.c.value_json).where(
            tables.attributes.c.key.in_(HEAVY),
            tables.attributes.c.trial_id == tables.trials.c.trial_id,
            tables.trials.c.study_id == self._study,
            tables.trials.c.number == trial,
        )
        with self._engine.connect() as connection:
            return {key: json.loads(text) for key, text in connection.execute(wanted)}

    def histories(self) -> dict[int, list[list[float]]]:
        """Read the epochs of all trials, by their numbers."""
        wanted = select(tables.trials.c.number, tables.attributes.c.value_json).where(
            tables.attributes.c.key == "epochs",
            tables.attributes.c.trial_id == tables.trials.c.trial_id,
            tables.trials.c.study_id == self._study,
        )
        with self._engine.connect() as connection:
            return {n: json.loads(text) for n, text in connection.execute(wanted)}

    def close(self) -> None:
        """Let go of the database; another `read` takes it up again."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._seen = None, None
        self._engine.dispose()

    def _read(self) -> StudySnapshot | None:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._check(self._connection)
        connection = self._connection
        try:
            if not self._changed(connection):
                return None
            if self._study is None:
                self._study, self._name = self._find(connection)
            attributes = _study_values(connection, self._study)
            self._take(connection, val_images(attributes))
        finally:
            connection.rollback()
        rows = [self._rows[trial] for trial in sorted(self._rows)]
        return compose(self._name, attributes, rows, self._distributions)

    def _changed(self, connection: Connection) -> bool:
        """Ask SQLite, which knows at once, whether anybody wrote; others do not."""
        if self._engine.dialect.name != "sqlite":
            return True
        now = connection.exec_driver_sql("PRAGMA data_version").scalar()
        before, self._seen = self._seen, now
        return bool(now != before)

    def _check(self, connection: Connection) -> None:
        found = connection.execute(select(tables.version.c.schema_version)).scalar()
        if found != tables.SCHEMA:
            raise RequestError(
                f"the storage has version {found} of Optuna's tables, "
                f"not {tables.SCHEMA}",
                hint="it was made by another Optuna: install that one, or upgrade it "
                "with 'optuna storage upgrade'",
            )

    def _find(self, connection: Connection) -> tuple[int, str]:
        """Look the study up; without a name, the one that was active last."""
        known = {
            name: number
            for number, name in connection.execute(
                select(tables.studies.c.study_id, tables.studies.c.study_name)
            )
        }
        if not known:
            raise NoResultError(
                "the storage holds no study yet", hint="make one: autocnn search"
            )
        if self._asked is None:
            newest = connection.execute(
                select(tables.trials.c.study_id)
                .order_by(tables.trials.c.trial_id.desc())
                .limit(1)
            ).scalar()
            return next(
                (number, name)
                for name, number in reversed(known.items())
                if newest in {None, number}
            )
        if self._asked not in known:
            raise RequestError(
                f"there is no study called '{self._asked}'",
                hint=did_you_mean(self._asked, list(known)),
            )
        return known[self._asked], self._asked

    def _take(self, connection: Connection, images: int | None) -> None:
        """Read the trials that are new, or were not finished the last time."""
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
        found = list(connection.execute(wanted))
        parts = self._parts(connection, [trial[0] for trial in found])
        for number, name, state, started, ended in found:
            self._last = max(self._last, number)
            (self._open.add if state in UNFINISHED else self._open.discard)(number)
            trial = _frozen((number, name, state, started, ended), parts)
            self._rows[name] = row(trial, images)

    def _parts(self, connection: Connection, trials: Sequence[int]) -> _Parts:
        parts = _Parts()

        def rows(of: Select[Any], owner: Any) -> Iterable[Any]:
            if len(trials) > MANY:
                every = select(tables.trials.c.trial_id).where(
                    tables.trials.c.study_id == self._study
                )
                return connection.execute(of.where(owner.in_(every)))
            return connection.execute(of.where(owner.in_(trials)))

        self._describe(
            rows(
                select(
                    tables.params.c.param_name, tables.params.c.distribution_json
                ).distinct(),
                tables.params.c.trial_id,
            )
        )
        for trial, key, text in rows(
            select(tables.attributes).where(tables.attributes.c.key.not_in(HEAVY)),
            tables.attributes.c.trial_id,
        ):
            parts.attributes[trial][key] = json.loads(text)
        known = self._distributions
        for trial, name, value in rows(
            select(
                tables.params.c.trial_id,
                tables.params.c.param_name,
                tables.params.c.param_value,
            ),
            tables.params.c.trial_id,
        ):
            parts.params[trial][name] = known[name].to_external_repr(value)
        for trial, step, value in rows(select(tables.steps), tables.steps.c.trial_id):
            parts.curve[trial][step] = float("nan") if value is None else value
        for trial, _, value in rows(
            select(tables.values).where(tables.values.c.objective == 0),
            tables.values.c.trial_id,
        ):
            parts.value[trial] = value
        return parts

    def _describe(self, found: Iterable[tuple[str, str]]) -> None:
        """Learn what values were drawn from: all trials of a study share it."""
        for name, text in found:
            if text not in self._parsed:
                self._parsed[text] = json_to_distribution(text)
            self._distributions[name] = self._parsed[text]


def _study_values(connection: Connection, study: int) -> dict[str, Any]:
    found = connection.execute(
        select(
            tables.study_attributes.c.key, tables.study_attributes.c.value_json
        ).where(tables.study_attributes.c.study_id == study)
    )
    return {key: json.loads(text) for key, text in found}


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


def _reason(error: DatabaseError) -> str:
    return str(error.orig).strip().splitlines()[0] if error.orig else str(error)
