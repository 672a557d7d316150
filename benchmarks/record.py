"""Train many recipes of the default space to their end, for `replay` to play on.

The file is written after every recipe; the same command goes on where it stopped.
"""

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import optuna
import torch
from optuna.trial import create_trial

from autocnn import device as devices
from autocnn.choices import Scalar
from autocnn.data.cache import Prepared, open_search_images, prepare
from autocnn.data.images import DataInfo
from autocnn.data.splits import default_val_fraction
from autocnn.engines.local import LocalEngine
from autocnn.engines.machine import prices
from autocnn.events import EpochEnded
from autocnn.nets.net import NetSummary, summarize
from autocnn.recipe import Recipe
from autocnn.search import space as spaces
from autocnn.search.jobs import Job, JobEnded
from autocnn.search.space import Space
from autocnn.search.widen import distributions
from autocnn.train.cost import Calibration, epoch_seconds
from benchmarks import curves as tables
from benchmarks.curves import Curves, Origin, Row

JOBS = 2
SEED = 0
"""Of the images, their split and the recipes; a recipe's weights have its number."""
EVERY_THIRD = 3
"""Is drawn by TPE, so that good recipes are as dense as a sampler would make them."""

Say = Callable[[str], None]


@dataclass(slots=True)
class _Trained:
    """A recipe in a worker."""

    number: int
    origin: Origin
    params: dict[str, Scalar]
    summary: NetSummary
    predicted: float | None
    curve: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def row(self, failure: str) -> Row:
        return Row(
            number=self.number,
            origin=self.origin,
            params=self.params,
            curve=self.curve,
            parameters=self.summary.parameters,
            predicted_seconds=self.predicted,
            seconds=round(statistics.median(self.seconds or [0.0]), 4),
            failure=failure,
        )


class Recorder:
    """The table as far as it is, and what is being trained for it."""

    def __init__(self, file: Path, info: DataInfo, epochs: int, say: Say) -> None:
        """Take an earlier table up, if there is one of the same images."""
        self._file, self._say = file, say
        self._info, self._prices = info, _prices(say)
        val_images = round(
            info.search_images * default_val_fraction(info.search_images)
        )
        about = {
            "images": f"{info.name}, {info.height}x{info.width}x{info.channels}",
            "fingerprint": info.fingerprint,
            "train_images": info.search_images - val_images,
            "val_images": val_images,
            "seed": SEED,
            "machine": f"{devices.describe(torch.device('cpu'))}, {JOBS} workers",
            "torch": torch.__version__,
        }
        space = spaces.default_space(info.shape, accelerated=False)
        fresh = Curves(about=about, shape=info.shape, space=space, epochs=epochs)
        self.curves = tables.read(file) if file.exists() else fresh
        if (self.curves.about, self.curves.space) != (about, space):
            raise ValueError(f"{file} was recorded on {self.curves.about}")
        if self.curves.epochs != epochs:
            raise ValueError(f"{file} holds trials of {self.curves.epochs} epochs")

    def missing(self, recipes: int) -> list[int]:
        """List the recipes of so many that are not in the table."""
        known = {row.number for row in self.curves.rows}
        return [number for number in range(recipes) if number not in known]

    def draw(self, number: int) -> tuple[_Trained, Recipe]:
        """Draw one recipe: the default, at random by its number, or by TPE."""
        space = self.curves.space
        origin, params = _draw(space, number, self.curves)
        recipe = spaces.to_recipe(
            space, params, self.curves.shape, epochs=self.curves.epochs
        )
        summary = summarize(recipe, self.curves.shape)
        predicted = self._predict(recipe, summary)
        return _Trained(number, origin, params, summary, predicted), recipe

    def add(self, trained: _Trained, failure: str) -> None:
        """Write one more recipe into the table."""
        row = trained.row(failure)
        self.curves.rows.append(row)
        self.curves.rows.sort(key=lambda one: one.number)
        tables.write(self._file, self.curves)
        best = max(row.curve, default=0.0)
        self._say(
            f"{len(self.curves.rows)}: recipe {row.number} ({row.origin}) {best:.1%}, "
            f"{row.seconds:.2f} s an epoch {failure}"
        )

    def _predict(self, recipe: Recipe, summary: NetSummary) -> float | None:
        if self._prices is None:
            return None
        seconds = epoch_seconds(
            self._prices,
            summary,
            recipe.train,
            self.curves.shape,
            train_images=self.curves.about["train_images"],
            val_images=self.curves.about["val_images"],
        )
        return round(seconds, 4)


def record(
    data: str, recipes: int, epochs: int, images: int, size: int, file: Path, say: Say
) -> None:
    """Train what the table lacks of so many recipes, two at a time."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    whole = prepare(data, image_size=size)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subset = _subset(whole, images, folder)
        recorder = Recorder(file, subset.info, epochs, say)
        missing = recorder.missing(recipes)
        if missing:
            _train(recorder, missing, subset.folder, folder / "trials")


def _train(
    recorder: Recorder, missing: list[int], data: Path, checkpoints: Path
) -> None:
    engine = LocalEngine(torch.device("cpu"), JOBS)
    busy: dict[int, _Trained] = {}
    try:
        while missing or busy:
            while missing and engine.free():
                trained, recipe = recorder.draw(missing.pop(0))
                busy[trained.number] = trained
                engine.submit(
                    Job(
                        trial=trained.number,
                        recipe=recipe,
                        shape=recorder.curves.shape,
                        data=data,
                        folder=checkpoints / str(trained.number),
                        seed=SEED + trained.number,
                        split_seed=SEED,
                    )
                )
            for message in engine.poll(1.0):
                match message:
                    case EpochEnded():
                        one = busy[message.trial]
                        one.curve.append(round(message.val_accuracy, 5))
                        one.seconds.append(message.seconds)
                    case JobEnded(reason=reason):
                        recorder.add(busy.pop(message.trial), reason)
                    case _:
                        pass
    finally:
        engine.close()


def _draw(
    space: Space, number: int, curves: Curves
) -> tuple[Origin, dict[str, Scalar]]:
    if number == 0:
        return "start", dict(space.defaults)
    near = number % EVERY_THIRD == EVERY_THIRD - 1
    sampler = (
        optuna.samplers.TPESampler(seed=SEED + number, multivariate=True)
        if near
        else optuna.samplers.RandomSampler(seed=SEED + number)
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    if near:
        told = distributions(space)
        for row in curves.whole:
            study.add_trial(
                create_trial(params=row.params, distributions=told, value=row.final)
            )
    return "tpe" if near else "random", spaces.draw(space, study.ask())


def _subset(whole: Prepared, images: int, folder: Path) -> Prepared:
    """Prepare a part of a data set's search images: as many of each class."""
    every, _ = open_search_images(whole.folder)
    random = np.random.default_rng(SEED)
    each = images // len(whole.info.classes)
    chosen, others = [], []
    for label in range(len(whole.info.classes)):
        of_class = random.permutation(np.flatnonzero(every.labels == label))
        chosen.append(of_class[:each])
        others.append(of_class[each : each + 1])
    part = every.take(np.sort(np.concatenate(chosen)))
    # A test set of its own, or one would be cut off; nobody looks at it.
    rest = every.take(np.concatenate(others))
    file = folder / f"{whole.info.name}.npz"
    np.savez(
        file,
        train_images=part.pixels,
        train_labels=part.labels,
        test_images=rest.pixels,
        test_labels=rest.labels,
    )
    return prepare(str(file), cache_dir=folder / "cache")


def _prices(say: Say) -> Calibration | None:
    return prices(torch.device("cpu"), JOBS, say)
