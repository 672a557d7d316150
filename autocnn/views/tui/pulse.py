"""Whether a driver works on a study, judged by this process's own clock."""

import time

from autocnn.store.state import BEAT_SECONDS, SearchState
from autocnn.views.tui.feed import LOCKED, Feed

QUIET_SECONDS = 5 * BEAT_SECONDS
"""After so long without a beat it is said for how long."""
STALE_SECONDS = 30.0
"""And after so long, that there is no sign of life: a busy machine beats slowly."""
BUSY_SECONDS = 60.0
"""What it may take until all workers are there, or have stopped."""


class Pulse:
    """Counts how long a driver has been silent."""

    def __init__(self) -> None:
        self._beat, self._at = -1, time.monotonic()
        self._patience = STALE_SECONDS

    def hear(self, state: SearchState | None) -> None:
        """Take in what the driver said last."""
        if state is None:
            return
        busy = state.phase in {"starting", "stopping"}
        self._patience = BUSY_SECONDS if busy else STALE_SECONDS
        if state.beat != self._beat:
            self._beat, self._at = state.beat, time.monotonic()

    @property
    def quiet(self) -> float:
        """For how many seconds it has said nothing, if that is worth a word; else 0."""
        seconds = time.monotonic() - self._at
        return seconds if seconds > min(QUIET_SECONDS, self._patience) else 0.0

    @property
    def silent(self) -> float:
        """For how many seconds it has said nothing, if that is too long; else 0."""
        return self.quiet if self.quiet > self._patience else 0.0

    def trouble(self, feed: Feed) -> str:
        """Say that nobody can write, when the driver is quiet: that may be why."""
        if not self.quiet or not feed.locked():
            return ""
        return f"the storage is {LOCKED}: another program holds it, who writes waits"

    def life(self, state: SearchState | None, *, locked: bool) -> str:
        """Say in capitals what the driver does, or that it gives no sign of life.

        Who cannot write into a locked storage need not be dead.
        """
        if state is None or state.phase == "ended":
            outcome = state.outcome if state else ""
            how = {"interrupted": "STOPPED", "": "NOT RUNNING"}
            return how.get(outcome, f"ENDED {outcome}")
        if self.quiet and locked:
            return "STORAGE LOCKED"
        if silent := self.silent:
            return f"NO SIGN OF LIFE {silent:.0f}s"
        does = {"searching": "LIVE"}.get(state.phase, state.phase.upper())
        return f"{does}, quiet for {self.quiet:.0f}s" if self.quiet else does
