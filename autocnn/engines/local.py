"""Worker processes on this machine: one per CPU core, or per GPU."""

import math
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess, SpawnProcess

import torch

from autocnn import device as devices
from autocnn.engines import silence, worker
from autocnn.engines.silence import Silence
from autocnn.processes import (
    WORKER,
    threads_of,
    worker_context,
    worker_environment,
)
from autocnn.search.jobs import ATTEMPTS, POLL_SECONDS, Job, JobEnded, Message
from autocnn.variables import environment


@dataclass(slots=True)
class _Worker:
    process: ForkServerProcess | SpawnProcess
    connection: Connection
    slot: int
    """Its place among the workers, which says what device it has."""
    trial: int | None = None
    silent: float = 0.0
    """Seconds in which it had a job and said nothing."""
    most_silent: float = math.inf
    """So many are allowed by its job."""


class LocalEngine:
    """A fixed number of long-lived workers; one that dies is replaced."""

    def __init__(self, device: torch.device, jobs: int, *, threads: int = 0) -> None:
        """Each worker has so many threads; 0: its share of the cores."""
        self._device = device
        self._jobs = jobs
        self._threads = threads or threads_of(jobs)
        self._context = worker_context(self._threads)
        self._workers: list[_Worker] = []
        self._silence = Silence()
        for _ in range(jobs):
            self._workers.append(self._start())

    def free(self) -> int:
        """Count the workers without a job."""
        idle = sum(worker.trial is None for worker in self._workers)
        return max(0, idle - max(0, len(self._workers) - self._jobs))

    def resize(self, jobs: int) -> None:
        """Have so many workers; one too many leaves when its job has ended."""
        self._jobs, self._threads = jobs, threads_of(jobs)
        self._dismiss()
        while len(self._workers) < jobs:
            self._workers.append(self._start())

    def submit(self, job: Job) -> None:
        """Give a job to a free worker."""
        free = next((each for each in self._workers if each.trial is None), None)
        if free is None:  # a lost trial comes back after `resize` has let others go
            free = self._start()
            self._workers.append(free)
        free.trial, free.silent = job.trial, 0.0
        free.most_silent = silence.allowed(job)
        with suppress(OSError):  # a dead worker is noticed, and said, by poll
            free.connection.send(job)

    def stop(self, trial: int) -> None:
        """Tell the worker of this trial to leave it; JobEnded follows."""
        for each in self._workers:
            if each.trial == trial:
                with suppress(OSError):
                    each.connection.send(trial)

    def poll(self, timeout: float) -> list[Message]:
        """Collect what workers have said, waiting up to `timeout` seconds."""
        ready = connection.wait([each.connection for each in self._workers], timeout)
        said = [
            message
            for each in list(self._workers)
            if each.connection in ready
            for message in self._receive(each)
        ]
        said += self._stalled()
        self._dismiss()
        return said

    def close(self) -> None:
        """End all workers, at once."""
        _end(self._workers)

    def _dismiss(self) -> None:
        """End workers that are too many, if they have nothing to do."""
        for each in [each for each in self._workers if each.trial is None]:
            if len(self._workers) > self._jobs:
                self._workers.remove(each)
                _end([each])

    def _start(self, slot: int | None = None) -> _Worker:
        """Start a worker in a place, or in the first that is empty."""
        if slot is None:
            taken = {worker.slot for worker in self._workers}
            slot = next(place for place in count() if place not in taken)
        ours, theirs = self._context.Pipe()
        device = devices.assign(self._device, slot)
        process = self._context.Process(
            target=worker.main,
            args=(theirs, str(device), self._threads),
            name=f"{WORKER}{slot}",
            daemon=True,
        )
        # Where there is no fork server, one that replaces a dead worker needs it too.
        with environment(worker_environment(self._threads)):
            self._begin(process)
        theirs.close()
        return _Worker(process, ours, slot)

    def _begin(self, process: ForkServerProcess | SpawnProcess) -> None:
        """Start a process, though what forks it may have just been killed."""
        for _ in range(ATTEMPTS):
            try:
                process.start()
            except (EOFError, ConnectionError):
                time.sleep(POLL_SECONDS)
                worker_context(self._threads)  # which starts another server
            else:
                return
        process.start()

    def _stalled(self) -> list[Message]:
        """Replace workers that hang; their trials failed."""
        ended: list[Message] = []
        for each in self._silence.hung(self._workers):
            assert each.trial is not None
            why = silence.reason(each)
            ended.append(JobEnded(trial=each.trial, outcome="failed", reason=why))
            self._replace(each)
        return ended

    def _receive(self, each: _Worker) -> Iterator[Message]:
        each.silent = 0.0
        try:
            while each.connection.poll():
                message: Message = each.connection.recv()
                yield message
                if isinstance(message, JobEnded):
                    each.trial = None
                    if message.harmed:
                        self._replace(each)
                        return
        except (EOFError, OSError):
            each.process.join()
            if each.trial is not None:
                yield JobEnded(
                    trial=each.trial, outcome="lost", reason=_how_it_died(each)
                )
            self._replace(each)

    def _replace(self, each: _Worker) -> None:
        _end([each])
        self._workers[self._workers.index(each)] = self._start(each.slot)


def _end(workers: Sequence[_Worker]) -> None:
    for each in workers:
        each.process.kill()
    for each in workers:
        each.process.join()
        each.connection.close()


def _how_it_died(each: _Worker) -> str:
    code = each.process.exitcode or 0
    if code >= 0:
        return f"its worker exited with code {code}"
    name = signal.Signals(-code).name
    hint = " (out of memory?)" if name == "SIGKILL" else ""
    return f"its worker was ended by {name}{hint}"
