"""The waist: reads any Optuna storage into frozen snapshots that views show."""

import re
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from autocnn.errors import NoResultError, RequestError, UnavailableError, did_you_mean

CONFIG = "autocnn:config"
Result = TypeVar("Result")

STATUS: Mapping[TrialState, str] = {
    TrialState.COMPLETE: "complete",
    TrialState.RUNNING: "running",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.WAITING: "waiting",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One trial as views show it."""

    trial: int
    state: str
    """Optuna's word, in lower case."""
    status: str
    """complete, running, interrupted, pruned, failed or waiting."""
    val_accuracy: float | None
    """The best over its epochs, or the mean over its folds."""
    val_standard_error: float | None
    """Binomial: of the images only, not of choosing the best of many."""
    epochs: int
    """Trained so far (with folds: folds)."""
    parameters: int | None
    flops: int | None
    seconds: float | None
    params: Mapping[str, Any]
    """What the sampler drew."""
    curve: tuple[float, ...]
    """val_accuracy of each epoch (or fold)."""
    reason: str
    recipe: str
    """As TOML; empty if it was never written out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySnapshot:
    """A study at one moment."""

    name: str
    config: Mapping[str, Any]
    """What every trial shares; empty if autocnn did not make the study."""
    trials: tuple[TrialRow, ...]

    def ranked(self) -> list[TrialRow]:
        """Trials with a score, best first, earlier before later at a tie."""
        scored = [row for row in self.trials if row.val_accuracy is not None]
        return sorted(scored, key=lambda row: (-(row.val_accuracy or 0.0), row.trial))

    def best(self) -> TrialRow | None:
        """The trial whose network is kept: the best that did not fail."""
        return next((row for row in self.ranked() if row.status != "failed"), None)

    def counts(self) -> dict[str, int]:
        """Count the trials of each status."""
        counts: dict[str, int] = {}
        for row in self.trials:
            counts[row.status] = counts.get(row.status, 0) + 1
        return counts


def storage_url(text: str) -> str:
    """Turn a path into an SQLite URL and spell PostgreSQL's the way SQLAlchemy does."""
    if "://" not in text:
        return f"sqlite:///{Path(text).expanduser().resolve()}"
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text)


