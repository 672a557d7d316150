"""What a time budget buys: the epochs of a full trial, and the size of networks."""

import dataclasses

from autocnn.nets.net import summarize
from autocnn.search import space as spaces
from autocnn.search.study import StudyConfig
from autocnn.train.cost import Calibration, epoch_seconds, work

SHARE = 0.5
"""Of the time, what a full trial of the space's first recipe may take one worker: the
other half is for finding something better, and for finishing that."""
LEAST_EPOCHS, MOST_EPOCHS = 4, 30


def planned(config: StudyConfig, prices: Calibration, seconds: float) -> StudyConfig:
    """Fit a new study to the seconds that its search has on the measured machine.

    Where not even a few epochs fit, networks become smaller. A space that has a say
    in its epochs keeps them.
    """
    space, shape = config.space, config.shape
    if spaces.most_epochs(space, 0):
        return config
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
    epochs = SHARE * seconds / epoch
    if epochs < LEAST_EPOCHS and space.max_flops:
        affordable = int(work(summary) * epochs / LEAST_EPOCHS)
        bound = max(1, min(space.max_flops, affordable))
        space = dataclasses.replace(space, max_flops=bound)
    fitting = min(MOST_EPOCHS, max(LEAST_EPOCHS, int(epochs)))
    return dataclasses.replace(config, epochs=fitting, space=space)
