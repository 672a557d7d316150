"""When more trials would gain nothing that could be told from noise."""

import math
import statistics
from collections.abc import Sequence
from typing import Literal

from autocnn.store.aim import standard_error

Patience = int | Literal["auto"] | None
ENOUGH = 4
"""Complete trials from which their best scores' tail can be judged."""


def exhausted(
    complete: Sequence[float], since_best: int, patience: Patience, images: int
) -> bool:
    """Say whether a search may end for want of progress.

    `complete` are the scores of complete trials, `since_best` counts the trials that
    were trained since the last of them, or a paused one, improved on the best score.
    With a number the search ends after so many; with ``auto``, when as many trials
    again are expected to raise the best score by less than its standard error on so
    many images.
    """
    if patience is None:
        return False
    if patience != "auto":
        return since_best >= patience
    if len(complete) < ENOUGH or since_best < ENOUGH:
        return False
    best = max(complete)
    error = standard_error(best, images) or 0.0
    return min(expected_gain(complete), 1.0 - best) < error


def expected_gain(complete: Sequence[float]) -> float:
    """Predict how much as many trials again would raise the best score.

    Halving completes the best of many, the tail of all scores. Above a threshold tails
    are about exponential (Pickands 1975); then the expected maximum grows with the
    logarithm of the number of draws, and doubling it adds log(2) mean excesses.
    """
    lowest, *others = sorted(complete)
    return math.log(2) * statistics.mean(score - lowest for score in others)
