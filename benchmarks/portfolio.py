"""Recipes that together do well over many data sets: trained on each, then chosen."""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from autocnn.choices import Scalar
from autocnn.data.cache import open_info, prepare
from autocnn.processes import cores
from autocnn.search.portfolio import PORTFOLIO
from autocnn.search.space import default_space
from benchmarks.choices import Try, train

Say = Callable[[str], None]
Changes = Mapping[str, Scalar]
Scores = Mapping[str, Mapping[str, float]]
"""Data set -> candidate -> val_accuracy."""

CANDIDATES: Mapping[str, Changes] = {
    "first": {},
    **PORTFOLIO,
    "fast": {"learning_rate_factor": 2.0},
    "slow": {"learning_rate_factor": 0.4},
    "adamw": {"optimizer": "adamw", "learning_rate_factor": 2.0},
    "small batches": {"batch_size": 32},
    "large batches": {"batch_size": 256, "learning_rate_factor": 2.0},
    "one convolution": {"convs_per_stage": 1, "width": 64},
    "three convolutions": {"convs_per_stage": 3, "width": 40},
    "residual, deep": {"block": "residual", "stages": 4, "width": 32},
    "residual, adamw": {
        "block": "residual",
        "optimizer": "adamw",
        "activation": "relu",
        "augmentation": "shift",
    },
    "full size": {"stem": "conv", "width": 32},
    "full size, adamw": {
        "stem": "conv",
        "width": 32,
        "convs_per_stage": 1,
        "optimizer": "adamw",
        "learning_rate_factor": 2.0,
    },
    "average": {"head": "global_avg_pool"},
    "shift": {"augmentation": "shift"},
    "rotated": {"augmentation": "shift+rotate"},
    "cut out": {
        "augmentation": "flip+shift+cutout",
        "conv_dropout": 0.05,
        "width": 64,
    },
    "as they are, dropout": {
        "augmentation": "none",
        "dense_dropout": 0.3,
        "conv_dropout": 0.1,
        "optimizer": "adamw",
        "learning_rate_factor": 2.0,
    },
}
"""Changes of the default space's first recipe: what searches begin with, and others."""


@dataclass(frozen=True, slots=True)
class Task:
    """A data set, and how long it is learned."""

    name: str
    cache: Path
    images: int
    epochs: int


def tasks(cifar10: str, folder: Path, fashion: str | None) -> Iterator[Task]:
    """Prepare data sets that differ in images, classes and amounts."""
    yield Task("digits", prepare("digits").folder, 10_000, 20)
    yield Task("cifar10", prepare(cifar10).folder, 3_000, 9)
    few = _few(Path(cifar10), folder / "few")
    yield Task("few photographs", prepare(str(few)).folder, 10_000, 20)
    if fashion is not None:
        found = prepare("fashion-mnist", data_dir=Path(fashion))
        yield Task("fashion-mnist", found.folder, 3_000, 9)


def _few(cifar10: Path, target: Path, classes: int = 3, images: int = 200) -> Path:
    """Link a few images of a few classes into a folder of their own."""
    for source in sorted((cifar10 / "train").iterdir())[2 : 2 + classes]:
        (target / source.name).mkdir(parents=True)
        for file in sorted(source.iterdir())[:images]:
            (target / source.name / file.name).symlink_to(file)
    return target


def measure(cifar10: str, fashion: str | None, say: Say) -> Scores:
    """Train every candidate on every data set, one on each core."""
    scores: dict[str, dict[str, float]] = {}
    with (
        tempfile.TemporaryDirectory() as name,
        ProcessPoolExecutor(cores(), mp_context=get_context("spawn")) as pool,
    ):
        for task in tasks(cifar10, Path(name), fashion):
            space = default_space(open_info(task.cache).shape, accelerated=False)
            jobs = {
                candidate: pool.submit(
                    train,
                    task.cache,
                    Try(candidate, {**space.fixed, **space.defaults, **changes}),
                    task.images,
                    task.epochs,
                    0,
                    bounded=True,
                )
                for candidate, changes in CANDIDATES.items()
            }
            scores[task.name] = {
                candidate: job.result().val_accuracy for candidate, job in jobs.items()
            }
            best = sorted(scores[task.name].items(), key=lambda item: -item[1])
            say(f"{task.name}: " + ", ".join(f"{c} {s:.1%}" for c, s in best))
    return scores


def chosen(scores: Scores, most: int) -> list[tuple[str, float]]:
    """Choose candidates one by one, each for what it adds; with what is still missed.

    Missed is the mean over data sets of how much the best candidate there is better
    than the best chosen one.
    """
    found: list[tuple[str, float]] = []
    names: Sequence[str] = list(next(iter(scores.values())))
    while len(found) < min(most, len(names)):
        rest = [name for name in names if name not in dict(found)]
        missed = {name: _missed(scores, [*dict(found), name]) for name in rest}
        best = min(rest, key=lambda name: sum(missed[name]))
        found.append((best, missed[best][0]))
    return found


def _missed(scores: Scores, names: Sequence[str]) -> tuple[float, float]:
    """Say what a choice misses by its best, and by its mean, which counts less."""
    gaps = [max(row.values()) - max(row[n] for n in names) for row in scores.values()]
    means = [
        max(row.values()) - statistics.mean(row[n] for n in names)
        for row in scores.values()
    ]
    return statistics.mean(gaps), statistics.mean(means) / 100
