"""The training loop: `fit` yields one epoch at a time, and may be left at any."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from autocnn.data.batches import Batches, check_augmentation
from autocnn.nets.net import build
from autocnn.recipe import ImageShape, Recipe
from autocnn.train import device as devices
from autocnn.train.optimizers import make_optimizer, set_learning_rate
from autocnn.train.schedules import make_schedule


class Diverged(Exception):  # noqa: N818 - what happened, not what is wrong
    """The loss became infinite or not a number: this training cannot go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One pass over the training images, and how the network then does."""

    number: int
    """Counted from 1."""
    train_loss: float
    train_accuracy: float
    """Over the augmented images, while the weights moved."""
    val_loss: float
    val_accuracy: float
    """Fraction of validation images classified correctly, 0 to 1."""
    seconds: float
    """Training and scoring together."""
    images_per_second: float
    """Training alone."""


class Learner:
    """A network in training: all that must survive to continue exactly."""

    def __init__(
        self, recipe: Recipe, shape: ImageShape, *, device: torch.device, seed: int
    ) -> None:
        check_augmentation(recipe.train.augmentation)
        self.settings = recipe.train
        self.device = device
        self.seed = seed
        self.net = devices.place(build(recipe, shape, seed=seed), device)
        self.optimizer = make_optimizer(self.net, recipe.train)
        self.scaler = devices.scaler(device)
        self.history: list[Epoch] = []

    @property
    def best(self) -> Epoch | None:
        """The epoch with the highest validation accuracy, the first of equals."""
        return max(self.history, key=lambda epoch: epoch.val_accuracy, default=None)

    def epoch_seed(self) -> int:
        """Derive the next epoch's seed, so that no generator's state need be kept."""
        return self.seed * 1_000_003 + len(self.history)


def always() -> bool:
    """Go on."""
    return True


def fit(
    learner: Learner,
    train: Batches,
    val: Batches,
    *,
    keep_going: Callable[[], bool] = always,
) -> Iterator[Epoch]:
    """Train until the recipe's epochs are done, from wherever the learner stands.

    `keep_going` is asked before every step; when it says no, the begun epoch is
    abandoned and nothing more is yielded. Diverged if the loss is lost.
    """
    settings = learner.settings
    batch = min(settings.batch_size, len(train))
    steps = len(train) // batch
    factor = make_schedule(settings.schedule, steps * settings.epochs)
    while len(learner.history) < settings.epochs:
        started = time.perf_counter()
        sums = _train_epoch(learner, train, factor, keep_going)
        if sums is None:
            return
        trained = time.perf_counter()
        train_loss, train_accuracy = (total / (steps * batch) for total in sums)
        val_loss, val_accuracy = score(learner.net, val)
        if not (math.isfinite(train_loss) and math.isfinite(val_loss)):
            raise Diverged(f"the loss became {train_loss} at epoch {_next(learner)}")
        epoch = Epoch(
            number=_next(learner),
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            seconds=time.perf_counter() - started,
            images_per_second=steps * batch / (trained - started),
        )
        learner.history.append(epoch)
        yield epoch


def score(net: nn.Module, batches: Batches) -> tuple[float, float]:
    """Measure mean cross entropy (in nats) and accuracy (0 to 1)."""
    net.eval()
    device = batches.scale.device
    loss = torch.zeros((), device=device)
    correct = torch.zeros((), dtype=torch.long, device=device)
    with torch.inference_mode(), devices.mixed_precision(device):
        for images, labels in batches.in_order():
            logits = net(images).float()
            loss += functional.cross_entropy(logits, labels, reduction="sum")
            correct += (logits.argmax(1) == labels).sum()
    return loss.item() / len(batches), correct.item() / len(batches)


def _next(learner: Learner) -> int:
    return len(learner.history) + 1


def _train_epoch(
    learner: Learner,
    train: Batches,
    factor: Callable[[int], float],
    keep_going: Callable[[], bool],
) -> tuple[float, float] | None:
    """Take one epoch's steps; sums of loss and of hits, or None when told to leave."""
    settings, seed = learner.settings, learner.epoch_seed()
    # Dropout layers can only draw from PyTorch's own generator.
    torch.manual_seed(seed)
    learner.net.train()
    loss_sum = torch.zeros((), device=learner.device)
    hits = torch.zeros((), dtype=torch.long, device=learner.device)
    batches = train.shuffled(settings.batch_size, settings.augmentation, seed)
    step = len(learner.history) * (len(train) // min(settings.batch_size, len(train)))
    for images, labels in batches:
        if not keep_going():
            return None
        set_learning_rate(learner.optimizer, settings.learning_rate * factor(step))
        loss, right = _step(learner, images, labels)
        loss_sum += loss * len(labels)
        hits += right
        step += 1
    # The only wait for the device in an epoch's training.
    return loss_sum.item(), float(hits.item())


def _step(
    learner: Learner, images: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Learn from one batch; its mean loss and its hits, still on the device."""
    with devices.mixed_precision(learner.device):
        logits = learner.net(images)
        loss = functional.cross_entropy(
            logits.float(), labels, label_smoothing=learner.settings.label_smoothing
        )
    learner.optimizer.zero_grad(set_to_none=True)
    learner.scaler.scale(loss).backward()
    learner.scaler.step(learner.optimizer)
    learner.scaler.update()
    return loss.detach(), (logits.detach().argmax(1) == labels).sum()


def to_dict(epoch: Epoch) -> dict[str, float]:
    """Write an epoch as plain values."""
    return dataclasses.asdict(epoch)
