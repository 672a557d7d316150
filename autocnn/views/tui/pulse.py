"""Whether a driver works on a study, judged by this process's own clock."""

import time

from autocnn.store.state import BEAT_SECONDS, SearchState
from autocnn.views.tui.feed import LOCKED, Feed

STALE_SECONDS = 5 * BEAT_SECONDS
START_SECONDS = 60.0
"""What a search may take until its workers are there and it begins to say so."""


class Pulse:
    """Counts how long a driver has been silent."""

    def __init__(self) -> None:
        self._beat, self._at = -1, time.monotonic()
        self._patience = STALE_SECONDS

    def hear(self, state: SearchState | None) -> None:
        """Take in what the driver said last."""
        if state is None:
            return
        starts = state.phase == "starting"
        self._patience = START_SECONDS if starts else STALE_SECONDS
        if state.beat != self._beat:
            self._beat, self._at = state.beat, time.monotonic()

    @property
    def silent(self) -> float:
        """For how many seconds it has said nothing, if that is too long; else 0."""
        seconds = time.monotonic() - self._at
        return seconds if seconds > self._patience else 0.0

    def trouble(self, feed: Feed) -> str:
        """Say that nobody can write, when the driver is silent: that may be why."""
        if not self.silent or not feed.locked():
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
        if silent := self.silent:
            return "STORAGE LOCKED" if locked else f"NO SIGN OF LIFE {silent:.0f}s"
        return {"searching": "LIVE"}.get(state.phase, state.phase.upper())
