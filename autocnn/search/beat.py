"""The driver's word on itself: written into the study while it lives, for views."""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import optuna
import psutil

from autocnn import __version__
from autocnn import device as devices
from autocnn.store.state import BEAT_SECONDS, STATE, Load, Pace, Phase, SearchState

LOOK_SECONDS = 10.0
"""How often GPUs and the disk are asked what they hold: it takes a moment."""


def starting(study: optuna.Study, device: str, jobs: int, trials: int) -> None:
    """Say in the study that a search is about to begin: its workers are not up yet."""
    before = SearchState.from_dict(study.user_attrs.get(STATE))
    state = SearchState(
        phase="starting",
        beat=0,
        host=socket.gethostname(),
        pid=os.getpid(),
        version=__version__,
        device=device,
        jobs=jobs,
        trials=trials,
        seconds=0.0,
        earlier_seconds=before.seconds + before.earlier_seconds if before else 0.0,
    )
    study.set_user_attr(STATE, state.to_dict())


class Beat:
    """Says every few seconds what the search is at; at once when its phase changes."""

    def __init__(
        self,
        study: optuna.Study,
        device: str,
        begun: float,
        rungs: tuple[int, ...] = (),
        checkpoints: Path | None = None,
    ) -> None:
        """`begun`: when this run of the search was, by time.monotonic().

        `checkpoints` is the folder in which the study's trials have theirs.
        """
        self._study = study
        self._device = device
        self._rungs = rungs
        self._begun = begun
        self._host = socket.gethostname()
        before = SearchState.from_dict(study.user_attrs.get(STATE))
        self._earlier = before.seconds + before.earlier_seconds if before else 0.0
        if before and (before.host, before.pid) == (self._host, os.getpid()):
            # Another part of this run has spoken last.
            self._earlier = before.earlier_seconds
            self._rungs = rungs or before.rungs
        self._count = 0
        self._said: tuple[object, ...] = ()
        self._at = float("-inf")
        self._notice = ""
        self._gpu, self._gpu_at = (0, 0), float("-inf")
        self._checkpoints = checkpoints
        self._disk, self._disk_at = 0, float("-inf")
        psutil.cpu_percent()  # the first call only starts the measurement

    def notice(self, text: str) -> None:
        """Remember the last thing that a person should know."""
        self._notice = text

    def write(
        self,
        phase: Phase,
        *,
        jobs: int,
        trials: int,
        seconds_left: Callable[[], float | None],
        paces: Mapping[int, Pace],
        outcome: str = "",
    ) -> None:
        """Write the state, if it is time or something a person did has changed it."""
        now = time.monotonic()
        said = (phase, jobs, trials, outcome)
        if said == self._said and now - self._at < BEAT_SECONDS:
            return
        self._said, self._at = said, now
        self._count += 1
        state = SearchState(
            phase=phase,
            beat=self._count,
            host=self._host,
            pid=os.getpid(),
            version=__version__,
            device=self._device,
            jobs=jobs,
            trials=trials,
            seconds=round(now - self._begun, 1),
            earlier_seconds=self._earlier,
            seconds_left=None if phase == "ended" else seconds_left(),
            outcome=outcome,
            notice=self._notice,
            rungs=self._rungs,
            paces=paces,
            load=self._load(),
            checkpoint_bytes=self._on_disk(at_once=phase == "ended"),
        )
        self._study.set_user_attr(STATE, state.to_dict())

    def _on_disk(self, *, at_once: bool) -> int:
        now = time.monotonic()
        if self._checkpoints is not None and (
            at_once or now - self._disk_at > LOOK_SECONDS
        ):
            self._disk, self._disk_at = folder_bytes(self._checkpoints), now
        return self._disk

    def _load(self) -> Load:
        memory = psutil.virtual_memory()
        if time.monotonic() - self._gpu_at > LOOK_SECONDS:
            self._gpu, self._gpu_at = devices.occupied(), time.monotonic()
        return Load(
            cpu=psutil.cpu_percent() / 100,
            cores=psutil.cpu_count() or 1,
            memory=memory.total - memory.available,
            memory_total=memory.total,
            device_memory=self._gpu[0],
            device_memory_total=self._gpu[1],
        )


def folder_bytes(folder: Path) -> int:
    """Add up the files under a folder, while others write and delete there."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(path, name).lstat().st_size
    return total
