"""Workers that only say what recorded ones said, in real time."""

import dataclasses
import heapq
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from autocnn.events import EpochEnded
from autocnn.search.jobs import PROGRESS_SECONDS, Job, JobEnded, Message, Progress
from autocnn.train.attempt import weights_file
from benchmarks.curves import Curves, Row

EPOCH_SECONDS = 10.0
"""Of the recorded epochs' median; they keep their proportions."""


@dataclass(slots=True)
class Playing:
    """What a worker is about to say of its trial."""

    job: Job
    row: Row
    begun: float
    """When its epoch began."""
    seconds: float
    """Of an epoch."""
    said: int = 0
    """How often within the epoch it has said how far it is."""

    @property
    def epoch(self) -> int:
        """The one being trained."""
        return self.job.reported + 1

    @property
    def due(self) -> float:
        """When it says the next thing."""
        progress = self.begun + PROGRESS_SECONDS * (self.said + 1)
        return min(progress, self.begun + self.seconds)


@dataclass(slots=True)
class Crowd:
    """Workers of a cluster, as the driver sees them."""

    size: int
    curves: Curves
    latencies: list[float] = field(default_factory=list)
    """From the end of each epoch until the driver has judged it and looked around."""
    given: int = 0
    """Trials that workers were given."""
    waits: list[float] = field(default_factory=list)
    """From each moment that a worker is free until it has a trial."""
    _playing: dict[int, Playing] = field(default_factory=dict)
    _due: list[tuple[float, int]] = field(default_factory=list)
    _heard: list[float] = field(default_factory=list)
    """When what was handed out last had happened."""
    _free_since: list[float] = field(default_factory=list)
    _stopped: list[int] = field(default_factory=list)
    _rows: Sequence[Row] = field(init=False)
    """What is played, each in its turn."""
    _typical: float = field(init=False)
    """Seconds of their epochs."""

    def __post_init__(self) -> None:
        self._free_since = [time.monotonic()] * self.size
        self._rows = self.curves.whole
        self._typical = statistics.median(row.seconds for row in self._rows)

    def forget(self) -> None:
        """Measure anew."""
        self.latencies.clear()
        self.waits.clear()

    def free(self) -> int:
        """Count the workers without a trial."""
        return self.size - len(self._playing)

    def submit(self, job: Job) -> None:
        """Let a worker play the next recorded curve."""
        now = time.monotonic()
        self.given += 1
        self.waits.append(now - self._free_since.pop(0))
        row = self._rows[job.trial % len(self._rows)]
        seconds = EPOCH_SECONDS * row.seconds / self._typical
        self._follow(Playing(job, row, now, seconds))

    def _follow(self, playing: Playing) -> None:
        self._playing[playing.job.trial] = playing
        heapq.heappush(self._due, (playing.due, playing.job.trial))

    def stop(self, trial: int) -> None:
        """Let a worker leave its trial."""
        self._stopped.append(trial)

    def resize(self, jobs: int) -> None:
        """Have so many workers."""
        self.size = jobs

    def poll(self, timeout: float) -> list[Message]:
        """Hand out what has happened, waiting for it as workers' pipes do."""
        now = time.monotonic()
        self.latencies += [now - at for at in self._heard]
        self._heard.clear()
        messages: list[Message] = [self._leave(trial) for trial in self._stopped]
        self._stopped.clear()
        if not messages:
            wait = self._due[0][0] - now if self._due else timeout
            time.sleep(max(0.0, min(wait, timeout)))
        while self._due and self._due[0][0] <= time.monotonic():
            due, trial = heapq.heappop(self._due)
            playing = self._playing.get(trial)
            if playing is not None and playing.due == due:
                messages += self._say(playing, due)
        return messages

    def close(self) -> None:
        """End all workers."""
        self._playing.clear()

    def _leave(self, trial: int) -> JobEnded:
        if self._playing.pop(trial, None) is not None:
            self._free_since.append(time.monotonic())
        return JobEnded(trial=trial, outcome="stopped")

    def _say(self, playing: Playing, at: float) -> Iterator[Message]:
        """Say what has happened to a trial, and follow what comes next of it."""
        trial, epoch = playing.job.trial, playing.epoch
        if at < playing.begun + playing.seconds:
            playing.said += 1
            self._follow(playing)
            share = (at - playing.begun) / playing.seconds
            yield Progress(trial=trial, epoch=epoch, share=share)
            return
        self._heard.append(at)
        weights = weights_file(playing.job.folder, 0, epoch)
        weights.parent.mkdir(parents=True, exist_ok=True)
        weights.write_bytes(b"weights")
        yield _ended(playing, self.curves.epochs)
        if epoch < self.curves.epochs:
            job = dataclasses.replace(playing.job, reported=epoch)
            self._follow(Playing(job, playing.row, at, playing.seconds))
            return
        del self._playing[trial]
        self._free_since.append(at)
        yield JobEnded(trial=trial, outcome="complete")


def _ended(playing: Playing, epochs: int) -> EpochEnded:
    return EpochEnded(
        trial=playing.job.trial,
        epoch=playing.epoch,
        epochs=epochs,
        train_loss=1.0,
        train_accuracy=0.5,
        val_loss=1.0,
        val_accuracy=playing.row.curve[playing.epoch - 1],
        seconds=playing.seconds,
        trained_seconds=playing.epoch * playing.seconds,
        images_per_second=1_000.0,
    )