def hide_password(url: str) -> str:
    """Write a storage URL so that it can be shown."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return re.sub(r"//.*@", "//***@", url)


def open_storage(url: str, *, create: bool = False) -> RDBStorage:
    """Open a storage; RequestError or UnavailableError says why it cannot be.

    Without `create`, a missing SQLite file is an error and stays missing.
    """
    _quiet_optuna()
    shown = hide_password(url)
    try:
        sqlite = make_url(url).get_backend_name() == "sqlite"
    except (ArgumentError, ValueError):
        raise RequestError(
            f"'{shown}' is not a storage URL",
            hint="write sqlite:///FILE.db or postgresql://USER:PASSWORD@HOST/DATABASE",
        ) from None
    if sqlite:
        _check_sqlite(url, create=create)
    try:
        return _open(url, sqlite=sqlite)
    except (NoSuchModuleError, ImportError, ModuleNotFoundError):
        raise RequestError(
            f"no driver for the storage '{shown}' is installed",
            hint="use sqlite:///FILE.db, or install the database's Python driver",
        ) from None
    except OperationalError as error:
        raise UnavailableError(
            f"the storage '{shown}' cannot be opened: {_first_line(error)}",
            hint="check that the server runs and the database and folder exist",
        ) from None
    except (sqlalchemy.exc.DatabaseError, RuntimeError, StorageInternalError) as error:
        raise RequestError(
            f"'{shown}' is not a study storage: {_first_line(error)}",
            hint="name another file or database with --storage",
        ) from None


def study_names(storage: RDBStorage) -> list[str]:
    """List the studies, the one made last at the end."""
    studies = storage.get_all_studies()
    return [study.study_name for study in sorted(studies, key=lambda s: s._study_id)]


def find_study(storage: RDBStorage, name: str | None) -> optuna.Study:
    """Load a study by name; without one, the one that was active last."""
    names = study_names(storage)
    if not names:
        raise NoResultError(
            "the storage holds no study yet", hint="make one: autocnn search"
        )
    if name is not None and name not in names:
        raise RequestError(
            f"there is no study called '{name}'", hint=did_you_mean(name, names)
        )
    chosen = name or max(names, key=lambda each: _last_active(storage, each))
    return optuna.load_study(study_name=chosen, storage=storage)


def snapshot(study: optuna.Study) -> StudySnapshot:
    """Read all of a study."""
    trials = study.get_trials(deepcopy=False)
    config = study.user_attrs.get(CONFIG, {})
    images = config.get("val_images")
    return StudySnapshot(
        name=study.study_name,
        config=config,
        trials=tuple(_row(trial, images) for trial in trials),
    )


def standard_error(accuracy: float | None, images: int | None) -> float | None:
    """The binomial standard error of an accuracy, both as fractions of 1."""
    if accuracy is None or not images:
        return None
    return float((accuracy * (1 - accuracy) / images) ** 0.5)


def find_trial(snapshot: StudySnapshot, reference: str) -> TrialRow:
    """Look a trial up: ``17``, ``best``, or ``best-2`` for the second best."""
    ranked = [row for row in snapshot.ranked() if row.status != "failed"]
    match = re.fullmatch(r"best(?:-(\d+))?", reference)
    if match:
        rank = int(match[1] or 1)
        if 1 <= rank <= len(ranked):
            return ranked[rank - 1]
        raise NoResultError(
            f"study '{snapshot.name}' has {len(ranked)} scored trials, no {reference}",
            hint="let the search go on: run the same autocnn search again",
        )
    for row in snapshot.trials:
        if reference.lstrip("#") == str(row.trial):
            return row
    raise RequestError(
        f"study '{snapshot.name}' has no trial '{reference}'",
        hint=f"name one from 0 to {len(snapshot.trials) - 1}, or best, best-2, ...",
    )


def retried(function: Callable[[], Result], *, attempts: int = 8) -> Result:
    """Call again while the database is locked or gone: some minutes, with pauses."""
    for attempt in range(attempts):
        try:
            return function()
        except (StorageInternalError, OperationalError) as error:
            if attempt == attempts - 1:
                raise UnavailableError(
                    f"the storage did not answer: {_first_line(error)}",
                    hint="nothing is lost; run the same command again later",
                ) from error
            time.sleep(min(60.0, 0.5 * 2**attempt))
    raise AssertionError("unreachable")


def _row(trial: FrozenTrial, images: int | None) -> TrialRow:
    attributes = trial.user_attrs
    steps: Sequence[int] = sorted(trial.intermediate_values)
    curve = tuple(trial.intermediate_values[step] for step in steps)
    status = STATUS[trial.state]
    if status == "running":
        status = attributes.get("status", status)
    score = _score(trial, curve, folds=bool(attributes.get("folds")))
    return TrialRow(
        trial=trial.number,
        state=trial.state.name.lower(),
        status=status,
        val_accuracy=score,
        val_standard_error=standard_error(score, images),
        epochs=len(curve),
        parameters=attributes.get("parameters"),
        flops=attributes.get("flops"),
        seconds=attributes.get("seconds"),
        params=dict(trial.params),
        curve=curve,
        reason=attributes.get("reason", ""),
        recipe=attributes.get("recipe", ""),
    )


def _score(
    trial: FrozenTrial, curve: tuple[float, ...], *, folds: bool
) -> float | None:
    if trial.state is TrialState.COMPLETE:
        return trial.value
    if not curve:
        return None
    return sum(curve) / len(curve) if folds else max(curve)


def _last_active(storage: RDBStorage, name: str) -> tuple[float, int]:
    study_id = storage.get_study_id_from_name(name)
    with storage.engine.connect() as connection:
        last = connection.execute(
            sqlalchemy.text(
                "SELECT MAX(COALESCE(datetime_complete, datetime_start)) "
                "FROM trials WHERE study_id = :study"
            ),
            {"study": study_id},
        ).scalar()
    moment = str(last or "")
    digits = re.sub(r"\D", "", moment)[:14]
    return (float(digits or 0), study_id)


def _quiet_optuna() -> None:
    """Leave it to the views to say what happens; errors still come through."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def _check_sqlite(url: str, *, create: bool) -> None:
    name = make_url(url).database
    if not name or name == ":memory:":
        return
    path = Path(name)
    if not create and not path.exists():
        raise NoResultError(
            f"there are no studies in {path} yet",
            hint="make one with autocnn search, or name a --storage",
        )
    if create:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab"):
                pass
        except OSError as error:
            raise RequestError(
                f"cannot write {path}: {error.strerror}",
                hint="choose a folder you may write to, with --studies or --storage",
            ) from None


def _open(url: str, *, sqlite: bool) -> RDBStorage:
    options = {"connect_args": {"timeout": 60}} if sqlite else {"pool_pre_ping": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        storage = RDBStorage(url, engine_kwargs=options)
    if sqlite:
        # One driver writes and many views read: neither then waits for the other.
        sqlalchemy.event.listen(storage.engine, "connect", _set_pragmas)
        storage.engine.dispose()
    return storage


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    original = getattr(cause, "orig", None) or cause
    lines = str(original).strip().splitlines()
    return lines[0] if lines else type(error).__name__
