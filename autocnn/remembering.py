"""A storage for the only one who writes a study: it reads nothing of it again.

And it writes at once what comes together.
"""

import contextlib
import copy
import json
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    check_distribution_compatibility,
    distribution_to_json,
)
from optuna.storages._rdb import models
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import bindparam, delete, insert

from autocnn.patient import PatientStorage, obstacle
from autocnn.waiting import patiently

COLUMNS: Mapping[Any, str] = {
    models.TrialParamModel: "param_name",
    models.TrialUserAttributeModel: "key",
    models.TrialSystemAttributeModel: "key",
    models.TrialIntermediateValueModel: "step",
}
"""Optuna's tables of what trials have, and what tells their rows of a trial apart."""


def together(study: optuna.Study) -> contextlib.AbstractContextManager[None]:
    """Write what is changed within in one transaction at the end, if it can be.

    A trial's beginning or end is written at once, after what came before it.
    """
    storage = getattr(study._storage, "_backend", None)
    if isinstance(storage, RememberingStorage):
        return storage.together()
    return contextlib.nullcontext()


class RememberingStorage(PatientStorage):
    """Optuna reads all unfinished trials whenever one is drawn, and one for each write.

    Paused trials are among them, so that is most of a study; a driver that writes them
    all itself need not ask the database what it wrote.
    """

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._known: dict[int, FrozenTrial] = {}
        """By id, in order. Like all trials that a storage gives out, never changed."""
        self._study: int | None = None
        """Whose trials are known."""
        self._depth = 0
        """Of blocks that are written together."""
        self._unwritten: dict[tuple[Any, int, str | int], dict[str, Any]] = {}
        """Rows by their tables, their trials and what they are called there."""

    @contextlib.contextmanager
    def alone_with(self, study_id: int) -> Iterator[None]:
        """Be, within, the only one that writes this study's trials."""
        found = self._get_trials(study_id, None, set(), -1)
        self._known, self._study = {trial._trial_id: trial for trial in found}, study_id
        try:
            yield
        finally:
            self._known, self._study = {}, None

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Write, at the end, what is changed within: as function `together`."""
        self._depth += self._study is not None
        try:
            yield
        finally:
            self._depth = max(0, self._depth - 1)
            if not self._depth:
                self._settle()

    def _settle(self) -> None:
        """Write what is not yet written."""
        if self._unwritten:
            patiently(self._commit, obstacle)
            self._unwritten = {}

    def _commit(self) -> None:
        """Write in one transaction, and so that a second time does no harm."""
        with _create_scoped_session(self.scoped_session) as session:
            connection = session.connection()
            for table, column in COLUMNS.items():
                rows = [row for key, row in self._unwritten.items() if key[0] is table]
                if rows:
                    there = [{"of": row["trial_id"], "at": row[column]} for row in rows]
                    place = table.__table__.c
                    same = place[column] == bindparam("at")
                    same &= place.trial_id == bindparam("of")
                    connection.execute(delete(table).where(same), there)
                    connection.execute(insert(table), rows)

    def _write(self, table: Any, trial_id: int, name: str | int, **values: Any) -> None:
        """Write something of a known trial, now or with what comes together with it."""
        self.check_trial_is_updatable(trial_id, self._known[trial_id].state)
        row = {"trial_id": trial_id, COLUMNS[table]: name, **values}
        self._unwritten[table, trial_id, name] = row
        if not self._depth:
            self._settle()

    def _change(self, trial_id: int, **fields: Any) -> None:
        """Know of a change."""
        if trial_id in self._known:
            trial = copy.copy(self._known[trial_id])
            for name, value in fields.items():
                setattr(trial, name, value)
            self._known[trial_id] = trial

    def _add(self, trial_id: int, field: str, name: str | int, value: Any) -> None:
        """Know of one more, or another, value in one of a trial's mappings."""
        if trial_id in self._known:
            before = getattr(self._known[trial_id], field)
            self._change(trial_id, **{field: {**before, name: value}})

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Read a trial; none that is known."""
        known = self._known.get(trial_id)
        return super().get_trial(trial_id) if known is None else _for_itself(known)

    def _get_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        if study_id != self._study:
            return super()._get_trials(
                study_id, states, included_trial_ids, trial_id_greater_than
            )
        return [
            trial
            for number, trial in self._known.items()
            if number > trial_id_greater_than or number in included_trial_ids
            if states is None or trial.state in states
        ]

    def _create_new_trial(
        self, study_id: int, template_trial: FrozenTrial | None = None
    ) -> FrozenTrial:
        self._settle()
        trial = super()._create_new_trial(study_id, template_trial)
        if study_id == self._study:
            if template_trial is not None:  # which was not read from a database
                trial = super().get_trial(trial._trial_id)
            self._known[trial._trial_id] = trial
        return trial

    def _set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
        previous_distribution: BaseDistribution | None,
    ) -> None:
        if trial_id not in self._known or previous_distribution is None:
            super()._set_trial_param(
                trial_id,
                param_name,
                param_value_internal,
                distribution,
                previous_distribution,
            )
        else:
            check_distribution_compatibility(previous_distribution, distribution)
            self._write(
                models.TrialParamModel,
                trial_id,
                param_name,
                param_value=param_value_internal,
                distribution_json=distribution_to_json(distribution),
            )
        if distribution == previous_distribution:
            distribution = previous_distribution  # one for all trials, and not one each
        value = distribution.to_external_repr(param_value_internal)
        self._add(trial_id, "params", param_name, value)
        self._add(trial_id, "distributions", param_name, distribution)

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        """Report a value."""
        value = float(intermediate_value)
        if trial_id not in self._known:
            return super().set_trial_intermediate_value(trial_id, step, value)
        table = models.TrialIntermediateValueModel
        stored, kind = table.intermediate_value_to_stored_repr(value)
        self._write(
            table,
            trial_id,
            step,
            intermediate_value=stored,
            intermediate_value_type=kind,
        )
        return self._add(trial_id, "intermediate_values", step, value)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set an attribute."""
        if trial_id not in self._known:
            return super().set_trial_user_attr(trial_id, key, value)
        text = json.dumps(value)
        self._write(models.TrialUserAttributeModel, trial_id, key, value_json=text)
        return self._add(trial_id, "user_attrs", key, json.loads(text))

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set an attribute that is Optuna's own."""
        if trial_id not in self._known:
            return super().set_trial_system_attr(trial_id, key, value)
        text = json.dumps(value)
        self._write(models.TrialSystemAttributeModel, trial_id, key, value_json=text)
        return self._add(trial_id, "system_attrs", key, json.loads(text))

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Begin or end a trial."""
        self._settle()
        done = super().set_trial_state_values(trial_id, state, values)
        if done:
            self._change(trial_id, state=state)
            if values is not None:
                self._change(trial_id, values=list(values))
            if state is TrialState.RUNNING:
                self._change(trial_id, datetime_start=datetime.now())
            if state.is_finished():
                self._change(trial_id, datetime_complete=datetime.now())
        return done


def _for_itself(trial: FrozenTrial) -> FrozenTrial:
    """Copy a trial as far as Optuna changes one that it was given."""
    own = copy.copy(trial)
    own.params, own.distributions = dict(own.params), dict(own.distributions)
    own.user_attrs, own.system_attrs = dict(own.user_attrs), dict(own.system_attrs)
    own.intermediate_values = dict(own.intermediate_values)
    return own
