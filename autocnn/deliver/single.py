"""One training outside a search: a recipe in, a kept network out."""

import dataclasses
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autocnn import durable, events
from autocnn.data.cache import Prepared, open_search_images
from autocnn.data.splits import search_splits
from autocnn.errors import AutocnnError, UnavailableError
from autocnn.events import Emit, EpochEnded
from autocnn.nets.net import summarize
from autocnn.recipe import ImageShape, Recipe
from autocnn.search import best
from autocnn.search.jobs import ATTEMPTS, POLL_SECONDS, Engine, Job, Progress, Remark
from autocnn.train.answers import load
from autocnn.train.attempt import answers_file, weights_file
from autocnn.waiting import LATER


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to train on what, and where to keep it."""

    recipe: Recipe
    shape: ImageShape
    data: Prepared
    seed: int
    folder: Path
    on_val: bool = False
    """Train on the validation images, too: then there is no score."""


def train(
    request: Request, engine: Engine, emit: Emit, *, stopping: Callable[[], bool]
) -> dict[str, Any] | None:
    """Train a recipe to its end in a worker; return the kept network's card.

    None when `stopping` said so: the next call with the same recipe, data and seed
    goes on from the last epoch. AutocnnError if the training fails.
    """
    work = request.folder.with_name(f".{request.folder.name}-{_identity(request)}")
    job = Job(
        trial=0,
        recipe=request.recipe,
        shape=request.shape,
        data=request.data.folder,
        folder=work,
        seed=request.seed,
        split_seed=request.seed,
        on_val=request.on_val,
    )
    summary = summarize(request.recipe, request.shape)
    emit(
        events.TrialStarted(
            trial=0,
            parameters=summary.parameters,
            flops=summary.flops,
            epochs=request.recipe.train.epochs,
            epochs_done=0,
            params={},
        )
    )
    epochs = follow(job, engine, emit, stopping)
    if epochs is None:
        return None
    leading = epochs[-1]
    if not request.on_val:
        leading = max(epochs, key=lambda epoch: (epoch.val_accuracy, -epoch.epoch))
    return _keep(request, leading, work, summary.parameters)


def follow(
    job: Job, engine: Engine, emit: Emit, stopping: Callable[[], bool]
) -> list[EpochEnded] | None:
    """Listen until a job is done; give its epochs, or None if it was stopped.

    AutocnnError if it fails.
    """
    heard: dict[tuple[int, int], EpochEnded] = {}
    asked, attempts = False, 1
    engine.submit(job)
    while True:
        if stopping() and not asked:
            engine.stop(job.trial)
            asked = True
        for message in engine.poll(POLL_SECONDS):
            if isinstance(message, EpochEnded):
                # A worker that took over tells again what was told before.
                if (message.fold, message.epoch) not in heard:
                    heard[message.fold, message.epoch] = message
                    emit(message)
            elif isinstance(message, Progress):
                pass  # epochs are news enough here
            elif isinstance(message, Remark):
                emit(events.Notice(text=message.text))
            elif message.outcome == "complete":
                return list(heard.values())
            elif asked:
                return None
            elif message.outcome == "lost" and attempts < ATTEMPTS:
                attempts += 1
                text = f"the training goes on from its checkpoint: {message.reason}"
                emit(events.Notice(text=text))
                engine.submit(job)
            elif message.outcome == "unsaved":
                raise UnavailableError(message.reason, hint=LATER)
            else:
                raise AutocnnError(
                    f"the training failed: {message.reason}",
                    hint="if it diverged, lower the recipe's learning_rate",
                )


def _identity(request: Request) -> str:
    """Tell one training from another: recipe, data and seed."""
    data = request.data.info.fingerprint[:8] + "-all" * request.on_val
    return f"{request.recipe.key}-{data}-{request.seed}"


def _keep(
    request: Request, leading: EpochEnded, work: Path, parameters: int
) -> dict[str, Any]:
    info, on_val = request.data.info, request.on_val
    images, groups = open_search_images(request.data.folder)
    split = search_splits(
        images.labels, groups, seed=request.seed, given_val=info.given_val
    )[0]
    card = best.card(
        info,
        trial=None,
        val_accuracy=None if on_val else leading.val_accuracy,
        val_images=0 if on_val else len(split.val),
        parameters=parameters,
        epoch=leading.epoch,
        seed=request.seed,
        study=None,
        on_val=on_val,
    )
    recipe = dataclasses.replace(request.recipe, shape=request.shape)
    weights = weights_file(work, 0, leading.epoch)
    said = None if on_val else load(answers_file(work))
    durable.until_written(
        lambda: best.keep(request.folder, weights, recipe, card, said)
    )
    shutil.rmtree(work, ignore_errors=True)
    return card
