"""Who reads a study again and again: from its database, or through a proxy."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol

import optuna
from optuna.trial import FrozenTrial

from autocnn.proxied import is_proxied
from autocnn.storage import open_engine, open_storage
from autocnn.store.find import find_study
from autocnn.store.questions import HEAVY
from autocnn.store.reader import Reader
from autocnn.store.rows import StudySnapshot, TrialRow, row, snapshot


class StudyReader(Protocol):
    """One study in one storage; raises as Reader does."""

    def read(self) -> StudySnapshot | None:
        """Read what has changed; None if nothing has."""
        ...

    def glance(self, most: int) -> StudySnapshot | None:
        """Read some of many trials; None if `read` is about as quick."""
        ...

    def detail(self, trial: int) -> Mapping[str, Any]:
        """Read what is not in a trial's row."""
        ...

    def histories(self) -> dict[int, list[list[float]]]:
        """Read the epochs of all trials, by their numbers."""
        ...


def open_reader(url: str, name: str | None) -> StudyReader:
    """Read a study of a storage; the one that was active last, without a name."""
    if is_proxied(url):
        return ProxiedReader(url, name)
    return Reader(open_engine(url), name)


class ProxiedReader:
    """One study behind a proxy, which says what unfinished trials are each time."""

    def __init__(self, url: str, name: str | None) -> None:
        self._url, self._name = url, name
        self._last: StudySnapshot | None = None
        self._rows: dict[int, TrialRow] = {}
        """Of finished trials, which do not change, by their ids."""

    @cached_property
    def _study(self) -> optuna.Study:
        return find_study(open_storage(self._url), self._name)

    def read(self) -> StudySnapshot | None:
        """Read it; None if nothing has changed."""
        try:
            found = snapshot(self._study, self._row)
        except KeyError:  # it was deleted, and perhaps another has its name
            self._name = self._study.study_name
            del self._study
            found = snapshot(self._study, self._row)
        if found == self._last:
            return None
        self._last = found
        return found

    def _row(self, trial: FrozenTrial, images: int | None) -> TrialRow:
        if not trial.state.is_finished():
            return row(trial, images)
        if trial._trial_id not in self._rows:
            self._rows[trial._trial_id] = row(trial, images)
        return self._rows[trial._trial_id]

    def glance(self, most: int) -> None:
        """Read nothing: `read` is as quick."""

    def detail(self, trial: int) -> Mapping[str, Any]:
        """Read a trial's layers, and all of its epochs."""
        attributes = self._study.get_trials(deepcopy=False)[trial].user_attrs
        return {key: attributes[key] for key in HEAVY if key in attributes}

    def histories(self) -> dict[int, list[list[float]]]:
        """Read the epochs of all trials, by their numbers."""
        trials = self._study.get_trials(deepcopy=False)
        return {
            trial.number: trial.user_attrs["epochs"]
            for trial in trials
            if "epochs" in trial.user_attrs
        }
