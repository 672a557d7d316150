"""A storage to search with: it waits while the database cannot be had.

And it writes nothing twice: what was written although its answer was lost, counts.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InterfaceError, OperationalError

from autocnn import durable
from autocnn.errors import UnavailableError
from autocnn.waiting import patiently

Result = TypeVar("Result")
Given = ParamSpec("Given")
BUSY_MILLISECONDS = 5000
"""How long SQLite itself waits for a lock, in silence."""


class Busy(Exception):  # noqa: N818 - what is, not what is wrong
    """The database is locked, full or gone.

    None of SQLAlchemy's errors: after those Optuna makes a trial up to five times,
    without a look whether one was made.
    """


def obstacle(error: Exception) -> str | None:
    """Say why a call failed that may be tried again."""
    return str(error) if isinstance(error, Busy) else None


def _patient(
    method: Callable[Concatenate[Any, Given], Result],
) -> Callable[Concatenate[Any, Given], Result]:
    """Let a method of which a second call does no harm wait for the database."""

    def call(self: Any, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        return patiently(lambda: method(self, *args, **kwargs), obstacle)

    return call


def _once(do: Callable[[], Result], done: Callable[[], Result | None]) -> Result:
    """Wait for the database; before a second try, look whether the first was done."""
    tried = False

    def attempt() -> Result:
        nonlocal tried
        if tried and (found := done()) is not None:
            return found
        tried = True
        return do()

    return patiently(attempt, obstacle)


class PatientStorage(RDBStorage):
    """An Optuna storage whose calls wait once `wait` was called."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._newest: dict[int, int] = {}
        """By study, the last trial that is known."""
        self._file: Path | None = None
        self._opened: tuple[int, int] | None = None
        """Which file of that name this is."""
        self._shown = ""

    def wait(self, shown: str) -> None:
        """Wait from now on, and call the storage so."""

        def busy(context: ExceptionContext) -> Busy | None:
            error = context.original_exception
            # Such as too many variables in a statement: it would come again.
            lasting = getattr(error, "sqlite_errorname", "") == "SQLITE_ERROR"
            kinds = (OperationalError, InterfaceError)
            passing = isinstance(context.sqlalchemy_exception, kinds)
            if lasting or not (passing or context.is_disconnect):
                return None
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            return Busy(f"the storage {shown} does not answer: {first}")

        sqlalchemy.event.listen(self.engine, "handle_error", busy)
        if self.engine.dialect.name == "sqlite":
            sqlalchemy.event.listen(self.engine, "connect", _set_busy_timeout)
            self.engine.dispose()
            self._file, self._shown = Path(self.engine.url.database or ""), shown
            self._opened = durable.identity(self._file)

    def _check_there(self) -> None:
        """Refuse to write into a file that nobody will find again."""
        if self._file and durable.identity(self._file) != self._opened:
            raise UnavailableError(
                f"the storage {self._shown} was taken away by another program while"
                " it was searched",
                hint="move it back if it was moved; the same command goes on with"
                " what it finds there",
            )

    create_new_study = _patient(RDBStorage.create_new_study)
    _set_study_user_attr = _patient(RDBStorage.set_study_user_attr)
    set_study_system_attr = _patient(RDBStorage.set_study_system_attr)
    get_study_id_from_name = _patient(RDBStorage.get_study_id_from_name)
    get_study_name_from_id = _patient(RDBStorage.get_study_name_from_id)
    get_study_directions = _patient(RDBStorage.get_study_directions)
    get_study_user_attrs = _patient(RDBStorage.get_study_user_attrs)
    get_study_system_attrs = _patient(RDBStorage.get_study_system_attrs)
    get_all_studies = _patient(RDBStorage.get_all_studies)
    get_trial = _patient(RDBStorage.get_trial)
    set_trial_intermediate_value = _patient(RDBStorage.set_trial_intermediate_value)
    set_trial_user_attr = _patient(RDBStorage.set_trial_user_attr)
    set_trial_system_attr = _patient(RDBStorage.set_trial_system_attr)
    _set_trial_param = _patient(RDBStorage._set_trial_param)
    get_trial_id_from_study_id_trial_number = _patient(
        RDBStorage.get_trial_id_from_study_id_trial_number
    )
    _get_trials = _patient(RDBStorage._get_trials)
    _get_best_trial_id = _patient(RDBStorage._get_best_trial_id)

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set an attribute, as a search does all the while to say how it goes."""
        self._check_there()
        self._set_study_user_attr(study_id, key, value)

    def _create_new_trial(
        self, study_id: int, template_trial: FrozenTrial | None = None
    ) -> FrozenTrial:
        """Make a trial; nobody else makes any in a study that is searched."""
        if study_id not in self._newest:
            found = self._get_trials(study_id, None, set(), -1)
            self._newest[study_id] = max((t._trial_id for t in found), default=-1)

        def made() -> FrozenTrial | None:
            newest = self._newest[study_id]
            found = RDBStorage._get_trials(self, study_id, None, set(), newest)
            return next((each for each in found if each._trial_id > newest), None)

        make = super()._create_new_trial
        trial = _once(lambda: make(study_id, template_trial), made)
        self._newest[study_id] = trial._trial_id
        return trial

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Begin or end a trial; True, too, if that was done by a call that failed.

        An end is on the disk then. With ``synchronous=NORMAL`` SQLite leaves that to
        later, which is much faster, and enough for all that checkpoints know as well.
        """
        change = super().set_trial_state_values
        done = _once(
            lambda: change(trial_id, state, values),
            lambda: RDBStorage.get_trial(self, trial_id).state is state or None,
        )
        if state.is_finished() and self.engine.dialect.name == "sqlite":
            log = Path(f"{self.engine.url.database}-wal")
            if log.exists():
                durable.sync(log)
        return done


def _set_busy_timeout(connection: Any, _record: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
