"""A recipe's training as a file that a person can follow: train.py."""

from collections.abc import Callable
from typing import Any

from autocnn.choices import Choice
from autocnn.data.augmentations import AUGMENTATIONS, Augmentation
from autocnn.data.splits import default_val_fraction
from autocnn.deliver.export.calls import Call, call, literal, written
from autocnn.deliver.export.cut import cut
from autocnn.deliver.export.files import python
from autocnn.deliver.predict import Network
from autocnn.nets.initializations import INITIALIZATIONS, keep
from autocnn.recipe import TrainSettings
from autocnn.train.average import Average
from autocnn.train.optimizers import OPTIMIZERS, decayed, options_of, rmsprop
from autocnn.train.schedules import SCHEDULES


def train_py(network: Network) -> str:
    """Write a training of this network with the settings of its recipe."""
    train = network.recipe.train
    augmentations = [(AUGMENTATIONS[each.name], each) for each in train.augmentation]
    schedule = SCHEDULES[train.schedule.name]
    initialization = INITIALIZATIONS[train.initialization]
    changed = initialization is not keep
    needed: list[Callable[..., Any]] = [decayed, schedule, default_val_fraction]
    needed += [initialization] if changed else []
    needed += [Average] if train.ema_decay else []
    needed += [row.function for row, _ in augmentations]
    return python(
        "train.py",
        cut(*needed),
        train=train,
        seed=network.card.get("seed", 0),
        initialization=initialization.__name__ if changed else "",
        optimizer=written(optimizer(train), 4, "optimizer = "),
        schedule=call(schedule.__name__, ("step", "EPOCHS * batches"), train.schedule),
        moves=[_move(row, each) for row, each in augmentations if row.move],
        changes=[_change(row, each) for row, each in augmentations if row.change],
    )


def optimizer(settings: TrainSettings) -> Call:
    """Write how the optimizer is made, as PyTorch has it."""
    make = OPTIMIZERS[settings.optimizer].make
    # Ours is another way, a quicker one, to PyTorch's steps.
    kind = "RMSprop" if make is rmsprop else make.__name__
    options = options_of(settings).items()
    return Call(
        f"torch.optim.{kind}",
        (
            ("", Call(decayed.__name__, (("", "net"), ("", "WEIGHT_DECAY")))),
            ("lr", "LEARNING_RATE"),
            *((name, literal(value)) for name, value in options),
        ),
    )


def _move(row: Augmentation, choice: Choice) -> str:
    made = call(row.function.__name__, ("rows", "columns", "generator"), choice)
    return written(made, 4, "rows, columns = ")


def _change(row: Augmentation, choice: Choice) -> str:
    made = call(row.function.__name__, ("images", "generator"), choice)
    return written(made, 12, "images = ")
