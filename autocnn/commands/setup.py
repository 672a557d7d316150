"""From a command's words to a search that can begin: data, space, study, workers."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from autocnn.choices import pick
from autocnn.commands.findings import findings
from autocnn.commands.options import Place, Trials
from autocnn.commands.progress import decoding_progress
from autocnn.data.cache import Prepared, open_search_images, prepare
from autocnn.data.datasets import name_of
from autocnn.data.splits import search_splits
from autocnn.engines.local import LocalEngine
from autocnn.errors import NoResultError, RequestError
from autocnn.nets.net import summarize
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces
from autocnn.search.pruners import PRUNERS
from autocnn.search.samplers import SAMPLERS
from autocnn.search.study import (
    StudyConfig,
    check_name,
    fresh_name,
    stored_config,
)
from autocnn.search.trials import Plan
from autocnn.storage import hide_password, open_storage
from autocnn.train import device as devices

if TYPE_CHECKING:
    import optuna


DEFAULT_TRIALS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line asked for; None: whatever the study has, or the default."""

    data: str
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
    seed: int | None
    jobs: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A search that can begin."""

    name: str
    config: StudyConfig
    data: Prepared
    place: Place
    device: torch.device
    jobs: int
    train_images: int
    resumes: bool

    @property
    def folder(self) -> Path:
        """Where the study's files go."""
        return self.place.folder(self.name)

    @property
    def shown_storage(self) -> str:
        """The storage's URL without its password."""
        return hide_password(self.place.url)

    @property
    def device_name(self) -> str:
        """The device as a person knows it."""
        return devices.describe(self.device)

    def describe_data(self) -> str:
        """Name the data and count the images of each set."""
        info = self.data.info
        return (
            f"{info.name} ({self.config.shape}; {self.train_images} train, "
            f"{self.config.val_images} validation, "
            f"{info.test_images} sealed test images)"
        )

    def plan(
        self, study: "optuna.Study", trials: Trials | None, deadline: float | None
    ) -> Plan:
        """Fix what this run is to do."""
        there = study.get_trials(deepcopy=False)
        done = sum(trial.state.name != "WAITING" for trial in there)
        if trials is None:
            trials = Trials(self.default_trials())
        return Plan(
            config=self.config,
            info=self.data.info,
            data=self.data.folder,
            folder=self.folder,
            trials=trials.total(done),
            deadline=deadline or math.inf,
        )

    def default_trials(self) -> int:
        """50, or the whole grid."""
        if self.config.sampler != "grid":
            return DEFAULT_TRIALS
        return sum(1 for _ in spaces.grid(self.config.space))

    def engine(self, trials: int) -> LocalEngine:
        """Start the workers."""
        return LocalEngine(self.device, min(self.jobs, trials))


def set_up(request: Request, say: Callable[[str], None]) -> Setup:
    """Check everything that can be checked before anything is trained."""
    device = devices.pick_device(request.device)
    jobs = _jobs(request.jobs, device)
    for table, name, kind in (
        (SAMPLERS, request.sampler, "sampler"),
        (PRUNERS, request.pruner, "pruner"),
    ):
        if name is not None:
            pick(table, name, kind)
    name, before = _study(request)
    shape = before.shape if before else None
    if request.space is not None:
        shape = spaces.declared_shape(request.space) or shape
    with decoding_progress(say) as progress:
        data = prepare(
            request.data,
            data_dir=request.data_dir,
            image_size=request.image_size or (shape.height if shape else None),
            channels=shape.channels if shape else None,
            progress=progress,
        )
    _report(data, say)
    config = _config(request, data, device, before)
    return Setup(
        name=name,
        config=config,
        data=data,
        place=request.place,
        device=device,
        jobs=jobs,
        train_images=_split_sizes(data, config.folds, config.seed)[0],
        resumes=before is not None,
    )


def default_epochs(images: int, device: torch.device) -> int:
    """Give small sets more passes: about 400,000 images a trial on CPU, 9 to 20."""
    seen = 400_000 if device.type == "cpu" else 900_000
    return min(20, max(9, round(seen / images)))


def shape_of(data: Prepared) -> ImageShape:
    """Say what a network for this data takes and tells apart."""
    info = data.info
    return ImageShape(
        height=info.height,
        width=info.width,
        channels=info.channels,
        classes=len(info.classes),
    )


def _jobs(text: str, device: torch.device) -> int:
    if text == "auto":
        return devices.default_jobs(device)
    if not text.isdigit() or int(text) < 1:
        raise RequestError(
            f"--jobs {text} is no number of workers", hint="write auto, or 1 or more"
        )
    return int(text)


def _study(request: Request) -> tuple[str, StudyConfig | None]:
    """Name the study, and find what it is if it is there."""
    name = check_name(
        _slug(name_of(request.data)) if request.study is None else request.study
    )
    try:
        storage = open_storage(request.place.url)
    except NoResultError:
        return name, None
    if request.new:
        return fresh_name(storage, name), None
    return name, stored_config(storage, name)


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:100] or "study"


def _config(
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

    shape = shape_of(data)
    accelerated = device.type != "cpu"
    if request.space is not None:
        space = spaces.read_space(request.space, shape, accelerated=accelerated)
    elif before is not None:
        space = before.space
    else:
        space = spaces.default_space(shape, accelerated=accelerated)
    folds = chosen("folds", 0)
    seed = chosen("seed", 0)
    config = StudyConfig(
        data=data.info.name,
        source=data.info.source,
        fingerprint=data.info.fingerprint,
        shape=shape,
        val_images=_split_sizes(data, folds, seed)[1],
        epochs=chosen("epochs", default_epochs(data.info.search_images, device)),
        folds=folds,
        seed=seed,
        space=space,
        sampler=chosen("sampler", "tpe"),
        pruner=chosen("pruner", "none" if folds else "asha"),
    )
    _check_buildable(config)
    return config


def _check_buildable(config: StudyConfig) -> None:
    """Refuse a space whose first recipe does not fit, before any trial does."""
    space = config.space
    if config.sampler == "grid":
        next(spaces.grid(space))
    if config.pruner == "wilcoxon" and not config.folds:
        raise RequestError(
            "the pruner 'wilcoxon' compares folds, and there are none",
            hint="add --folds 3, or choose another --pruner",
        )
    first = spaces.to_recipe(space, space.defaults, config.shape, epochs=config.epochs)
    summarize(first, config.shape)


def _split_sizes(data: Prepared, folds: int, seed: int) -> tuple[int, int]:
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


def _report(data: Prepared, say: Callable[[str], None]) -> None:
    """Tell what the audit found, and where to go from the embedded digits."""
    info = data.info
    if info.name == "digits":
        say(
            "data: scikit-learn's handwritten digits, embedded; next: "
            "autocnn search cifar10, or autocnn search path/to/images"
        )
    for finding in findings(data.audit):
        say(finding)
