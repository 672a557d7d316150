"""The recipes of a table, found by what they are near to."""

import math
from collections.abc import Mapping

import numpy as np

from autocnn.choices import OneOf, Range, Scalar
from autocnn.offline.table import Table
from autocnn.search.widen import distributions


class Board:
    """A table, laid out for games."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.distributions = distributions(table.space)
        """Of every row, as Optuna has them."""
        ranges = table.space.ranges.values()
        self._places = np.array([self._place(row.params) for row in table.rows])
        self._named = np.array([isinstance(choice, OneOf) for choice in ranges])

    def nearest(self, values: Mapping[str, Scalar], taken: set[int]) -> int | None:
        """Find the nearest row that is not taken; None if all are."""
        distances = self.distances(values)
        distances[list(taken)] = math.inf
        place = int(distances.argmin())
        return None if math.isinf(distances[place]) else place

    def distances(self, values: Mapping[str, Scalar]) -> np.ndarray:
        """Say how far each row is: shares of ranges, and 1 for another choice."""
        away = np.abs(self._places - self._place(values))
        away[:, self._named] = away[:, self._named] > 0
        summed: np.ndarray = away.sum(axis=1)
        return summed

    def _place(self, values: Mapping[str, Scalar]) -> list[float]:
        """Give numbers as a share of their range, and choices by their number."""
        ranges = self.table.space.ranges
        return [_share(values[name], choice) for name, choice in ranges.items()]


def _share(value: Scalar, choice: Range) -> float:
    if isinstance(choice, OneOf):
        return float(choice.choices.index(value))
    assert isinstance(value, int | float)
    low, high, at = float(choice.low), float(choice.high), float(value)
    if low == high:
        return 0.0
    if choice.log:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return (at - low) / (high - low)
