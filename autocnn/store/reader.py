"""Reads a study again and again, each time only what has changed.

Optuna's own way takes 17 s for 10,000 trials; these are its tables, read directly.
"""

import contextlib
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError, OperationalError

from autocnn.durable import identity
from autocnn.errors import NoResultError, RequestError, UnavailableError, did_you_mean
from autocnn.storage import file_of
from autocnn.store import questions, tables
from autocnn.store.aim import check_accuracy
from autocnn.store.questions import HEAVY
from autocnn.store.rows import StudySnapshot, compose, val_images
from autocnn.store.trials import Trials

LATER = "the search itself is not touched; run the same command again later"


class Reader:
    """One study in one storage; `read` gives what it is now."""

    def __init__(self, engine: sqlalchemy.Engine, name: str | None) -> None:
        self._engine = engine
        self._file = file_of(engine)
        self._opened: tuple[int, int] | None = None
        self._asked = name
        self._name = ""
        self._study = -1
        self._rows: tuple[Any, Trials] | None = None
        self._seen: Any = None
        self._connection: Connection | None = None

    def read(self) -> StudySnapshot | None:
        """Read what has changed; None if nothing has.

        UnavailableError while the database is locked or gone; RequestError if its
        tables have another form.
        """
        with self._told():
            return self._read()

    def glance(self, most: int) -> StudySnapshot | None:
        """Read the best of many trials, and those that are not over: that is quick.

        Each at `most` so many; None if `read` is about as quick. Raises as that does.
        """
        with self._told():
            connection = self._connect()
            try:
                self._check(connection)
                self._trials(connection)
                attributes = _study_values(connection, self._study)
                some = Trials(self._study)
                there = some.glance(connection, val_images(attributes), most)
            finally:
                connection.rollback()
        rows = some.rows()
        found = compose(self._name, attributes, rows, some.distributions)
        unread = there - len(rows)
        return dataclasses.replace(found, unread=unread) if rows else None

    def detail(self, trial: int) -> Mapping[str, Any]:
        """Read what is not in a trial's row: its layers, and all of its epochs."""
        wanted = select(tables.attributes.c.key, tables.attributes.c.value_json).where(
            tables.attributes.c.key.in_(HEAVY),
            tables.attributes.c.trial_id == tables.trials.c.trial_id,
            tables.trials.c.study_id == self._study,
            tables.trials.c.number == trial,
        )
        with self._told(), self._engine.connect() as connection:
            return {key: json.loads(text) for key, text in connection.execute(wanted)}

    def histories(self) -> dict[int, list[list[float]]]:
        """Read the epochs of all trials, by their numbers."""
        wanted = select(tables.trials.c.number, tables.attributes.c.value_json).where(
            tables.attributes.c.key == "epochs",
            tables.attributes.c.trial_id == tables.trials.c.trial_id,
            tables.trials.c.study_id == self._study,
        )
        with self._told(), self._engine.connect() as connection:
            return {n: json.loads(text) for n, text in connection.execute(wanted)}

    def close(self) -> None:
        """Let go of the database; another `read` takes it up again."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._seen = None, None
        self._engine.dispose()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Say in a sentence what is wrong with the storage, and let go of it."""
        try:
            yield
        except DatabaseError as error:
            self.close()
            reason = _reason(error)
            # SQLite tells of tables that are not there in the same way.
            if isinstance(error, OperationalError) and "no such" not in reason:
                raise UnavailableError(
                    f"the storage does not answer: {reason}", hint=LATER
                ) from None
            raise RequestError(
                f"the storage cannot be read: {reason}",
                hint="is this a database of Optuna's studies?",
            ) from None

    def _read(self) -> StudySnapshot | None:
        connection = self._connect()
        try:
            if self._file:
                # All questions then meet the same moment, while others write.
                connection.exec_driver_sql("BEGIN")
            # SQLite knows at once whether anybody wrote; others must be looked at.
            version = "PRAGMA data_version" if self._file else "SELECT NULL"
            now = connection.exec_driver_sql(version).scalar()
            if self._file and now == self._seen:
                return None
            self._check(connection)
            trials = self._trials(connection)
            attributes = _study_values(connection, self._study)
            trials.take(connection, val_images(attributes))
        finally:
            connection.rollback()
        found = compose(self._name, attributes, trials.rows(), trials.distributions)
        self._seen = now  # what could not be understood is tried again
        return found

    def _connect(self) -> Connection:
        """Keep one connection, as long as the file is the one that it was made to."""
        file = identity(self._file) if self._file else None
        if self._connection is not None and file != self._opened:
            self.close()
        if self._file and file is None:
            raise UnavailableError(f"{self._file} is gone", hint=LATER)
        if self._connection is None:
            self._connection, self._opened = self._engine.connect(), file
        return self._connection

    def _trials(self, connection: Connection) -> Trials:
        """Look the study up; one made anew under the old name begins from nothing."""
        found = self._asked and self._look_up(connection, self._asked)
        if not found:
            self._asked = self._find(connection)
            found = self._look_up(connection, self._asked)
        assert found is not None
        assert self._asked is not None
        self._study, self._name = found[0], self._asked
        if self._rows is None or found != self._rows[0]:
            aims = connection.execute(questions.DIRECTIONS, {"study": self._study})
            check_accuracy(self._name, [aim.direction for aim in aims])
            self._rows = found, Trials(self._study)
        return self._rows[1]

    def _look_up(self, connection: Connection, name: str) -> tuple[Any, ...] | None:
        found = connection.execute(questions.STUDY, {"name": name}).first()
        return found and tuple(found)

    def _check(self, connection: Connection) -> None:
        """Refuse tables of a form that is not the one that is read here."""
        schema, revision = connection.execute(questions.FORM).first() or (None, None)
        if schema != tables.SCHEMA:
            found, known = f"version {schema}", f"{tables.SCHEMA}"
        elif revision != tables.REVISION:
            found, known = f"revision {revision}", tables.REVISION
        else:
            return
        problem = f"the storage has {found} of Optuna's tables, not {known}"
        if _numbers(found) > _numbers(known):
            hint = "a newer Optuna made it: upgrade autocnn, and optuna with it"
        else:
            hint = "an older Optuna made it: upgrade it with 'optuna storage upgrade'"
        raise RequestError(problem, hint=hint)

    def _find(self, connection: Connection) -> str:
        """Look the study up; without a name, the one that was active last."""
        studies = connection.execute(questions.STUDIES)
        known: dict[str, int] = {name: number for number, name in studies}
        if not known:
            raise NoResultError(
                "the storage holds no study yet", hint="make one: autocnn search"
            )
        if self._asked is None:
            found = connection.execute(questions.ACTIVE)
            active = {study: str(last or "") for study, last in found}
            order = {name: (active.get(n, ""), n) for name, n in known.items()}
            return max(order, key=order.__getitem__)
        if self._asked not in known:
            raise RequestError(
                f"there is no study called '{self._asked}'",
                hint=did_you_mean(self._asked, list(known)),
            )
        return self._asked


def _study_values(connection: Connection, study: int) -> dict[str, Any]:
    found = connection.execute(questions.SETTINGS, {"study": study})
    return {key: json.loads(text) for key, text in found}


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _reason(error: DatabaseError) -> str:
    return str(error.orig).strip().splitlines()[0] if error.orig else str(error)
