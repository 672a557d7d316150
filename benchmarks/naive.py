"""What a normal PyTorch user writes: the loop that autocnn's is compared with."""

import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from autocnn.nets.net import build
from benchmarks.networks import NETWORKS, SHAPE

# In the order of torchvision's own examples: to a tensor first.
TRANSFORM = v2.Compose(
    [
        v2.ToImage(),
        v2.RandomCrop(32, padding=4),
        v2.RandomHorizontalFlip(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.5, 0.5, 0.5], [0.25, 0.25, 0.25]),
    ]
)

Batch = tuple[torch.Tensor, torch.Tensor]
_Begun = tuple[nn.Module, optim.Optimizer, Iterator[Batch]]


class Naive:
    """ImageFolder, DataLoader, v2 transforms, NCHW, eager, `.item()` at each step."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._begun: dict[tuple[str, int], _Begun] = {}

    def train(self, network: str, seconds: float, workers: int) -> float:
        """Train for about so long with so many loaders; images per second."""
        begun = self._begun.get((network, workers))
        if begun is None:
            begun = self._begun[network, workers] = self._start(network, workers)
        # Those that were prefetched while others were measured come for free.
        _run(begun, steps=2 * workers)
        return _run(begun, seconds=seconds)

    def load(self, seconds: float) -> float:
        """Load batches of 128 without training; images per second."""
        batches = self._batches(128, workers=0)
        next(batches)
        images, started = 0, time.perf_counter()
        while (passed := time.perf_counter() - started) < seconds:
            images += len(next(batches)[1])
        return images / passed

    def _start(self, network: str, workers: int) -> _Begun:
        recipe = NETWORKS[network]
        net = build(recipe, SHAPE, seed=0)
        settings = recipe.train
        optimizer: optim.Optimizer
        if settings.optimizer == "rmsprop":
            optimizer = optim.RMSprop(net.parameters(), lr=settings.learning_rate)
        else:
            optimizer = optim.SGD(
                net.parameters(),
                lr=settings.learning_rate,
                momentum=0.9,
                nesterov=True,
                weight_decay=5e-4,
            )
        return net, optimizer, self._batches(settings.batch_size, workers)

    def _batches(self, size: int, workers: int) -> Iterator[Batch]:
        loader = DataLoader(
            ImageFolder(self._folder, TRANSFORM),
            batch_size=size,
            shuffle=True,
            num_workers=workers,
            drop_last=True,
            persistent_workers=workers > 0,
        )
        while True:
            yield from loader


def _run(begun: _Begun, *, seconds: float = float("inf"), steps: int = 10**9) -> float:
    net, optimizer, batches = begun
    criterion = nn.CrossEntropyLoss()
    net.train()
    seen, total_loss, correct = 0, 0.0, 0
    started = time.perf_counter()
    for _ in range(steps):
        images, labels = next(batches)
        optimizer.zero_grad()
        logits = net(images)
        loss = criterion(logits, labels)
        loss.backward()
        optimizer.step()
        total_loss += loss.item()
        correct += (logits.argmax(1) == labels).sum().item()
        seen += len(labels)
        if time.perf_counter() - started >= seconds:
            break
    return seen / (time.perf_counter() - started)
