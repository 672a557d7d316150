"""One search at a time on a study: another one is refused, and told who has it."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import optuna
import psutil
from optuna.storages import BaseStorage, RDBStorage

from autocnn.errors import AutocnnError, RequestError, UnavailableError
from autocnn.quantities import duration
from autocnn.storage import check_storage, open_storage, sqlite_file, study_names
from autocnn.store.state import BEAT_SECONDS, STATE, SearchState

SILENT_SECONDS = 30.0
"""After so many without a beat nobody searches: a busy machine beats slowly."""
STARTING_SECONDS = 60.0
"""The same of a search whose workers were still to start."""


@contextmanager
def only_search(folder: Path, url: str) -> Iterator[None]:
    """Hold a study for this process alone; UnavailableError if another has it."""
    check_storage(url, create=True)
    lock = _lock(folder, url)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except filelock.Timeout:
        raise _taken(folder.name, _told(url, folder.name)) from None
    except OSError as error:
        raise RequestError(
            f"cannot write to {folder}: {error.strerror}",
            hint="choose a folder you may write to, with --studies",
        ) from None
    try:
        yield
    finally:
        lock.release()


def check_free(folder: Path, url: str) -> None:
    """Look early whether another search holds a study here; nothing is made."""
    lock = _lock(folder, url)
    if Path(lock.lock_file).exists():
        with only_search(folder, url):
            pass


def _lock(folder: Path, url: str) -> filelock.BaseFileLock:
    """Lie beside an SQLite file, and so hold from whatever folder it is searched."""
    database = sqlite_file(url)
    name = f"{database}.{folder.name}.lock" if database else folder / "lock"
    return filelock.FileLock(name)


def check_silent(storage: RDBStorage, name: str, say: Callable[[str], None]) -> None:
    """Refuse a study on a server in which a search elsewhere lives.

    No lock of this machine tells of that one, but its beat does. One that ended said
    so; after one that died it takes a while to know, and a word.
    """
    before = _state(storage, name)
    if storage.engine.dialect.name == "sqlite" or before is None or _over(before):
        return
    seconds = STARTING_SECONDS if before.phase == "starting" else SILENT_SECONDS
    who = f"process {before.pid} on {before.host}"
    say(f"looking whether {who} still searches: {duration(seconds)} at most")
    patience = time.monotonic() + seconds
    while time.monotonic() < patience:
        time.sleep(BEAT_SECONDS / 4)
        now = _state(storage, name)
        if now is not None and not _over(now) and now != before:
            raise _taken(name, now)


def _over(state: SearchState) -> bool:
    """Whether a search has ended, or died on this machine, or is this process's own."""
    if state.phase == "ended":
        return True
    here = state.host == socket.gethostname()
    return here and (state.pid == os.getpid() or not psutil.pid_exists(state.pid))


def _told(url: str, name: str) -> SearchState | None:
    """Read who searches a study, as far as that can be read."""
    try:
        return _state(open_storage(url), name)
    except AutocnnError:
        return None


def _state(storage: BaseStorage, name: str) -> SearchState | None:
    if name not in study_names(storage):
        return None
    attributes = optuna.load_study(study_name=name, storage=storage).user_attrs
    return SearchState.from_dict(attributes.get(STATE))


def _taken(name: str, state: SearchState | None) -> UnavailableError:
    who = f": process {state.pid} on {state.host}" if state else ""
    return UnavailableError(
        f"another search works on study '{name}'{who}",
        hint=f"see how it does, or stop it: autocnn watch {name}",
    )
