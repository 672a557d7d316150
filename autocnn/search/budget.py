"""What a time budget buys: the epochs of a full trial, and the size of networks."""

import dataclasses

from autocnn.nets.net import summarize
from autocnn.search import space as spaces
from autocnn.search.study import StudyConfig
from autocnn.train.cost import Calibration, epoch_seconds, work

FINAL_SHARE = 0.5
"""Of the time, what is kept back for the final training of the winner."""
SHARE = 0.5
"""Of the rest, what a full trial of the space's first recipe may take one worker: the
other half is for finding something better, and for finishing that."""
LEAST_EPOCHS, MOST_EPOCHS = 4, 30
LEAST_BEFORE_FINAL = 2
"""Where a final training follows, trials only have to rank recipes."""


def planned(
    config: StudyConfig, prices: Calibration, seconds: float, *, final: bool = False
) -> StudyConfig:
    """Fit a new study to the seconds that its trials have on the measured machine.

    Where not even a few epochs fit, networks become smaller. A space that has a say
    in its epochs keeps them. `final` says whether the winner is trained on its own.
    """
    space, least = config.space, LEAST_BEFORE_FINAL if final else LEAST_EPOCHS
    if spaces.most_epochs(space, 0):
        return config
    epoch, cost = _first_epoch(config, prices)
    epochs = SHARE * seconds / epoch
    fitting = min(MOST_EPOCHS, max(least, round(epochs)))
    if round(epochs) < least and space.max_flops:
        affordable = int(cost * epochs / least)
        bound = max(1, min(space.max_flops, affordable))
        space = dataclasses.replace(space, max_flops=bound)
    return dataclasses.replace(config, epochs=fitting, space=space)


def final_seconds(
    config: StudyConfig, prices: Calibration | None, timeout: float, most: int
) -> float:
    """Say what is kept back of a search's seconds for a final training.

    No more than so many epochs of the space's first recipe take one worker; nothing
    where every trial is as long as that.
    """
    if config.epochs >= most and not spaces.most_epochs(config.space, 0):
        return 0.0
    share = FINAL_SHARE * timeout
    if prices is None:
        return share
    return min(share, most * _first_epoch(config, prices)[0])


def _first_epoch(config: StudyConfig, prices: Calibration) -> tuple[float, float]:
    """Predict an epoch of the space's first recipe, in seconds; and its work."""
    space, shape = config.space, config.shape
    first = spaces.to_recipe(space, space.defaults, shape, epochs=1)
    summary = summarize(first, shape)
    epoch = max(1, config.folds) * epoch_seconds(
        prices,
        summary,
        first.train,
        shape,
        train_images=config.train_images,
        val_images=config.val_images,
    )
    return epoch, work(summary)
