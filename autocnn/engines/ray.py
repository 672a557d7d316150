"""Workers on a Ray cluster: actors that Ray places, and that are replaced when lost.

Only this file imports ray. What a worker says is fetched from it, and it is asked all
the time: one that is not asked any more is cut off, and leaves its trial.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError

from autocnn import __version__, durable
from autocnn.engines.locations import Location
from autocnn.engines.mirror import attempts, fetch, is_result
from autocnn.engines.shipping import publish
from autocnn.engines.trainer import MARK, Files, Resources, Trainer
from autocnn.errors import RequestError
from autocnn.events import EpochEnded
from autocnn.search.jobs import Job, JobEnded, Message
from autocnn.waiting import patiently

SAME = (
    "all need the same version, and a folder that they share or, with --artifacts, a "
    "URL such as s3://BUCKET/PATH"
)
ROOM_SECONDS = 10.0
"""How long the driver waits for all workers to be placed; it begins with those that
are, if it is at least one."""


@dataclass(slots=True)
class _Worker:
    actor: Any
    pending: Any
    """What it was asked last: to start, or for what it has to say."""
    ready: bool = False
    trial: int | None = None
    attempt: Location | None = None
    """Where it leaves what it trains."""
    folder: Path = field(default_factory=Path)
    """Where the driver reads that."""


class RayEngine:
    """So many actors; one that is lost is replaced as soon as Ray finds it a place."""

    def __init__(self, jobs: int, resources: Resources, files: Files) -> None:
        """Return when at least one is there; UnavailableError if there is no room."""
        self._resources = resources
        self._files = files
        self._jobs = jobs
        self._heard: list[Message] = []
        # A call of each kind at once: it trains, is heard, and is told to stop.
        self._trainer = ray.remote(Trainer).options(
            max_concurrency=3,
            max_restarts=0,
            scheduling_strategy="SPREAD",
            **resources.options,
        )
        files.home.write(MARK, __version__.encode())
        self._workers = [self._start() for _ in range(jobs)]
        patiently(self._await, _obstacle)

    def free(self) -> int:
        """Count the workers without a job."""
        idle = sum(each.ready and each.trial is None for each in self._workers)
        return max(0, idle - max(0, len(self._workers) - self._jobs))

    def resize(self, jobs: int) -> None:
        """Have so many workers; one too many leaves when its job has ended."""
        self._jobs = jobs
        self._dismiss()
        while len(self._workers) < jobs:
            self._workers.append(self._start())

    def submit(self, job: Job) -> None:
        """Give a job to a free worker; one that comes back waits for a new one."""
        free = [each for each in self._workers if each.trial is None]
        chosen = min(free, key=lambda each: not each.ready)
        if self._files.images is not None:
            publish(job.data, self._files.images)
        location = self._files.of(job)
        number = 1 + max(attempts(location), default=0)
        chosen.trial, chosen.folder = job.trial, job.folder
        chosen.attempt = location / str(number)
        chosen.actor.train.remote(job, number)

    def stop(self, trial: int) -> None:
        """Tell the worker of this trial to leave it; JobEnded follows."""
        for each in self._workers:
            if each.trial == trial:
                each.actor.stop.remote(trial)

    def poll(self, timeout: float) -> list[Message]:
        """Collect what workers have said, waiting up to `timeout` seconds."""
        said, self._heard = self._heard, []
        said += self._listen(0.0 if said else timeout)
        self._dismiss()
        return said

    def close(self) -> None:
        """End all workers, at once."""
        for each in self._workers:
            ray.kill(each.actor)

    def _listen(self, timeout: float) -> list[Message]:
        pending = {each.pending: each for each in self._workers}
        ready, _ = ray.wait(list(pending), num_returns=1, timeout=timeout)
        more, _ = ray.wait(list(pending), num_returns=len(pending), timeout=0)
        return [
            message
            for ref in {*ready, *more}
            for message in self._receive(pending[ref])
        ]

    def _await(self) -> None:
        """Return when some workers are there; _NoRoom if none is."""
        until = time.monotonic() + ROOM_SECONDS
        while time.monotonic() < until and self.free() < self._jobs:
            self._heard += self._listen(0.5)
        if not self.free():
            raise _NoRoom(self._resources)

    def _start(self) -> _Worker:
        actor = self._trainer.remote(self._resources, self._files)
        return _Worker(actor, actor.ready.remote(__version__))

    def _dismiss(self) -> None:
        """End workers that are too many, if they have nothing to do."""
        for each in [each for each in self._workers if each.trial is None]:
            if len(self._workers) > self._jobs:
                self._workers.remove(each)
                ray.kill(each.actor)

    def _receive(self, each: _Worker) -> Iterator[Message]:
        try:
            found = ray.get(each.pending)
        except RayActorError as error:
            yield from self._replace(each, str(error).splitlines()[0])
            return
        if not each.ready:
            if found:
                raise RequestError(f"a machine of the cluster {found}", hint=SAME)
            each.ready, found = True, []
        each.pending = each.actor.hear.remote()
        for message in found:
            if isinstance(message, EpochEnded | JobEnded):
                self._bring(each)
            if isinstance(message, JobEnded):
                each.trial = None
            yield message

    def _bring(self, each: _Worker) -> None:
        """Bring what the driver reads of a trial to where it does."""
        attempt = each.attempt
        assert attempt is not None
        durable.until_written(lambda: fetch(attempt, each.folder, is_result))

    def _replace(self, each: _Worker, why: str) -> Iterator[Message]:
        """Have another worker in the place of one that is lost."""
        with suppress(RayError):
            ray.kill(each.actor)  # it may only be cut off
        self._workers[self._workers.index(each)] = self._start()
        if each.trial is not None:
            reason = f"its worker was lost: {why}"
            yield JobEnded(trial=each.trial, outcome="lost", reason=reason)


class _NoRoom(Exception):  # noqa: N818 - what is, not what is wrong
    """No machine of the cluster has what a worker needs."""


def _obstacle(error: Exception) -> str | None:
    if not isinstance(error, _NoRoom):
        return None
    there = ray.cluster_resources()
    return (
        f"the cluster has no room for a worker of {error.args[0]}: in all it has "
        f"{there.get('CPU', 0):g} CPU and {there.get('GPU', 0):g} GPU"
    )
