"""The training loop: `fit` yields one epoch at a time, and may be left at any."""

import math
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from autocnn import device as devices
from autocnn.data.batches import Batches
from autocnn.train.learner import Begun, Epoch, Learner
from autocnn.train.schedules import make_schedule
from autocnn.train.step import Step


class Diverged(Exception):  # noqa: N818 - what happened, not what is wrong
    """The loss became infinite or not a number: this training cannot go on."""


def always() -> bool:
    """Go on."""
    return True


def fit(
    learner: Learner,
    train: Batches,
    val: Batches | None,
    *,
    keep_going: Callable[[], bool] = always,
) -> Iterator[Epoch]:
    """Train until the recipe's epochs are done, from wherever the learner stands.

    `keep_going` is asked before every step; when it says no, nothing more is yielded,
    and the learner knows how far the begun epoch is. Diverged if the loss is lost.
    Without validation images, epochs have no score.
    """
    settings = learner.settings
    batch = min(settings.batch_size, len(train))
    steps = len(train) // batch
    factor = make_schedule(settings.schedule, steps * settings.epochs)
    step = Step(learner)
    while len(learner.history) < settings.epochs:
        started = time.perf_counter() - learner.begun.seconds
        sums = _train_epoch(learner, step, train, factor, keep_going)
        if sums is None:
            return
        trained = time.perf_counter()
        train_loss, train_accuracy = (total / (steps * batch) for total in sums)
        val_loss, val_accuracy = math.nan, math.nan
        if val is not None:
            learner.said = answered(learner.result, val)
            val_loss, val_accuracy = measured(*learner.said)
        lost = val is not None and not math.isfinite(val_loss)
        if lost or not math.isfinite(train_loss):
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
    return measured(*answered(net, batches))


def answered(net: nn.Module, batches: Batches) -> tuple[Tensor, Tensor]:
    """Let a network answer: logits float32 (N, classes), and the labels (N,)."""
    net.eval()
    device = batches.scale.device
    said, labels = [], []
    with torch.inference_mode(), devices.mixed_precision(device):
        for images, of_them in batches.in_order():
            said.append(net(images).float())
            labels.append(of_them)
    return torch.cat(said), torch.cat(labels)


def measured(logits: Tensor, labels: Tensor) -> tuple[float, float]:
    """Mean cross entropy (in nats) and accuracy (0 to 1) of answers."""
    loss = functional.cross_entropy(logits, labels)
    correct = (logits.argmax(1) == labels).sum()
    return loss.item(), correct.item() / len(labels)


def _next(learner: Learner) -> int:
    return len(learner.history) + 1


def _train_epoch(
    learner: Learner,
    step: Step,
    train: Batches,
    factor: Callable[[int], float],
    keep_going: Callable[[], bool],
) -> tuple[float, float] | None:
    """Take one epoch's steps; sums of loss and of hits, or None when told to leave."""
    settings, seed = learner.settings, learner.epoch_seed()
    begun, learner.begun = learner.begun, Begun()
    started = time.perf_counter() - begun.seconds
    # Dropout layers can only draw from PyTorch's own generator.
    torch.manual_seed(seed)
    devices.set_noise(begun.noise)
    learner.net.train()
    loss_sum = torch.tensor(begun.loss_sum, device=learner.device)
    hits = torch.tensor(begun.hits, device=learner.device)
    batches = train.shuffled(settings.batch_size, settings.augmentation, seed)
    done = len(learner.history) * (len(train) // min(settings.batch_size, len(train)))
    for number, (images, labels) in enumerate(batches, start=done):
        if number < done + begun.steps:
            continue  # only drawn: the next ones are then what they would have been
        if not keep_going():
            learner.begun = Begun(
                steps=number - done,
                loss_sum=loss_sum.item(),
                hits=int(hits.item()),
                seconds=time.perf_counter() - started,
                noise=devices.noise(learner.device),
            )
            return None
        rate = settings.learning_rate * factor(number)
        loss, right = step(images, labels, rate)
        if learner.average is not None:
            learner.average.follow(learner.net, number + 1)
        loss_sum += loss * len(labels)
        hits += right
    # The only wait for the device in an epoch's training.
    return loss_sum.item(), float(hits.item())
