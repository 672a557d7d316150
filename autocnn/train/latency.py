"""How long a network takes for one image: measured, where all else is predicted."""

import itertools
import statistics
import time

import torch

from autocnn import device as devices
from autocnn.nets.net import build
from autocnn.recipe import ImageShape, Recipe

WARM_UP = 5
LEAST, MOST = 5, 50
"""Runs that are measured."""
SECONDS = 1.0
"""After which a slow network is measured no more often than it must be."""


def measure(device: torch.device, recipe: Recipe, shape: ImageShape) -> float:
    """Time a batch of one image, as `predict` runs it; the median, in seconds.

    The median, because on a busy machine a few runs are interrupted by others.
    """
    net = devices.place(build(recipe, shape, seed=0), device).eval()
    image = torch.ones(1, shape.channels, shape.height, shape.width)
    image = image.to(device=device, memory_format=torch.channels_last)
    until = time.perf_counter() + SECONDS
    runs: list[float] = []
    with torch.inference_mode(), devices.mixed_precision(device):
        for number in itertools.count(1 - WARM_UP):
            begun = time.perf_counter()
            net(image)
            devices.synchronize(device)
            now = time.perf_counter()
            if number > 0:
                runs.append(now - begun)
            if len(runs) >= (LEAST if now > until else MOST):
                return statistics.median(runs)
    raise AssertionError
