"""Open a storage for studies, and get through its bad moments."""

import errno
import os
import re
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar, overload
from urllib.parse import quote, unquote

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
)

from autocnn.durable import check_writable, is_pipe
from autocnn.errors import NoResultError, RequestError, UnavailableError
from autocnn.proxied import ProxiedStorage, is_proxied
from autocnn.remembering import RememberingStorage
from autocnn.waiting import patiently

Result = TypeVar("Result")
EXTRAS = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql"}
"""What brings the driver of a server, of what is to be installed with autocnn."""
_RACES, _RACE_SECONDS = 100, 0.2
"""How often a storage is opened again that others make, and after how long."""
_UNQUOTES = make_url("sqlite:///%25").database == "%"
"""Whether a file's name is quoted in a URL, as SQLAlchemy 2.1 reads it."""


def storage_url(text: str) -> str:
    """Turn a path into an SQLite URL and name the driver of a server's."""
    if "://" not in text:
        path = os.path.realpath(Path(text).expanduser())
        if _UNQUOTES:
            path = path.replace("%", "%25").replace("?", "%3F")
        return f"sqlite:///{path}"
    text = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text)
    return re.sub(r"^(mysql|mariadb)://", r"\1+pymysql://", text)


def hide_password(url: str) -> str:
    """Write a storage URL so that it can be shown, however ill-formed it is."""
    inside = r".*[?&]\w*passw\w*=[^&]*@[^&]*"  # what follows is its rest, not a host
    url = re.sub(rf"//([^:/@]*):(?:{inside}|.*@)", r"//\1:***@", url)
    return re.sub(r"([?&]\w*passw\w*=)[^&]*", r"\1***", url)


def sqlite_file(url: str) -> Path | None:
    """Say which file an SQLite URL means; None for other storages."""
    name = url.removeprefix("sqlite:///").partition("?")[0]
    name = unquote(name) if _UNQUOTES else name
    return Path(name) if url.startswith("sqlite:///") and name else None


@overload
def open_storage(url: str, *, create: Literal[True]) -> RememberingStorage: ...


@overload
def open_storage(url: str, *, create: bool = False) -> BaseStorage: ...


def open_storage(url: str, *, create: bool = False) -> BaseStorage:
    """Open a storage; RequestError or UnavailableError says why it cannot be.

    Without `create`, a missing SQLite file is an error and stays missing, and a proxy
    will do. With it, the storage is one to search with: once open, it waits while it is
    locked, full or gone.
    """
    _quiet_optuna()
    shown = hide_password(url)
    if is_proxied(url):
        return _proxied(url, shown, create=create)
    if url.split("?", maxsplit=1)[0].count("@") > 1:
        raise RequestError(
            f"the storage '{shown}' has more than one '@'",
            hint="in a user name or password, write '@' as %40, ':' as %3A, '/' as %2F",
        )
    try:
        sqlite = make_url(url).get_backend_name() == "sqlite"
    except (ArgumentError, ValueError):
        raise RequestError(
            f"'{shown}' is not a storage URL",
            hint="write sqlite:///FILE.db or postgresql://USER:PASSWORD@HOST/DATABASE",
        ) from None
    check_storage(url, create=create)
    try:
        storage = _made_once(lambda: _open(url, sqlite=sqlite))
        storage.get_all_studies()
    except (NoSuchModuleError, ImportError, ModuleNotFoundError):
        kind = re.split(r"\W", url, maxsplit=1)[0]
        driver = "its Python driver"
        if extra := EXTRAS.get(kind):
            driver = f"one: pip install 'autocnn[{extra}]', and write {kind}://"
        raise RequestError(
            f"no driver for the storage '{shown}' is installed",
            hint=f"install {driver}; or use sqlite:///FILE.db",
        ) from None
    except OperationalError as error:
        server = "check that the server runs, the database, its user and the password"
        file = "another program holds it; run the same command again later"
        raise UnavailableError(
            f"the storage '{shown}' cannot be opened: {first_line(error)}",
            hint=file if "locked" in str(error) else server,
        ) from None
    except RuntimeError as error:
        older = "storage upgrade" in str(error)  # else a newer Optuna made it
        raise RequestError(
            f"Optuna {optuna.__version__} cannot read the tables of '{shown}': "
            f"{'an older' if older else 'a newer'} Optuna made them",
            hint="upgrade them with 'optuna storage upgrade'"
            if older
            else "upgrade autocnn, and optuna with it",
        ) from None
    except (sqlalchemy.exc.DatabaseError, StorageInternalError) as error:
        raise RequestError(
            f"'{shown}' is not a study storage: {first_line(error)}",
            hint="name another file or database with --storage",
        ) from None
    if create:
        storage.wait(shown)
    return storage


