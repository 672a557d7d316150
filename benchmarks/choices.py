"""What each choice of the default space costs and gains, one change at a time."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from autocnn import device as devices
from autocnn.choices import OneOf, Scalar
from autocnn.data.batches import batches_of
from autocnn.data.cache import open_info, open_search_images
from autocnn.data.splits import search_splits
from autocnn.nets.net import summarize
from autocnn.processes import cores
from autocnn.recipe import ImageShape
from autocnn.search.space import default_space, to_recipe
from autocnn.train.cost import reference as reference_prices
from autocnn.train.cost import step_seconds, work
from autocnn.train.learner import Learner
from autocnn.train.loop import Diverged, fit

VAL_IMAGES = 5_000
MOST = 10**12
STEPS = {
    "stages": (2, 4),
    "convs_per_stage": (1, 3),
    "width": (24, 32),
    "width_growth": (1.0, 2.0),
    "conv_dropout": (0.1,),
    "dense_dropout": (0.25,),
    "learning_rate_factor": (0.3, 3.0),
    "weight_decay": (1e-5, 5e-3),
    "label_smoothing": (0.0, 0.2),
}
"""Of ranges, what is tried; of choices all are."""


@dataclass(frozen=True, slots=True)
class Try:
    """One change of the first recipe."""

    change: str
    values: dict[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the change came to."""

    change: str
    val_accuracy: float
    work: int
    """Of an image, in FLOPs of a usual convolution."""
    image_seconds: float
    """Of training on one image, at the reference prices."""


def tries(shape: ImageShape) -> Iterator[Try]:
    """Change the first recipe in one value at a time; its width stays."""
    space = default_space(shape, accelerated=False)
    start = dict(space.defaults) | {"width": 40}
    for seed in range(3):
        yield Try(f"first recipe, again {seed}", start)
    for name, choice in space.ranges.items():
        values = choice.choices if isinstance(choice, OneOf) else STEPS.get(name, ())
        for value in values:
            if value != start[name]:
                yield Try(f"{name} = {value}", start | {name: value})


def measure(
    cache: Path,
    images: int,
    epochs: int,
    only: Sequence[str],
    say: Callable[[str], None],
) -> list[Result]:
    """Train every variant, or only some, one on each core; as they were tried."""
    with ProcessPoolExecutor(cores(), mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(train, cache, one, images, epochs, seed)
            for seed, one in enumerate(tries(open_info(cache).shape))
            if not only or one.change in only or seed == 0
        ]
        results = []
        for job in jobs:
            results.append(job.result())
            one = results[-1]
            say(
                f"{one.change}: {one.val_accuracy:.1%}, "
                f"{one.image_seconds * 1e3:.2f} ms an image"
            )
        return results


def train(
    cache: Path,
    one: Try,
    images: int,
    epochs: int,
    seed: int,
    *,
    bounded: bool = False,
) -> Result:
    """Train one recipe on some images; `bounded`: as narrow as a search makes it."""
    cpu = torch.device("cpu")
    devices.prepare(cpu, 1)
    info = open_info(cache)
    shape = info.shape
    every, groups = open_search_images(cache)
    split = search_splits(every.labels, groups, seed=0, given_val=info.given_val)[0]
    chosen = np.random.default_rng(0).permutation(split.train)[:images]
    train = batches_of(every, chosen, info, cpu)
    val = batches_of(every, split.val[:VAL_IMAGES], info, cpu)
    space = default_space(shape, accelerated=False)
    if not bounded:  # no change is made narrower for what it costs
        space = dataclasses.replace(space, max_flops=MOST)
    recipe = to_recipe(space, one.values, shape, epochs=epochs)
    learner = Learner(recipe, shape, device=cpu, seed=seed)
    accuracy = 0.0
    try:
        for epoch in fit(learner, train, val):
            accuracy = max(accuracy, epoch.val_accuracy)
    except Diverged:
        pass
    summary = summarize(recipe, shape)
    settings = recipe.train
    step = step_seconds(reference_prices(), summary, settings, shape)
    return Result(
        change=one.change,
        val_accuracy=accuracy,
        work=work(summary),
        image_seconds=step / settings.batch_size,
    )
