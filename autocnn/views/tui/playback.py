"""The clock that a recording is played by, and what screens read while it plays."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autocnn.errors import NoResultError, RequestError
from autocnn.storage import hide_password
from autocnn.store.command import Command
from autocnn.store.readers import open_reader
from autocnn.store.replay import Recording
from autocnn.store.rows import StudySnapshot

FRAME_SECONDS = 0.2
SPEED = 60.0
SLOWEST, FASTEST = 1.0, 2.0**20


@dataclass(frozen=True, slots=True)
class _Run:
    """A stretch of playing, or of standing still."""

    begun: float
    """Seconds of the recording before it."""
    since: float
    """By the clock that it is played by."""
    speed: float
    going: bool


class Playback:
    """How far a recording has been played. Any thread may look while one controls."""

    def __init__(
        self,
        length: float,
        speed: float = SPEED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.length = length
        self._clock = clock
        self._run = _Run(0.0, clock(), speed, going=True)

    @property
    def played(self) -> float:
        """Seconds of the recording, up to its length."""
        return self._at(self._run)

    @property
    def share(self) -> float:
        """How much of the recording has been played, 0 to 1."""
        return self.played / self.length if self.length else 1.0

    @property
    def speed(self) -> float:
        """Seconds of the recording in one second."""
        return self._run.speed

    @property
    def going(self) -> bool:
        """Whether it goes on: it is not held, and its end is still to come."""
        return self._run.going and self.played < self.length

    def toggle(self) -> None:
        """Hold it, or go on; at the end, begin anew."""
        over = self.played >= self.length
        self._set(begun=0.0 if over else self.played, going=not self.going)

    def seek(self, share: float) -> None:
        """Go to a share of the recording, 0 to 1."""
        self._set(begun=self.length * min(1.0, max(0.0, share)))

    def faster(self, factor: float) -> None:
        """Play so many times as fast from here on."""
        speed = min(FASTEST, max(SLOWEST, self.speed * factor))
        self._set(begun=self.played, speed=speed)

    def _set(self, **changes: Any) -> None:
        self._run = replace(self._run, since=self._clock(), **changes)

    def _at(self, run: _Run) -> float:
        passed = (self._clock() - run.since) * run.speed if run.going else 0.0
        return min(self.length, run.begun + passed)


class ReplayFeed:
    """A study in a storage, as it was; its time is the recording's."""

    def __init__(
        self,
        url: str,
        study: str | None,
        *,
        speed: float = SPEED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """NoResultError if nothing has happened in the study."""
        self.url = url
        self.folder: Path | None = None
        """Of the study's files, if they are on this machine."""
        self._reader = open_reader(url, study)
        found = self._reader.read()
        assert found is not None
        self.recording = Recording(found, self._reader.histories())
        if self.recording.begin == self.recording.end:
            raise NoResultError(
                f"nothing has happened in study '{found.name}' that could be played",
                hint=f"begin the search, and see it live: autocnn watch {found.name}",
            )
        length = self.recording.timeline.length
        self.playback = Playback(length, speed, clock)
        self._shown = -math.inf

    @property
    def name(self) -> str:
        """The study's."""
        return self.recording.study.name

    @property
    def seconds(self) -> float:
        """As often as a new picture is worth it."""
        return FRAME_SECONDS

    @property
    def place(self) -> str:
        """The storage, without its password."""
        return hide_password(self.url)

    def now(self) -> float:
        """The moment that was read last."""
        return self._shown

    def read(self) -> StudySnapshot | None:
        """Say what the study was; None while the playback stands still."""
        moment = self.recording.timeline.moment(self.playback.played)
        if moment == self._shown:
            return None
        self._shown = moment
        return self.recording.at(moment)

    def detail(self, trial: int) -> Mapping[str, Any]:
        """Read a trial's layers, and its epochs so far."""
        found = dict(self._reader.detail(trial))
        if "epochs" in found:
            passed = self.recording.epochs(trial, self._shown)
            found["epochs"] = found["epochs"][:passed]
        return found

    def locked(self) -> bool:
        """Say no: nobody writes what has been."""
        return False

    def send(
        self,
        operation: str,  # noqa: ARG002 - a feed's signature
        **details: Any,  # noqa: ARG002
    ) -> Command:
        """Refuse: what has happened cannot be changed."""
        raise RequestError(
            "this is a recording; a search is steered from autocnn watch"
        )
