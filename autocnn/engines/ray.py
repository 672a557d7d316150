"""Workers on a Ray cluster: actors that Ray places, and that are replaced when lost.

What a worker says is fetched from it, and it is asked all the time: one that is not
asked any more is cut off, and leaves its trial.
"""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError

from autocnn import __version__, durable
from autocnn.engines import silence
from autocnn.engines.actor import Actor
from autocnn.engines.mirror import attempts, fetch, is_result
from autocnn.engines.room import NoRoom, Room, got
from autocnn.engines.shipping import publish
from autocnn.engines.silence import MOST_BETWEEN, Silence
from autocnn.engines.trainer import MARK, Files
from autocnn.errors import RequestError, UnavailableError
from autocnn.events import EpochEnded
from autocnn.locations import Location
from autocnn.processes import worker_environment
from autocnn.search.jobs import Job, JobEnded, Message, Outcome
from autocnn.waiting import LATER, Wait, patiently

logger = logging.getLogger(__name__)
STILLBORN = 3
"""So many for each, one after the other, and no more are started."""
ROOM_SECONDS = 10.0
"""How long the driver waits for all workers to be placed; it begins with those that
are, if it is at least one."""


@dataclass(slots=True)
class _Worker:
    actor: Any
    pending: Any
    """What it was asked last: to start, or for what it has to say."""
    ready: bool = False
    unfit: RequestError | None = None
    """Why it can never be."""
    silent: float = 0.0
    """Seconds in which it had a job and said nothing."""
    most_silent: float = math.inf
    """So many are allowed by its job."""
    begun: bool = False
    """Whether it has told of its job: until then, it may have much to fetch."""
    trial: int | None = None
    job: Job | None = None
    """The last one that it was given."""
    number: int = 0
    """Of its attempt at it."""
    attempt: Location | None = None
    """Where it leaves what it trains."""
    folder: Path = field(default_factory=Path)
    """Where the driver reads that."""


