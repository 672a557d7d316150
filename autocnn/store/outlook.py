"""Where a trial's curve will end, by how those of complete trials went on.

Under a schedule that falls to zero curves rise most at their end, so no power law fits
(see .github/LOG.md); but they rise by about as much in all trials of a study.
"""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from autocnn.store.rows import TrialRow

ENOUGH = 4
"""Complete trials from which how much curves rise is judged."""
INSIDE = 0.8
"""How likely the end is to lie between `low` and `high`."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a trial's val_accuracy is expected to be at its end; fractions of 1."""

    mean: float
    low: float
    high: float
    chance: float
    """How likely it is to beat the best."""


def outlook(
    row: TrialRow, trials: Iterable[TrialRow], best: float | None
) -> Outlook | None:
    """Foresee the end of an unfinished trial; None if too little is known.

    The interval is Student's for one more of the gains that complete trials made from
    this epoch on.
    """
    done, planned = len(row.curve), row.planned_epochs or 0
    if not 0 < done < planned:
        return None
    gains = [
        max(other.curve) - max(other.curve[:done])
        for other in trials
        if other.status == "complete"
        and len(other.curve) == other.planned_epochs == planned
    ]
    if len(gains) < ENOUGH:
        return None
    from scipy.special import stdtr, stdtrit  # takes a tenth of a second

    mean = max(row.curve) + statistics.mean(gains)
    spread = max(1e-6, statistics.stdev(gains) * math.sqrt(1 + 1 / len(gains)))
    reach = float(stdtrit(len(gains) - 1, (1 + INSIDE) / 2)) * spread
    chance = 1.0
    if best is not None:
        chance = float(stdtr(len(gains) - 1, (mean - best) / spread))
    return Outlook(
        mean=min(1.0, mean),
        low=max(mean - reach, *row.curve),
        high=min(1.0, mean + reach),
        chance=chance,
    )
