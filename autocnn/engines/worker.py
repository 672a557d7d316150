"""What a worker process does with a job: load, build, fit, report, obey."""

import math
import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from functools import lru_cache, partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch

from autocnn import device as devices
from autocnn.data.batches import Batches, batches_of, train_and_val
from autocnn.data.cache import DAMAGE, open_info, open_search_images
from autocnn.data.images import DataInfo, Images
from autocnn.data.splits import Split, search_splits
from autocnn.errors import AutocnnError, UnavailableError
from autocnn.processes import be_first_to_go, when_to_save
from autocnn.quantities import duration
from autocnn.search.jobs import (
    PROGRESS_SECONDS,
    Job,
    JobEnded,
    Message,
    Outcome,
    Progress,
    Remark,
)
from autocnn.train import attempt
from autocnn.train.learner import Learner
from autocnn.train.loop import Diverged
from autocnn.waiting import saying

_to_be_saved = threading.Event()
"""Whether what is being trained is to be on disk at once."""

Send = Callable[[Message], None]
KeepGoing = Callable[[], bool]


def main(connection: Connection, device_name: str, threads: int) -> None:
    """Train one job after the other until the driver closes the connection."""
    # Ctrl-C reaches the whole process group; only the driver decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    be_first_to_go()
    when_to_save(lambda *_: _to_be_saved.set())
    device = torch.device(device_name)
    devices.prepare(device, threads)
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    stopped: set[int] = set()
    threading.Thread(
        target=_listen, args=(connection, jobs, stopped), daemon=True
    ).start()
    while True:
        job = jobs.get()
        _to_be_saved.clear()
        keep_going = partial(_still_wanted, job.trial, stopped)
        connection.send(run(job, device, connection.send, keep_going))


def run(job: Job, device: torch.device, send: Send, keep_going: KeepGoing) -> JobEnded:
    """Train one job to its end or until told to leave it; never raise."""
    outcome: Outcome
    harmed = False

    def say(text: str) -> None:
        send(Remark(trial=job.trial, text=text))

    try:
        with saying(say):
            _train(job, device, send, keep_going)
        outcome, reason = ("complete", "") if keep_going() else ("stopped", "")
    except TookTooLong as error:
        outcome, reason = "failed", str(error)
    except Diverged as error:
        outcome, reason = "failed", f"diverged: {error}"
    except UnavailableError as error:
        outcome, reason = ("unsaved" if keep_going() else "stopped"), error.problem
    except AutocnnError as error:
        outcome, reason = "failed", error.problem
    except torch.OutOfMemoryError:
        outcome, reason, harmed = "failed", "out of memory on the device", True
    except Exception as error:  # noqa: BLE001 - the study records it as the reason
        # After some errors a GPU refuses all that this process asks of it.
        text = str(error).splitlines()[0] if str(error) else ""
        outcome, reason, harmed = "failed", f"{type(error).__name__}: {text}", True
    return JobEnded(trial=job.trial, outcome=outcome, reason=reason, harmed=harmed)


class TookTooLong(Exception):  # noqa: N818 - what happened, not what is wrong
    """The training has had all the time that it may have."""


def _in_time(
    learner: Learner, before: float, most: float, keep_going: KeepGoing
) -> KeepGoing:
    """Ask before a step; TookTooLong when the trial's seconds are over.

    `before` are those of earlier folds. What is waited for between two epochs, such as
    a full disk, is none of them.
    """
    if most == math.inf:
        return keep_going
    epochs, until = -1, 0.0

    def look() -> None:
        nonlocal epochs, until
        epochs = len(learner.history)
        until = time.monotonic() + most - before - attempt.seconds(learner)

    def asked() -> bool:
        if len(learner.history) > epochs:
            look()
        if time.monotonic() > until:
            raise TookTooLong(f"it trained longer than {duration(most)}")
        return keep_going()

    look()  # `fit` forgets what an epoch has come to when it goes on with it
    return asked


def _still_wanted(trial: int, stopped: set[int]) -> bool:
    return trial not in stopped


def _listen(
    connection: Connection, jobs: "queue.SimpleQueue[Job]", stopped: set[int]
) -> None:
    """Take jobs and requests to stop; without a driver there is nothing to do."""
    try:
        while True:
            said = connection.recv()
            if isinstance(said, Job):
                # A stop for an earlier attempt is over; one for this comes after it.
                stopped.discard(said.trial)
                jobs.put(said)
            else:
                stopped.add(said)
    except (EOFError, OSError):
        os._exit(0)


def _train(job: Job, device: torch.device, send: Send, keep_going: KeepGoing) -> None:
    """Train on each fold, or on the one split there is."""
    images, info, splits = _data(job.data, job.split_seed, job.folds)
    before = 0.0
    for number, split in enumerate(splits, start=1):
        fold = number if job.folds else 0
        learner = Learner(job.recipe, job.shape, device=device, seed=job.seed)
        say = partial(attempt.ended, learner, trial=job.trial, fold=fold, before=before)
        attempt.resume(job.folder, learner, fold=fold)
        for epoch in learner.history[0 if fold else job.reported :]:
            # The driver died, or was stopped, before it heard of these.
            send(say(epoch))
        train: Batches
        val: Batches | None
        if job.on_val:
            both = np.union1d(split.train, split.val)
            train, val = batches_of(images, both, info, device), None
        else:
            train, val = train_and_val(images, split, info, device)
        in_time = _in_time(learner, before, job.most_seconds, keep_going)
        while len(learner.history) < learner.settings.epochs:
            telling = _telling(learner, job.trial, fold, len(train), send, in_time)
            for epoch in attempt.go_on(
                job.folder, learner, train, val, fold=fold, keep_going=telling
            ):
                if fold or epoch.number > job.reported:
                    send(say(epoch))  # else its checkpoint was lost after it was told
            if not keep_going():
                return
        before += attempt.seconds(learner)


def _telling(
    learner: Learner,
    trial: int,
    fold: int,
    images: int,
    send: Send,
    keep_going: KeepGoing,
) -> KeepGoing:
    """Tell how far the epoch is whenever `fit` asks, before a step, to go on.

    It is not to, once, when it is to be saved.
    """
    steps = images // min(learner.settings.batch_size, images)
    asked, said = learner.begun.steps, time.monotonic()

    def told() -> bool:
        nonlocal asked, said
        share, asked = asked % steps / steps, asked + 1
        if time.monotonic() - said >= PROGRESS_SECONDS:
            said = time.monotonic()
            epoch = len(learner.history) + 1
            send(Progress(trial=trial, epoch=epoch, share=share, fold=fold))
        if _to_be_saved.is_set():
            _to_be_saved.clear()
            return False
        return keep_going()

    return told


@lru_cache(maxsize=1)
def _data(
    folder: Path, split_seed: int, folds: int
) -> tuple[Images, DataInfo, list[Split]]:
    """Open a data set and cut it; the same for every trial of a study.

    UnavailableError if it is no longer whole, for which no trial can answer.
    """
    try:
        info = open_info(folder)
        images, groups = open_search_images(folder)
    except DAMAGE as error:
        raise UnavailableError(
            f"the decoded images in {folder} cannot be read: {error}"
        ) from error
    splits = search_splits(
        images.labels,
        groups,
        seed=split_seed,
        folds=folds,
        given_val=info.given_val,
    )
    return images, info, splits
