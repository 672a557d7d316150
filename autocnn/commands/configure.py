"""What a search is told to do, and what that makes of its study's settings."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from autocnn.choices import pick
from autocnn.commands.options import Place, Trials
from autocnn.data.cache import Prepared, open_search_images
from autocnn.data.splits import search_splits
from autocnn.errors import RequestError
from autocnn.nets.net import summarize
from autocnn.search import space as spaces
from autocnn.search.grid import cells
from autocnn.search.limits import LIMITS
from autocnn.search.patience import Patience
from autocnn.search.pruners import PRUNERS
from autocnn.search.samplers import SAMPLERS
from autocnn.search.study import StudyConfig
from autocnn.search.widen import merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line asked for; None: whatever the study has, or the default."""

    data: str | Prepared
    """What was typed; or what is prepared already."""
    data_dir: Path | None
    image_size: int | None
    place: Place
    study: str | None
    new: bool
    space: Path | None
    epochs: int | None
    folds: int | None
    sampler: str | None
    pruner: str | None
    max_params: float | None
    """Infinity lifts a limit; so it does for the other three."""
    max_flops: float | None
    max_latency: float | None
    max_epoch_time: float | None
    seed: int | None
    jobs: str
    device: str
    engine: str
    address: str | None
    cpus_per_worker: float
    gpus_per_worker: float
    artifacts: str | None
    allow_insecure_ray: bool
    trials: Trials | None
    timeout: float | None
    """In seconds."""
    trial_timeout: float | None
    """In seconds."""
    portfolio: bool | None
    from_study: str | None
    target: float | None
    patience: Patience
    final: bool | None
    train_on_val: bool
    confirm: int | None


def check(request: Request) -> None:
    """Refuse what cannot be, whatever the data are."""
    for table, name, kind in (
        (SAMPLERS, request.sampler, "sampler"),
        (PRUNERS, request.pruner, "pruner"),
    ):
        if name is not None:
            pick(table, name, kind)
    if request.target is not None and math.isnan(request.target):
        raise RequestError(
            "--target nan is no accuracy", hint="write one from 0 to 1, such as 0.9"
        )
    if request.train_on_val and request.final is False:
        raise RequestError(
            "--train-on-val is of the final training, which --no-final leaves out",
            hint="leave one of them out",
        )


def configure(
    request: Request,
    data: Prepared,
    device: torch.device,
    before: StudyConfig | None,
) -> StudyConfig:
    """Take what was asked for, else what the study has, else the defaults."""

    def chosen(name: str, default: Any) -> Any:
        asked = getattr(request, name)
        if asked is not None:
            return asked
        return getattr(before, name) if before else default

    shape = data.info.shape
    accelerated = device.type != "cpu"
    if request.space is not None:
        space = spaces.read_space(request.space, shape, accelerated=accelerated)
        space = merged(before.space, space) if before else space
    elif before is not None:
        space = before.space
    else:
        space = spaces.default_space(shape, accelerated=accelerated)
    folds = chosen("folds", 0)
    seed = chosen("seed", 0)
    train_images, val_images = split_sizes(data, folds, seed)
    known = before is not None and before.fingerprint == data.info.fingerprint
    config = StudyConfig(
        # A folder that was renamed holds the same data.
        data=before.data if before and known else data.info.name,
        source=data.info.source,
        fingerprint=data.info.fingerprint,
        shape=shape,
        train_images=train_images,
        val_images=val_images,
        epochs=chosen("epochs", default_epochs(data.info.search_images, device)),
        folds=folds,
        seed=seed,
        space=space,
        sampler=chosen("sampler", "tpe"),
        pruner=chosen("pruner", "none" if folds else "asha"),
        portfolio=chosen("portfolio", True),
        limits=_limits(request, before),
    )
    _check_buildable(config)
    return config


def _limits(request: Request, before: StudyConfig | None) -> dict[str, float]:
    """Take the limits that were asked for, and what others the study has."""
    limits = dict(before.limits) if before else {}
    for name, row in LIMITS.items():
        asked = getattr(request, row.option.removeprefix("--").replace("-", "_"))
        if asked is not None:
            limits[name] = asked
    return {name: limit for name, limit in limits.items() if limit < math.inf}


def _check_buildable(config: StudyConfig) -> None:
    """Refuse a space whose first recipe does not fit, before any trial does."""
    space = config.space
    if config.sampler == "grid":
        next(cells(space, config.recipe))
    if config.pruner == "wilcoxon" and not config.folds:
        raise RequestError(
            "the pruner 'wilcoxon' compares folds, and there are none",
            hint="add --folds 3, or choose another --pruner",
        )
    summarize(config.recipe(space.defaults), config.shape)


def split_sizes(data: Prepared, folds: int, seed: int) -> tuple[int, int]:
    """Count the images a trial trains on (with folds: the first) and is scored on."""
    images, groups = open_search_images(data.folder)
    splits = search_splits(
        images.labels,
        groups,
        seed=seed,
        folds=folds,
        given_val=data.info.given_val,
    )
    return len(splits[0].train), sum(len(split.val) for split in splits)


def default_epochs(images: int, device: torch.device) -> int:
    """Give small sets more passes: about 400,000 images a trial on CPU, 9 to 20."""
    seen = 400_000 if device.type == "cpu" else 900_000
    return min(20, max(9, round(seen / images)))