def _proxied(url: str, shown: str, *, create: bool) -> BaseStorage:
    if create:
        raise RequestError(
            f"a search cannot write through the proxy {shown}",
            hint="name the database itself with --storage",
        )
    storage = ProxiedStorage(url, shown)
    storage.get_all_studies()
    return storage


def open_engine(url: str) -> sqlalchemy.Engine:
    """Connect to a storage to read it again and again.

    It never waits long for an SQLite file, and never makes one.
    """
    check_storage(url, create=False)
    file = sqlite_file(url)
    try:
        if file is None:
            return sqlalchemy.create_engine(url, pool_pre_ping=True)
        name, query = f"file:{quote(str(file))}", {"mode": "rw", "uri": "true"}
        place = URL.create("sqlite", database=name, query=query)
        return sqlalchemy.create_engine(place, connect_args={"timeout": 1})
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        known = not isinstance(error, ValueError)  # that may quote the password
        why = first_line(error) if known else "it is not a storage URL"
        raise RequestError(
            f"'{hide_password(url)}' cannot be read: {why}",
            hint="write sqlite:///FILE.db or postgresql://USER:PASSWORD@HOST/DATABASE",
        ) from None


def file_of(engine: sqlalchemy.Engine) -> Path | None:
    """Say which SQLite file an engine reads; None for other storages."""
    name = engine.url.database or ""
    if engine.dialect.name != "sqlite" or name in {"", ":memory:"}:
        return None
    return Path(unquote(name.removeprefix("file:").partition("?")[0]))


def study_names(storage: BaseStorage) -> list[str]:
    """List the studies, the one made last at the end."""
    studies = storage.get_all_studies()
    return [study.study_name for study in sorted(studies, key=lambda s: s._study_id)]


def retried(function: Callable[[], Result]) -> Result:
    """Call again while the database is locked or gone: some minutes, with pauses.

    For storages that were not opened to search with; those wait by themselves.
    """
    return patiently(function, _obstacle)


def _obstacle(error: Exception) -> str | None:
    if not isinstance(error, StorageInternalError | OperationalError):
        return None
    return f"the storage did not answer: {first_line(error)}"


def _quiet_optuna() -> None:
    """Leave it to the views to say what happens; errors still come through."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def check_storage(url: str, *, create: bool) -> None:
    """Refuse an SQLite file that is not there, or (to create it) cannot be written."""
    path = sqlite_file(url)
    if path is None:
        return
    if str(path) == ":memory:":
        raise RequestError(
            "a storage in memory is gone when its program ends",
            hint="name a file with --storage, such as studies.db",
        )
    if path.is_dir():
        raise RequestError(
            f"the storage {path} is a folder, not a database",
            hint=f"name the file in it, such as {path / 'autocnn.db'}",
        )
    if is_pipe(path):
        raise RequestError(
            f"the storage {path} is a pipe or a device, not a database",
            hint="name another file with --storage",
        )
    if not create and not path.exists():
        raise NoResultError(
            f"there are no studies in {path} yet",
            hint="make one with autocnn search, or name a --storage",
        )
    if create:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # One that is there is not opened: closing it would drop all locks that
            # SQLite has on it for this process, and others then delete its log.
            if not path.exists():
                path.touch()
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise RequestError(
                f"cannot write the storage {path}: {error.strerror}",
                hint="choose a place you may write to, with --studies or --storage",
            ) from None


def check_place(folder: Path, url: str) -> None:
    """Refuse a folder or an SQLite file in which nothing can be written."""
    check_writable(folder)
    file = sqlite_file(url)
    if file is not None and file.exists():
        check_storage(url, create=True)
    elif file is not None:
        check_writable(file.parent, f"the storage {file}")


def _open(url: str, *, sqlite: bool) -> RememberingStorage:
    options = {"connect_args": {"timeout": 60}} if sqlite else {"pool_pre_ping": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        storage = RememberingStorage(url, engine_kwargs=options)
    if sqlite:
        # One driver writes and many views read: neither then waits for the other.
        sqlalchemy.event.listen(storage.engine, "connect", _set_pragmas)
        storage.engine.dispose()
    return storage


def _made_once(open_it: Callable[[], Result]) -> Result:
    """Try again where another program makes the same tables at the same time."""
    for _ in range(_RACES):
        try:
            return open_it()
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            # A key that is there twice: both have just written their first row.
            twice = isinstance(error, IntegrityError)
            if not twice and "already exists" not in str(error):
                raise
            time.sleep(_RACE_SECONDS)
    return open_it()


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def first_line(error: BaseException) -> str:
    """Say what a database said of an error, without what SQLAlchemy adds."""
    cause = error.__cause__ or error
    original = getattr(cause, "orig", None) or cause
    lines = str(original).strip().splitlines()
    return lines[0] if lines else type(error).__name__
