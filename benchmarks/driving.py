"""The driver with workers that train nothing, and a worker with almost nothing to."""

import time
from pathlib import Path

import torch

from autocnn import events, recipe
from autocnn.data.cache import open_info, prepare
from autocnn.engines.local import LocalEngine
from autocnn.events import EpochEnded
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces
from autocnn.search.driver import Driver
from autocnn.search.jobs import Job, JobEnded, Message
from autocnn.search.study import StudyConfig, open_study
from autocnn.search.trials import Plan
from autocnn.storage import open_storage, storage_url

TRIALS = 10
EPOCHS = 11
SHAPE = ImageShape(height=8, width=8, channels=1, classes=10)


class Instant:
    """An engine whose one worker has all epochs done at once."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    def free(self) -> int:
        """Count the workers without a job."""
        return 0 if self._messages else 1

    def submit(self, job: Job) -> None:
        """Have the whole training be done."""
        epochs = job.recipe.train.epochs
        self._messages = [_epoch(job.trial, number, epochs) for number in range(epochs)]
        self._messages.append(JobEnded(trial=job.trial, outcome="complete"))

    def stop(self, trial: int) -> None:
        """Nothing runs that could be stopped."""

    def resize(self, jobs: int) -> None:
        """There is one worker."""

    def poll(self, timeout: float) -> list[Message]:  # noqa: ARG002 - nothing to wait for
        """Hand out all that was said."""
        messages, self._messages = self._messages, []
        return messages

    def close(self) -> None:
        """End nothing."""


def seconds_of_driver(folder: Path) -> tuple[float, float]:
    """Drive trials of one epoch and of many; seconds of a trial, and of an epoch."""
    folder.mkdir(parents=True)
    short, long = (_drive(folder, epochs) for epochs in (1, EPOCHS))
    per_epoch = (long - short) / (EPOCHS - 1) / TRIALS
    return short / TRIALS - per_epoch, max(0.0, per_epoch)


def first_epoch(cache: Path, folder: Path) -> float:
    """Start a worker from nothing; seconds to the first epoch, of one step."""
    layers = ["conv 8", "batch_norm", "relu", "flatten"]
    train = {"epochs": 1, "batch_size": 32}
    started = time.perf_counter()
    engine = LocalEngine(torch.device("cpu"), 1)
    job = Job(
        trial=0,
        recipe=recipe.from_dict({"layers": layers, "train": train}),
        shape=ImageShape(height=8, width=8, channels=1, classes=3),
        data=cache,
        folder=folder / str(time.time_ns()),
        seed=0,
        split_seed=0,
    )
    engine.submit(job)
    try:
        while not engine.poll(timeout=1.0):
            pass
        return time.perf_counter() - started
    finally:
        engine.close()


def _drive(folder: Path, epochs: int) -> float:
    prepared = prepare("digits", cache_dir=folder / "cache")
    config = StudyConfig(
        data="digits",
        source="digits",
        fingerprint=prepared.info.fingerprint,
        shape=SHAPE,
        train_images=1_000,
        val_images=100,
        epochs=epochs,
        folds=0,
        seed=0,
        space=spaces.default_space(SHAPE, accelerated=False),
        sampler="tpe",
        pruner="none",
    )
    storage = open_storage(storage_url(str(folder / f"{epochs}.db")), create=True)
    study = open_study(storage, f"driven-{epochs}", config)
    plan = Plan(
        config=config,
        info=open_info(prepared.folder),
        data=prepared.folder,
        folder=folder / f"study-{epochs}",
        trials=TRIALS,
    )
    started = time.perf_counter()
    Driver(study, plan, Instant(), events.ignore).run(lambda: False)
    return time.perf_counter() - started


def _epoch(trial: int, number: int, epochs: int) -> EpochEnded:
    return EpochEnded(
        trial=trial,
        epoch=number + 1,
        epochs=epochs,
        train_loss=1.0,
        train_accuracy=0.5,
        val_loss=1.0,
        val_accuracy=0.5 + number / (2 * epochs) + trial / 10_000,
        seconds=1.0,
        trained_seconds=number + 1.0,
        images_per_second=1.0,
    )
