"""autocnn's own training loop, run for time."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from autocnn import device as devices
from autocnn import recipe as recipes
from autocnn.data.batches import Batches, batches_of
from autocnn.data.cache import open_info, open_search_images
from autocnn.nets.net import build
from autocnn.recipe import Recipe
from autocnn.train.learner import Epoch, Learner
from autocnn.train.loop import fit
from benchmarks.networks import NETWORKS, SHAPE

CPU = torch.device("cpu")
SGEMM_SIZES = (1024, 1536, 2048)
AN_EPOCH = 512
"""Images: a few steps, again and again."""


class Ours:
    """One worker with so many threads."""

    def __init__(self, cache: Path, threads: int) -> None:
        devices.prepare(CPU, threads)
        self._images, _ = open_search_images(cache)
        self._info = open_info(cache)
        self._epochs: dict[str, Iterator[Epoch]] = {}

    def train(self, network: str, seconds: float) -> float:
        """Train for about so long; images per second."""
        return self._train(network, NETWORKS[network], seconds)

    def train_recipe(self, text: str, seconds: float) -> float:
        """Train a recipe, as TOML, for about so long; seconds of an image."""
        rate = self._train("", recipes.loads(text), seconds)
        del self._epochs[""]
        return 1 / rate

    def _train(self, network: str, recipe: Recipe, seconds: float) -> float:
        if network not in self._epochs:
            learner = Learner(recipe, SHAPE, device=CPU, seed=0)
            # An epoch of a few steps, again and again.
            train = self._batches(
                max(1, AN_EPOCH // recipe.train.batch_size) * recipe.train.batch_size
            )
            self._epochs[network] = fit(learner, train, self._batches(32))
            next(self._epochs[network])
        images, passed = 0.0, 0.0
        while passed < seconds:
            epoch = next(self._epochs[network])
            took = 1 / epoch.images_per_second
            images, passed = images + AN_EPOCH, passed + AN_EPOCH * took
        return images / passed

    def load(self, seconds: float, network: str = "vgg6") -> float:
        """Make augmented batches without training; images per second."""
        settings = NETWORKS[network].train
        train = self._batches(len(self._images))
        images, started, epoch = 0, time.perf_counter(), 0
        while True:
            epoch += 1
            for _, labels in train.shuffled(
                settings.batch_size, settings.augmentation, epoch
            ):
                images += len(labels)
                passed = time.perf_counter() - started
                if passed >= seconds:
                    return images / passed

    def flops(self, network: str) -> float:
        """Count what training on one image takes: forward and backward."""
        recipe = NETWORKS[network]
        net = build(recipe, SHAPE, seed=0)
        with FlopCounterMode(display=False) as counter:
            logits = net(torch.randn(2, SHAPE.channels, SHAPE.height, SHAPE.width))
            functional.cross_entropy(
                logits, torch.zeros(2, dtype=torch.long)
            ).backward()
        return float(counter.get_total_flops() / 2)

    def sgemm(self, seconds: float) -> float:
        """Multiply matrices: the best FLOP/s this machine shows, the limit."""
        best = 0.0
        for size in SGEMM_SIZES:
            a, b = torch.randn(size, size), torch.randn(size, size)
            ended = time.perf_counter() + seconds / len(SGEMM_SIZES)
            while (started := time.perf_counter()) < ended:
                a @ b
                best = max(best, 2 * size**3 / (time.perf_counter() - started))
        return best

    def _batches(self, count: int) -> Batches:
        indices = np.arange(count) % len(self._images)
        return batches_of(self._images, indices, self._info, CPU)
