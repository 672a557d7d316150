"""A storage for the only one who writes a study: it reads nothing of it again.

And it writes at once what comes together.
"""

import contextlib
import copy
import json
from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages._rdb import models
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from autocnn.patient import PatientStorage, obstacle
from autocnn.waiting import patiently

Change = Callable[[FrozenTrial], None]
Write = Callable[[Session], None]


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
        self._unwritten: list[Write] = []

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
            patiently(lambda: self._commit(*self._unwritten), obstacle)
            self._unwritten = []

    def _commit(self, *writes: Write, known: bool = False) -> None:
        """Write in one transaction; what is `known` already is left as it is."""
        try:
            with _create_scoped_session(self.scoped_session, known) as session:
                for write in writes:
                    write(session)
        except IntegrityError:
            # A first try had written them, and its answer was lost.
            for write in writes:
                self._commit(write, known=True)

    def _write(self, write: Write) -> None:
        """Write something now, or with what comes together with it."""
        self._unwritten.append(write)
        if not self._depth:
            self._settle()

    def _change(self, trial_id: int, change: Change) -> None:
        """Know of a change."""
        if trial_id in self._known:
            trial = copy.copy(self._known[trial_id])
            change(trial)
            self._known[trial_id] = trial

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
        self._write(
            lambda session: self._set_trial_param_without_commit(
                session,
                trial_id,
                param_name,
                param_value_internal,
                distribution,
                previous_distribution,
            )
        )
        value = distribution.to_external_repr(param_value_internal)

        def change(trial: FrozenTrial) -> None:
            trial.params = {**trial.params, param_name: value}
            trial.distributions = {**trial.distributions, param_name: distribution}

        self._change(trial_id, change)

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        """Report a value."""
        self._write(
            lambda session: self._set_trial_intermediate_value_without_commit(
                session, trial_id, step, intermediate_value
            )
        )

        def change(trial: FrozenTrial) -> None:
            values = {**trial.intermediate_values, step: float(intermediate_value)}
            trial.intermediate_values = values

        self._change(trial_id, change)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set an attribute."""
        stored = self._write_attr(models.TrialUserAttributeModel, trial_id, key, value)

        def change(trial: FrozenTrial) -> None:
            trial.user_attrs = {**trial.user_attrs, key: stored}

        self._change(trial_id, change)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set an attribute that is Optuna's own."""
        table = models.TrialSystemAttributeModel
        stored = self._write_attr(table, trial_id, key, value)

        def change(trial: FrozenTrial) -> None:
            trial.system_attrs = {**trial.system_attrs, key: stored}

        self._change(trial_id, change)

    def _write_attr(
        self,
        table: type[models.TrialUserAttributeModel | models.TrialSystemAttributeModel],
        trial_id: int,
        key: str,
        value: Any,
    ) -> Any:
        """Write an attribute; return it as it will be read."""
        stored = json.loads(json.dumps(value))  # which may change before it is written
        self._write(
            lambda session: self._set_trial_attr_without_commit(
                session, table, trial_id, key, stored
            )
        )
        return stored

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Begin or end a trial."""
        self._settle()
        done = super().set_trial_state_values(trial_id, state, values)

        def change(trial: FrozenTrial) -> None:
            trial.state = state
            if values is not None:
                trial.values = list(values)
            if state is TrialState.RUNNING:
                trial.datetime_start = datetime.now()
            if state.is_finished():
                trial.datetime_complete = datetime.now()

        if done:
            self._change(trial_id, change)
        return done


def _for_itself(trial: FrozenTrial) -> FrozenTrial:
    """Copy a trial as far as Optuna changes one that it was given."""
    own = copy.copy(trial)
    own.params, own.distributions = dict(own.params), dict(own.distributions)
    own.user_attrs, own.system_attrs = dict(own.user_attrs), dict(own.system_attrs)
    own.intermediate_values = dict(own.intermediate_values)
    return own
