"""A network in training, and the epochs behind it."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from autocnn import device as devices
from autocnn.data.batches import check_augmentation
from autocnn.nets.net import build
from autocnn.recipe import ImageShape, Recipe
from autocnn.train.average import Average
from autocnn.train.optimizers import make_optimizer


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
    """Fraction of validation images classified correctly, 0 to 1; not a number, as the
    loss, where none are held out."""
    seconds: float
    """Training and scoring together."""
    images_per_second: float
    """Training alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What an epoch has come to so far, but for what its seed decides."""

    steps: int = 0
    loss_sum: float = 0.0
    hits: int = 0
    seconds: float = 0.0
    noise: dict[str, Tensor] = field(default_factory=dict)
    """States of the generators that dropout draws from, by the kind of device."""


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
        decay = recipe.train.ema_decay
        self.average = Average(self.net, decay) if decay else None
        self.optimizer = make_optimizer(self.net, recipe.train)
        self.scaler = devices.scaler(device)
        self.history: list[Epoch] = []
        self.begun = Begun()
        """Where it stands within the next epoch, if that was broken off."""
        self.said: tuple[Tensor, Tensor] | None = None
        """The last epoch's logits (N, classes) for the validation images; labels."""

    @property
    def result(self) -> nn.Module:
        """The network that is scored and kept: the average, if the recipe has one."""
        return self.net if self.average is None else self.average.net

    @property
    def best(self) -> Epoch | None:
        """The epoch with the highest validation accuracy, the first of equals."""
        return max(self.history, key=lambda epoch: epoch.val_accuracy, default=None)

    def epoch_seed(self) -> int:
        """Derive the next epoch's seed, so that no generator's state need be kept."""
        return self.seed * 1_000_003 + len(self.history)
