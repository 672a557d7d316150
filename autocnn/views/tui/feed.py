"""Where the screens' study comes from: a storage that is read again and again."""

import contextlib
import getpass
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from textual.message import Message

from autocnn.storage import hide_password, open_storage, sqlite_file
from autocnn.store.command import Command, send
from autocnn.store.find import find_study
from autocnn.store.readers import open_reader
from autocnn.store.rows import StudySnapshot
from autocnn.views.tui.moment import Moment

GLANCE = 200
"""Trials that are read at first sight of a large study."""
LOCKED = "locked"
"""As SQLite says it, and so do we."""
AGAIN = "; it is tried again"
"""Said of a study that could not be read, where it is read again and again."""


class Read(Message):
    """The study was read in the background."""

    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self.moment = moment


class Failed(Message):
    """The study could not be read this time."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Waits(Message):
    """A request is not written yet."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Feed(Protocol):
    """A study to watch. Every method but the properties may take its time."""

    @property
    def seconds(self) -> float:
        """How often it may be asked for news."""
        ...

    @property
    def place(self) -> str:
        """Where it is, to be shown."""
        ...

    def now(self) -> float:
        """The time, in seconds since 1970."""
        ...

    def read(self) -> StudySnapshot | None:
        """Read the study; None if nothing has changed."""
        ...

    def detail(self, trial: int) -> Mapping[str, Any]:
        """Read a trial's layers and epochs."""
        ...

    def locked(self) -> bool:
        """Whether nobody can write into the storage now, as far as that is known."""
        ...

    def send(self, operation: str, **details: Any) -> Command:
        """Ask the driver for something; AutocnnError says why that cannot be."""
        ...


class LiveFeed:
    """A study in a storage, as it is now."""

    def __init__(self, url: str, study: str | None, folder: Path | None = None) -> None:
        self.url = url
        self.folder = folder
        """Of the study's files, if they are on this machine."""
        self._name = study
        self._first: StudySnapshot | None = None
        self._local = sqlite_file(url) is not None
        self._reader = open_reader(url, study)

    @property
    def seconds(self) -> float:
        """A look at an SQLite file costs nothing; a server's is a journey."""
        return 0.25 if self._local else 2.0

    @property
    def place(self) -> str:
        """The storage, without its password."""
        return hide_password(self.url)

    def now(self) -> float:
        """The time of day."""
        return time.time()

    def read(self) -> StudySnapshot | None:
        """Read what is new."""
        found = self._first or self._reader.read()
        self._first = None
        if found is not None:
            self._name = found.name
        return found

    def read_first(self, *, glance: bool = False) -> StudySnapshot:
        """Read the study now; the next `read` gives it again.

        At a `glance`, of a large one only what stands at the top of its first screen.
        """
        found = self._reader.glance(GLANCE) if glance else None
        found = found or self._reader.read()
        assert found is not None
        self._first = found
        return found

    def detail(self, trial: int) -> Mapping[str, Any]:
        """Read a trial's layers and epochs."""
        return self._reader.detail(trial)

    def locked(self) -> bool:
        """Try to become the writer of an SQLite file, for no time at all."""
        file = sqlite_file(self.url)
        if file is None:
            return False
        place = f"file:{quote(str(file))}?mode=rw"
        try:
            with contextlib.closing(
                sqlite3.connect(place, timeout=0, isolation_level=None, uri=True)
            ) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            return "locked" in str(error)
        return False

    def send(self, operation: str, **details: Any) -> Command:
        """Write a command into the study."""
        study = find_study(open_storage(self.url), self._name)
        return send(study, operation, sender=_sender(), **details)


def _sender() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
