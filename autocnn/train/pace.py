"""How fast a recipe trains: measured, where a whole training is planned by it."""

import itertools
import statistics
import time

import torch

from autocnn import device as devices
from autocnn.recipe import ImageShape, Recipe
from autocnn.train.cost import FORWARD
from autocnn.train.learner import Learner
from autocnn.train.step import Step

WARM_UP = 3
LEAST = 5
"""Steps that are measured."""
SECONDS = 3.0
"""For which more are."""


def measure(
    device: torch.device,
    recipe: Recipe,
    shape: ImageShape,
    train_images: int,
    val_images: int,
) -> float:
    """Train on one batch again and again; the seconds that an epoch takes by that.

    The median of the steps, because on a busy machine a few are interrupted by others.
    """
    count = min(recipe.train.batch_size, train_images)
    step = _step_seconds(device, recipe, shape, count)
    return train_images // count * step + val_images / count * step * FORWARD


def _step_seconds(
    device: torch.device, recipe: Recipe, shape: ImageShape, count: int
) -> float:
    learner = Learner(recipe, shape, device=device, seed=0)
    learner.net.train()
    images = torch.randn(count, shape.channels, shape.height, shape.width)
    images = images.to(device=device, memory_format=torch.channels_last)
    labels = torch.zeros(count, dtype=torch.long, device=device)
    step = Step(learner)
    until = time.perf_counter() + SECONDS
    steps: list[float] = []
    for number in itertools.count(1 - WARM_UP):
        begun = time.perf_counter()
        step(images, labels, recipe.train.learning_rate)
        devices.synchronize(device)
        now = time.perf_counter()
        if number > 0:
            steps.append(now - begun)
        if len(steps) >= LEAST and now > until:
            return statistics.median(steps)
    raise AssertionError
