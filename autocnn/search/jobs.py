"""What the driver hands to a worker, what the worker says back, and who carries it."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from autocnn.events import EpochEnded
from autocnn.recipe import ImageShape, Recipe

Outcome = Literal["complete", "stopped", "failed", "lost", "unsaved"]
ATTEMPTS = 3
"""Workers that a job may cost before it counts as failed."""
POLL_SECONDS = 0.2
"""How long to wait for what workers say, before looking at anything else."""
PROGRESS_SECONDS = 2.0
"""How often a worker says how far it is within an epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One trial to train, from its checkpoint if there is one."""

    trial: int
    recipe: Recipe
    shape: ImageShape
    data: Path
    """A prepared data set's folder."""
    folder: Path
    """Where the trial's checkpoints and best weights go."""
    seed: int
    """Of the weights, the order of the images and their augmentation."""
    split_seed: int
    folds: int = 0
    """Cross-validate with so many folds; 0: one validation set."""
    on_val: bool = False
    """Train on the validation images, too: then its epochs have no score."""
    most_seconds: float = math.inf
    """Of training, those before an interruption included; longer, and it failed."""
    reported: int = 0
    """Epochs (with folds: folds) that the study already knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    """A worker is free again."""

    trial: int
    outcome: Outcome
    """`lost`: the worker died; the trial may go on from its checkpoint. `unsaved`: its
    checkpoint could not be written for minutes, or no machine is left to train it; it
    goes on another time."""
    reason: str = ""
    harmed: bool = False
    """Whether its worker may be, by how it failed: its engine has another instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A worker is within an epoch; said every few seconds."""

    trial: int
    epoch: int
    """The one being trained, counted from 1."""
    share: float
    """Of its steps, 0 to 1."""
    fold: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a worker has to tell a person: that it waits, and for what."""

    trial: int
    text: str


Message = EpochEnded | JobEnded | Progress | Remark


class Engine(Protocol):
    """What gives the driver its workers."""

    def free(self) -> int:
        """Count the workers without a job."""
        ...

    def submit(self, job: Job) -> None:
        """Give a job to a free worker."""
        ...

    def stop(self, trial: int) -> None:
        """Tell the worker of this trial to leave it; JobEnded follows."""
        ...

    def resize(self, jobs: int) -> None:
        """Have so many workers; one too many leaves when its job has ended."""
        ...

    def poll(self, timeout: float) -> list[Message]:
        """Collect what workers have said, waiting up to `timeout` seconds."""
        ...

    def close(self) -> None:
        """End all workers, at once."""
        ...
