"""What a worker on a cluster does: it trains in a folder of its machine.

What it says is fetched from it, and it is asked all the time: one that is not asked any
more is cut off, and leaves its trial.
"""

import os
import queue
import socket
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from autocnn import __version__, durable
from autocnn import device as devices
from autocnn.engines import worker
from autocnn.engines.mirror import Mirror, forget_before, last_checkpoint, take_over
from autocnn.engines.shipping import arrived
from autocnn.errors import AutocnnError, RequestError, UnavailableError
from autocnn.events import EpochEnded
from autocnn.locations import Location
from autocnn.search.jobs import Job, JobEnded, Message

ASKED_SECONDS = 5.0
"""How long a worker that has nothing to say lets its driver wait."""
LEASE_SECONDS = 660.0
"""A worker that is not asked for so long leaves its trial: longer than a driver waits
for its database. Ray takes a minute to notice that it is cut off, and gives its trial
to another; what it trains until then counts for nothing."""
MARK = ".cluster"
"""A file that the driver leaves, by which machines see that they reach its folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What each worker has of the cluster."""

    cpus: float = 1.0
    gpus: float = 0.0
    """May be a fraction: so many workers share a GPU."""

    def __str__(self) -> str:
        """Say it as a person does."""
        gpus = f" and {self.gpus:g} GPU" if self.gpus else ""
        return f"{self.cpus:g} CPU{gpus}"

    @property
    def device(self) -> torch.device:
        """What it trains on."""
        return torch.device("cuda" if self.gpus else "cpu")

    @property
    def threads(self) -> int:
        """How many it computes with."""
        return max(1, int(self.cpus))

    @property
    def options(self) -> dict[str, float]:
        """As Ray has it."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus}

    def check(self) -> None:
        """Refuse a machine that has been given a GPU, and on which PyTorch has none."""
        try:
            devices.pick_device(str(self.device))
        except RequestError:
            raise RequestError(
                f"{_here()} has {self}, says Ray, but PyTorch finds no GPU there",
                hint="install the GPU's driver and a PyTorch for it there, or search "
                "without --gpus-per-worker",
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where a cluster's machines find what they work at."""

    location: Location | None = None
    """None: all machines have the folders of this one."""
    studies: Path = Path()
    """The folder on this machine that the location mirrors."""

    @property
    def home(self) -> Location:
        """The folder of all studies."""
        return self.location or Location(str(self.studies))

    def of(self, job: Job) -> Location:
        """Say where all machines find a job's files."""
        if self.location is None:
            return Location(str(job.folder))
        return self.location / job.folder.relative_to(self.studies).as_posix()

    @property
    def images(self) -> Location | None:
        """Where prepared images are, for machines that lack them."""
        return None if self.location is None else self.location / "images"


class Trainer:
    """What an actor does: trains one job at a time, and says how it goes."""

    def __init__(self, resources: Resources, files: Files) -> None:
        self._resources, self._device = resources, resources.device
        self._files = files
        self._said: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        """Attempts, one of which may be told to stop before it has begun."""
        self._asked = time.monotonic()
        threading.Thread(target=_leave_after, args=(os.getppid(),), daemon=True).start()
        self.leaving = ""
        """Why it leaves what it trains to another, if it does."""

    def ready(self, version: str) -> None:
        """Begin; RequestError says what keeps this machine from training."""
        here = _here()
        if version != __version__:
            raise RequestError(
                f"{here} has autocnn {__version__}, and the driver {version}",
                hint="install the same version on all machines",
            )
        try:
            self._files.home.read(MARK)
        except (OSError, ImportError) as error:
            raise RequestError(
                f"{here} does not reach {self._files.home.url}: {error}",
                hint="name a folder that all machines share, or a URL such as "
                "s3://BUCKET/PATH, with --artifacts",
            ) from None
        self._resources.check()
        devices.prepare(self._device, self._resources.threads)

    def train(self, job: Job, attempt: int) -> None:
        """Train a job; `hear` tells of it."""
        self._asked = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="autocnn-") as name:
            try:
                ended = self._train(job, Path(name), attempt)
            except UnavailableError as error:
                reason = error.problem
                ended = JobEnded(trial=job.trial, outcome="unsaved", reason=reason)
            except AutocnnError as error:  # no recipe answers for it
                reason = f"{error.problem}; {error.hint}"
                ended = JobEnded(trial=job.trial, outcome="unsaved", reason=reason)
            except OSError as error:  # what it begins with cannot be had
                reason = f"cannot read {error.filename}: {error.strerror or error}"
                ended = JobEnded(trial=job.trial, outcome="lost", reason=reason)
        self._said.put(ended)

    def hear(self) -> list[Message]:
        """Wait a little for something to say."""
        self._asked = time.monotonic()
        said: list[Message] = []
        with suppress(queue.Empty):
            said.append(self._said.get(timeout=ASKED_SECONDS))
            while True:
                said.append(self._said.get_nowait())
        self._asked = time.monotonic()
        return said

    def stop(self, attempt: int) -> None:
        """Leave this attempt at a trial, at its next step."""
        self._stopped.add(attempt)

    def _train(self, job: Job, folder: Path, attempt: int) -> JobEnded:
        location = self._files.of(job)
        mirror = Mirror(folder, location / str(attempt))

        def wanted() -> bool:
            if time.monotonic() - self._asked > LEASE_SECONDS:
                self.leaving = "its worker was cut off"
            return attempt not in self._stopped and not self.leaving

        def say(message: Message) -> None:
            if isinstance(message, EpochEnded):
                durable.until_written(mirror.send)
                forget_before(location, attempt)
            self._said.put(message)

        if (last := last_checkpoint(location, attempt)) is not None:
            take_over(last, folder)
        here = replace(job, folder=folder, data=arrived(job.data, self._files.images))
        ended = worker.run(here, self._device, say, wanted)
        with suppress(OSError):  # what there is of an epoch that was broken off
            mirror.send()
        if ended.outcome == "stopped" and attempt not in self._stopped:
            return replace(ended, outcome="lost", reason=self.leaving)
        return ended


def _leave_after(parent: int) -> None:
    """Leave once Ray's daemon on this machine has: it ends when it was cut off.

    Ray at times lets its workers live on, with their memory and their GPU.
    """
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _here() -> str:
    return f"machine {socket.gethostname()} of the cluster"
