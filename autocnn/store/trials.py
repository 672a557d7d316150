"""Rows of trials, read from Optuna's tables: all of them, then those that change."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection

from autocnn.store import questions
from autocnn.store.questions import UNFINISHED, Question
from autocnn.store.rows import TrialRow, row

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
        asked = {"study": self._study, "last": self._last, "open": sorted(self._open)}
        found = [
            trial
            for trial in connection.execute(questions.TRIALS, asked)
            if trial[2] != "RUNNING" or trial[0] not in resting
        ]
        self._take(connection, images, found)

    def glance(self, connection: Connection, images: int | None, most: int) -> int:
        """Read the best trials and those that are not over; say how many there are.

        Each at `most` so many. If there are no more in all, nothing is read.
        """
        asked: dict[str, Any] = {"study": self._study}
        there = connection.execute(questions.COUNT, asked).scalar() or 0
        if there <= 2 * most:
            return there
        some = [
            trial
            for question in (questions.LEADING, questions.UNDERWAY)
            for trial in connection.execute(question, asked | {"most": most}).scalars()
        ]
        asked |= {"last": sys.maxsize, "open": some}
        found = connection.execute(questions.TRIALS, asked).all()
        self._take(connection, images, found)
        return there

    def _take(
        self,
        connection: Connection,
        images: int | None,
        found: Sequence[Sequence[Any]],
    ) -> None:
        """Read these trials."""
        parts = self._parts(connection, found)
        for number, name, state, started, ended in found:
            self._last = max(self._last, number)
            (self._open.add if state in UNFINISHED else self._open.discard)(number)
            trial = _frozen((number, name, state, started, ended), parts)
            read, known = row(trial, images), self._rows.get(name)
            # What has not changed stays what it was, for those who look for news.
            self._rows[name] = read = known if known == read else read
            self._paused.pop(number, None)
            if read.status == "paused":
                self._paused[number] = read.epochs

    def _resting(self, connection: Connection) -> set[int]:
        """Find the paused trials that nothing has happened to."""
        if not self._paused:
            return set()
        asked = {"trials": sorted(self._paused)}
        steps = connection.execute(questions.EPOCHS, asked)
        epochs = dict(tuple(each) for each in steps)
        return {
            trial
            for (trial,) in connection.execute(questions.PAUSED, asked)
            if epochs.get(trial, 0) == self._paused[trial]
        }

    def _parts(self, connection: Connection, found: Sequence[Sequence[Any]]) -> _Parts:
        """Read what belongs to these trials."""
        parts, trials = _Parts(), [trial[0] for trial in found]
        states = {trial[2] for trial in found}
        running = [trial[0] for trial in found if trial[2] == "RUNNING"]

        def ask(question: Question, **more: Any) -> Iterable[Any]:
            if len(trials) > MANY:
                more["study"] = self._study
                return connection.execute(question.all, more)
            return connection.execute(question.some, {"trials": trials} | more)

        for trial, key, text in ask(questions.ATTRIBUTES, running=running):
            parts.attributes[trial][key] = json.loads(text)
        for trial, name, value, text in ask(questions.PARAMS):
            parts.params[trial][name] = self._drawn(name, text, value)
        for trial, step, value, kind in ask(questions.STEPS):
            parts.curve[trial][step] = SPECIAL.get(kind, value)
        if "COMPLETE" in states:
            for trial, value, kind in ask(questions.VALUES):
                parts.value[trial] = SPECIAL.get(kind, value)
        return parts

    def _drawn(self, name: str, text: str, value: float) -> Any:
        """Read a value, and learn what it was drawn from: a study's trials share it."""
        known = self._parsed.get(text)
        if known is None:
            known = self._parsed[text] = json_to_distribution(text)
        self.distributions[name] = known
        return known.to_external_repr(value)


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
