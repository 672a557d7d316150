"""One training outside a search: a recipe in, a kept network out."""

import dataclasses
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from autocnn import device as devices
from autocnn import events
from autocnn.data.batches import train_and_val
from autocnn.data.cache import Prepared, open_search_images
from autocnn.data.splits import search_splits
from autocnn.errors import AutocnnError
from autocnn.events import Emit
from autocnn.nets.net import summarize
from autocnn.recipe import ImageShape, Recipe
from autocnn.search import best
from autocnn.train import attempt
from autocnn.train.learner import Learner
from autocnn.train.loop import Diverged


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to train on what, and where to keep it."""

    recipe: Recipe
    shape: ImageShape
    data: Prepared
    seed: int
    folder: Path


def train(
    request: Request,
    device: torch.device,
    emit: Emit,
    *,
    keep_going: Callable[[], bool],
) -> dict[str, Any] | None:
    """Train a recipe to its end; return the kept network's card.

    None when `keep_going` said no: the next call with the same recipe, data and seed
    goes on from the last epoch.
    """
    devices.prepare(device, devices.cores())
    learner = Learner(request.recipe, request.shape, device=device, seed=request.seed)
    work = request.folder.with_name(f".{request.folder.name}-{_identity(request)}")
    attempt.resume(work, learner)
    images, groups = open_search_images(request.data.folder)
    info = request.data.info
    split = search_splits(
        images.labels, groups, seed=request.seed, given_val=info.given_val
    )[0]
    sets = train_and_val(images, split, info, device)
    _announce(request, len(learner.history), emit)
    try:
        for epoch in attempt.go_on(work, learner, *sets, keep_going=keep_going):
            emit(attempt.ended(learner, epoch, trial=0))
    except Diverged as error:
        raise AutocnnError(
            f"the training diverged: {error}", hint="lower the recipe's learning_rate"
        ) from None
    if not keep_going() or learner.best is None:
        return None
    return _keep(request, learner, work, val_images=len(split.val))


def _identity(request: Request) -> str:
    """Tell one training from another: recipe, data and seed."""
    return f"{request.recipe.key}-{request.data.info.fingerprint[:8]}-{request.seed}"


def _announce(request: Request, epochs_done: int, emit: Emit) -> None:
    summary = summarize(request.recipe, request.shape)
    emit(
        events.TrialStarted(
            trial=0,
            parameters=summary.parameters,
            flops=summary.flops,
            epochs=request.recipe.train.epochs,
            epochs_done=epochs_done,
            params={},
        )
    )


def _keep(
    request: Request, learner: Learner, work: Path, *, val_images: int
) -> dict[str, Any]:
    assert learner.best is not None
    card = best.card(
        request.data.info,
        trial=None,
        val_accuracy=learner.best.val_accuracy,
        val_images=val_images,
        parameters=sum(p.numel() for p in learner.net.parameters()),
        epoch=learner.best.number,
        seed=request.seed,
        study=None,
    )
    recipe = dataclasses.replace(request.recipe, shape=request.shape)
    weights = attempt.weights_file(work, 0, learner.best.number)
    best.keep(request.folder, weights, recipe, card)
    shutil.rmtree(work, ignore_errors=True)
    return card
