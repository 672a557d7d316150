"""Reads a study again and again, each time only what has changed.

Optuna's own way takes 17 s for 10,000 trials; these are its tables, read directly.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError, OperationalError

from autocnn.errors import NoResultError, RequestError, UnavailableError, did_you_mean
from autocnn.storage import file_of
from autocnn.store import tables
from autocnn.store.rows import StudySnapshot, compose, val_images
from autocnn.store.trials import HEAVY, Trials


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

    def _read(self) -> StudySnapshot | None:
        connection = self._connect()
        try:
            if self._file:
                # All questions then meet the same moment, while others write.
                connection.exec_driver_sql("BEGIN")
            # Until something was read, SQLite does not know its own version.
            self._check(connection)
            # It then knows at once whether anybody wrote; others must be looked at.
            version = "PRAGMA data_version" if self._file else "SELECT NULL"
            now = connection.exec_driver_sql(version).scalar()
            if self._file and now == self._seen:
                return None
            trials = self._trials(connection)
            attributes = _study_values(connection, self._study)
            trials.take(connection, val_images(attributes))
            self._seen = now
        finally:
            connection.rollback()
        return compose(self._name, attributes, trials.rows(), trials.distributions)

    def _connect(self) -> Connection:
        """Keep one connection, as long as the file is the one that it was made to."""
        file = _identity(self._file) if self._file else None
        if self._connection is not None and file != self._opened:
            self.close()
        if self._file and file is None:
            raise UnavailableError(
                f"{self._file} is gone", hint="it is looked for again and again"
            )
        if self._connection is None:
            self._connection, self._opened = self._engine.connect(), file
        return self._connection

    def _trials(self, connection: Connection) -> Trials:
        """Look the study up; one made anew under the old name begins from nothing."""
        self._study, self._name = self._find(connection)
        self._asked = self._name
        first = connection.execute(
            select(tables.trials.c.trial_id, tables.trials.c.datetime_start)
            .where(tables.trials.c.study_id == self._study)
            .order_by(tables.trials.c.trial_id)
            .limit(1)
        ).first()
        identity = (self._study, first and tuple(first))
        if self._rows is None or identity != self._rows[0]:
            self._rows = (identity, Trials(self._study))
        return self._rows[1]

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
            moment = sqlalchemy.func.coalesce(
                tables.trials.c.datetime_complete, tables.trials.c.datetime_start
            )
            found = connection.execute(
                select(tables.trials.c.study_id, sqlalchemy.func.max(moment)).group_by(
                    tables.trials.c.study_id
                )
            )
            active = {study: str(last or "") for study, last in found}
            return max(
                ((number, name) for name, number in known.items()),
                key=lambda study: (active.get(study[0], ""), study[0]),
            )
        if self._asked not in known:
            raise RequestError(
                f"there is no study called '{self._asked}'",
                hint=did_you_mean(self._asked, list(known)),
            )
        return known[self._asked], self._asked


def _study_values(connection: Connection, study: int) -> dict[str, Any]:
    found = connection.execute(
        select(
            tables.study_attributes.c.key, tables.study_attributes.c.value_json
        ).where(tables.study_attributes.c.study_id == study)
    )
    return {key: json.loads(text) for key, text in found}


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _reason(error: DatabaseError) -> str:
    return str(error.orig).strip().splitlines()[0] if error.orig else str(error)
