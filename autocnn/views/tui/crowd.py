"""Where most of the trials run: the band behind the curves."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from autocnn.store.rows import TrialRow
from autocnn.views.tui.axes import Band

LEAST = 4
"""A band ends where fewer trials have come to."""
FEW = 8
"""Of fewer trials at rest, quartiles are no more than the curves themselves."""
AT_REST = {"complete", "pruned", "paused"}


def quartiles(rows: Sequence[TrialRow]) -> Band | None:
    """Work out between which accuracies half of the trials at rest run."""
    over = [row for row in rows if row.curve and row.status in AT_REST]
    return band(over) if len(over) >= FEW else None


def band(rows: Sequence[TrialRow]) -> Band | None:
    """Give the quartiles and the median of all trials that came to each epoch."""
    lengths = np.array([len(row.curve) for row in rows])
    values = np.fromiter(chain.from_iterable(row.curve for row in rows), np.float64)
    starts = np.cumsum(lengths) - lengths
    points: list[tuple[float, ...]] = []
    for epoch in range(int(lengths.max())):
        here = values[starts[lengths > epoch] + epoch]
        here = here[np.isfinite(here)]
        if here.size < LEAST:
            break
        low, middle, high = np.quantile(here, (0.25, 0.5, 0.75)).tolist()
        points.append((epoch + 1.0, low, high, middle))
    return Band(*zip(*points, strict=True)) if points else None