class RayEngine:
    """So many actors; one that is lost is replaced as soon as Ray finds it a place."""

    def __init__(self, jobs: int, room: Room, files: Files) -> None:
        """Return when at least one is there; UnavailableError if there is no room."""
        self._room, self._wait, self._looked = room, Wait(), time.monotonic()
        resources = room.resources
        self._files = files
        self._jobs = jobs
        self._heard: list[Message] = []
        self._stillborn = 0
        """How many were lost before they were ready, since one was."""
        self._silence = Silence()
        # A call of each kind at once: it trains, is heard, and is told to stop.
        self._trainer = ray.remote(Actor).options(
            max_concurrency=3,
            max_restarts=0,
            scheduling_strategy="SPREAD",
            runtime_env={"env_vars": dict(worker_environment(resources.threads))},
            **resources.options,
        )
        mark = __version__.encode()
        durable.until_written(lambda: files.home.write(MARK, mark))
        self._workers = [self._start() for _ in range(jobs)]
        try:
            patiently(self._await, room.obstacle)
        except BaseException:
            self.close()  # or they live for as long as somebody holds the error
            raise

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
        if not (free := [w for w in self._workers if w.trial is None and not w.unfit]):
            free = [self._start()]
            self._workers += free
        chosen = min(free, key=lambda each: not each.ready)
        # Another machine has another current folder.
        job = replace(job, folder=job.folder.resolve(), data=job.data.resolve())
        if (images := self._files.images) is not None:
            durable.until_written(lambda: publish(job.data, images))
        location = self._files.of(job)
        before = durable.until_read(lambda: attempts(location))
        # By the clock: one that was cut off may have left nothing, and still may.
        number = max(time.time_ns(), 1 + max(before, default=0))
        chosen.trial, chosen.job, chosen.folder = job.trial, job, job.folder
        chosen.silent, chosen.begun = 0.0, False
        chosen.most_silent = silence.allowed(job)
        chosen.number, chosen.attempt = number, location / str(number)
        chosen.actor.train.remote(job, number)

    def stop(self, trial: int) -> None:
        """Tell the worker of this trial to leave it; JobEnded follows."""
        for each in self._workers:
            if each.trial == trial:
                each.actor.stop.remote(each.number)

    def poll(self, timeout: float) -> list[Message]:
        """Collect what workers have said, waiting up to `timeout` seconds."""
        said, self._heard = self._heard, []
        try:
            said += self._listen(0.0 if said else timeout)
            said += self._hanging()
            self._move()
            self._dismiss()
            if not said:
                self._wait_for_room()
        except UnavailableError as error:
            said += self._leave(error)
        return said

    def close(self) -> None:
        """End all workers, at once."""
        for each in self._workers:
            ray.kill(each.actor)

    def _listen(self, timeout: float) -> list[Message]:
        pending = {each.pending: each for each in self._workers if not each.unfit}
        ready, _ = ray.wait(list(pending), num_returns=1, timeout=timeout)
        more, _ = ray.wait(list(pending), num_returns=len(pending), timeout=0)
        return [
            message
            for ref in {*ready, *more}
            for message in self._receive(pending[ref])
        ]

    def _await(self) -> None:
        """Return when some workers are there; NoRoom if none is."""
        until = time.monotonic() + ROOM_SECONDS
        while time.monotonic() < until and not all(
            each.ready or each.unfit for each in self._workers
        ):
            self._heard += self._listen(0.5)
        if not self.free():
            unfit = [each.unfit for each in self._workers if each.unfit]
            raise unfit[0] if unfit else NoRoom

    def _wait_for_room(self) -> None:
        """Where no machine is left, say so; UnavailableError in time."""
        now = time.monotonic()
        passed, self._looked = min(MOST_BETWEEN, now - self._looked), now
        if not any(each.ready for each in self._workers):
            self._room.check_head()
            if not self._room.workers():
                self._wait.longer(self._room.lack(), passed)
                return
        self._wait.over()

    def _leave(self, error: UnavailableError) -> list[Message]:
        """Leave all trials to another time; if there are none, say why at once."""
        if not (left := [w.trial for w in self._workers if w.trial is not None]):
            raise error
        for each in self._workers:
            each.trial = None
        why = error.problem
        return [JobEnded(trial=t, outcome="unsaved", reason=why) for t in left]

    def _start(self) -> _Worker:
        actor = self._trainer.remote(self._room.resources, self._files)
        return _Worker(actor, actor.ready.remote(__version__))

    def _move(self) -> None:
        """Give jobs whose workers have no place yet to those with nothing to do."""
        for each in [w for w in self._workers if not (w.ready or w.unfit)]:
            if each.trial is not None and each.job is not None and self.free():
                ray.kill(each.actor)
                self._workers[self._workers.index(each)] = self._start()
                self.submit(each.job)

    def _dismiss(self) -> None:
        """End workers that are too many, if they have nothing to do."""
        for each in [each for each in self._workers if each.trial is None]:
            if len(self._workers) > self._jobs:
                self._workers.remove(each)
                ray.kill(each.actor)

    def _receive(self, each: _Worker) -> Iterator[Message]:
        try:
            found = got(each.pending)
        except RayActorError as error:
            lines = str(error).splitlines()
            self._room.check_head()
            self._stillborn += not each.ready
            if self._stillborn > STILLBORN * len(self._workers):
                raise UnavailableError(
                    f"workers end before they begin: {lines[0]}",
                    hint=f"look into what Ray writes on its machines; {LATER}",
                ) from None
            if error.actor_init_failed:
                yield from self._leave_out(each, _no_start(lines[-1]))
            else:
                yield from self._lost(each, f"its worker was lost: {lines[0]}")
            return
        except RequestError as error:
            yield from self._leave_out(each, error)
            return
        if not each.ready:
            each.ready, found, self._stillborn = True, [], 0
        each.pending = each.actor.hear.remote()
        if found or not each.begun:
            each.silent, each.begun = 0.0, bool(found)
        for message in found:
            if isinstance(message, EpochEnded | JobEnded):
                self._bring(each)
            yield message
            if isinstance(message, JobEnded):
                each.trial = None
                if message.harmed or message.outcome == "lost":
                    self._replace(each)
                    return

    def _bring(self, each: _Worker) -> None:
        """Bring what the driver reads of a trial to where it does."""
        attempt = each.attempt
        assert attempt is not None
        durable.until_written(lambda: fetch(attempt, each.folder, is_result))

    def _lost(
        self, each: _Worker, why: str, outcome: Outcome = "lost"
    ) -> Iterator[Message]:
        """Replace a worker that says nothing more of its trial."""
        self._replace(each)
        if each.trial is not None:
            yield JobEnded(trial=each.trial, outcome=outcome, reason=why)

    def _replace(self, each: _Worker) -> None:
        with suppress(RayError):
            ray.kill(each.actor)  # it may only be cut off
        self._workers[self._workers.index(each)] = self._start()

    def _leave_out(self, each: _Worker, why: RequestError) -> Iterator[Message]:
        """Do without a worker that cannot train where it is, unless none can."""
        each.unfit = why
        if all(other.unfit for other in self._workers):
            raise why
        logger.warning("a worker less: %s; %s", why.problem, why.hint)
        if each.trial is not None:
            yield JobEnded(trial=each.trial, outcome="lost", reason=why.problem)
            each.trial = None

    def _hanging(self) -> list[Message]:
        """Replace workers that hang, or do not answer; their trials failed."""
        hung = self._silence.hung([each for each in self._workers if each.ready])
        return [
            message
            for each in hung
            for message in self._lost(each, silence.reason(each), "failed")
        ]


def _no_start(why: str) -> RequestError:
    return RequestError(
        f"a worker cannot be started on a machine of the cluster: {why}",
        hint="install the same version of autocnn[ray] on all machines",
    )
