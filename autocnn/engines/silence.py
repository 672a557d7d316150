"""When a worker has a job and says nothing any more: the same for every engine."""

import time
from collections.abc import Iterable
from typing import Protocol, TypeVar

from autocnn.quantities import duration
from autocnn.search.jobs import Job

STALL_SECONDS = 600.0
"""A worker that has a job and says nothing for so long hangs: it tells every few
seconds how far it is, but for the time in which it scores."""
LEAST_SECONDS = 120.0
"""So long at least where a trial may train for less than that: what is waited for, as
room on a disk, is told once a minute."""
MOST_BETWEEN = 5.0
"""Seconds that count at most between two looks: this process may have been stopped."""


class Heard(Protocol):
    """A worker, as far as it is listened to."""

    trial: int | None
    silent: float
    """Seconds in which it had a job and said nothing."""
    most_silent: float
    """So many are allowed by its job."""


Worker = TypeVar("Worker", bound=Heard)


class Silence:
    """Counts for how long workers say nothing; who hears one sets it back to 0."""

    def __init__(self) -> None:
        self.looked = time.monotonic()

    def hung(self, workers: Iterable[Worker]) -> list[Worker]:
        """Count on since the last look; list those that hang."""
        now = time.monotonic()
        passed, self.looked = min(MOST_BETWEEN, now - self.looked), now
        busy = [each for each in workers if each.trial is not None]
        for each in busy:
            each.silent += passed
        return [each for each in busy if each.silent >= _most(each)]


def allowed(job: Job) -> float:
    """Say for how many seconds a job may be silent: no longer than it may train."""
    return max(LEAST_SECONDS, job.most_seconds)


def reason(worker: Heard) -> str:
    """Say what became of a trial whose worker hung."""
    return f"hung: nothing was heard of it for {duration(_most(worker))}"


def _most(worker: Heard) -> float:
    return min(STALL_SECONDS, worker.most_silent)
