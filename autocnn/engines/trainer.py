"""What a worker on a cluster does: it trains in a folder of its machine.

What it says is fetched from it, and it is asked all the time: one that is not asked any
more is cut off, and leaves its trial.
"""

import queue
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from autocnn import __version__, durable
from autocnn import device as devices
from autocnn.engines import worker
from autocnn.engines.locations import Location
from autocnn.engines.mirror import Mirror, fetch, last_checkpoint
from autocnn.engines.shipping import arrived
from autocnn.errors import AutocnnError, UnavailableError
from autocnn.events import EpochEnded
from autocnn.search.jobs import Job, JobEnded, Message

ASKED_SECONDS = 5.0
"""How long a worker that has nothing to say lets its driver wait."""
LEASE_SECONDS = 30.0
"""A worker that is not asked for so long leaves its trial: Ray takes a minute to notice
that it is cut off, and only then is the trial given to another."""
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
    def options(self) -> dict[str, float]:
        """As Ray has it."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus}


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
        return Location(
            f"{self.location.url.rstrip('/')}/{job.folder.relative_to(self.studies)}"
        )

    @property
    def images(self) -> Location | None:
        """Where prepared images are, for machines that lack them."""
        return None if self.location is None else self.location / "images"


class Trainer:
    """What an actor does: trains one job at a time, and says how it goes."""

    def __init__(self, resources: Resources, files: Files) -> None:
        self._device = resources.device
        devices.prepare(self._device, max(1, int(resources.cpus)))
        self._files = files
        self._said: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        self._asked = time.monotonic()

    def ready(self, version: str) -> str:
        """Say what keeps this machine from training; nothing if it can."""
        if version != __version__:
            return f"has autocnn {__version__}, and the driver {version}"
        try:
            self._files.home.read(MARK)
        except OSError:
            return f"does not reach {self._files.home.url}"
        return ""

    def train(self, job: Job, attempt: int) -> None:
        """Train a job; `hear` tells of it."""
        self._asked = time.monotonic()
        self._stopped.discard(job.trial)
        with tempfile.TemporaryDirectory(prefix="autocnn-") as name:
            try:
                ended = self._train(job, Path(name), attempt)
            except UnavailableError as error:
                reason = error.problem
                ended = JobEnded(trial=job.trial, outcome="unsaved", reason=reason)
            except AutocnnError as error:
                reason = f"{error.problem}; {error.hint}"
                ended = JobEnded(trial=job.trial, outcome="failed", reason=reason)
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

    def stop(self, trial: int) -> None:
        """Leave this trial at its next step."""
        self._stopped.add(trial)

    def _train(self, job: Job, folder: Path, attempt: int) -> JobEnded:
        location = self._files.of(job)
        mirror = Mirror(folder, location / str(attempt))

        def wanted() -> bool:
            alone = time.monotonic() - self._asked > LEASE_SECONDS
            return job.trial not in self._stopped and not alone

        def say(message: Message) -> None:
            if isinstance(message, EpochEnded):
                durable.until_written(mirror.send)
            self._said.put(message)

        if (last := last_checkpoint(location, attempt)) is not None:
            durable.until_read(lambda: fetch(last, folder))
        here = replace(job, folder=folder, data=arrived(job.data, self._files.images))
        ended = worker.run(here, self._device, say, wanted)
        with suppress(OSError):  # what there is of an epoch that was broken off
            mirror.send()
        return ended
