"""The values that trials were given for a parameter, and where the best of them lie."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from autocnn.store.rows import TrialRow
from autocnn.views.tui.braille import Floats

QUARTER = 0.25
FEW = 8
"""So many different numbers are shown side by side, as words are."""
MANY = 10
"""From so many on, one in ten at either end may lie far off without being shown."""


@dataclass(frozen=True, slots=True)
class Group:
    """The trials that were given the same choice."""

    name: str
    trials: int
    best_quarter: int
    """How many of them are among the best quarter of all."""
    best: float
    median: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """One parameter's values in trials with a score, in the order of the trials."""

    name: str
    distribution: BaseDistribution
    choices: tuple[str, ...]
    """If they are words, or few; `numbers` then are their places, from 0."""
    numbers: Floats
    scores: Floats
    best: npt.NDArray[np.bool_]
    """Whether a trial is among the best quarter of all, with this parameter or not."""

    @property
    def log(self) -> bool:
        """Whether equal factors are equally far from each other."""
        return not self.choices and bool(getattr(self.distribution, "log", False))

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the greatest value there can be, or has been."""
        if self.choices:
            return 0.0, float(len(self.choices) - 1)
        low, high = (getattr(self.distribution, edge) for edge in ("low", "high"))
        return min(low, float(self.numbers.min())), max(high, float(self.numbers.max()))

    def stretch(self, values: npt.ArrayLike) -> Floats:
        """Give places at which values lie on a line."""
        places = np.asarray(values, np.float64)
        return np.log10(places) if self.log else places

    def quarter(self) -> tuple[float, float] | None:
        """Say between which numbers most of the best quarter lies."""
        found = self.numbers[self.best]
        if not found.size:
            return None
        edges = (0.1, 0.9) if found.size >= MANY else (0.0, 1.0)
        low, high = np.quantile(found, edges, method="nearest")
        return float(low), float(high)

    def groups(self) -> list[Group]:
        """Tell the choices apart, in their own order, without those never drawn."""
        groups = []
        for place, name in enumerate(self.choices):
            here = self.numbers == place
            if here.any():
                scores = self.scores[here]
                group = Group(
                    name=name,
                    trials=int(here.sum()),
                    best_quarter=int(self.best[here].sum()),
                    best=float(scores.max()),
                    median=float(np.median(scores)),
                )
                groups.append(group)
        return groups

    def where(self) -> str:
        """Say in few words where the best quarter lies."""
        if self.choices:
            found = sorted(self.groups(), key=lambda group: -group.best_quarter)
            names = [f"{g.name} ({g.best_quarter})" for g in found if g.best_quarter]
            return ", ".join(names) or "-"
        edges = self.quarter()
        if edges is None:
            return "-"
        low, high = map(number, edges)
        return low if low == high else f"{low} to {high}"

    def sentence(self) -> str:
        """Say where the best quarter lies, and how many trials that is."""
        count = int(self.best.sum())
        if not count:
            return "best quarter: none of its trials has this parameter"
        if self.choices:
            return f"best quarter: {self.where()} of {count} trials"
        most = "8 in 10 of" if count >= MANY else "all" if count > 1 else "its"
        trials = f"{count} trials" if count > 1 else "only trial"
        return f"best quarter: {self.where()} ({most} {trials})"

    def range(self) -> str:
        """Say what the values may be."""
        if self.choices:
            first, last = self.choices[0], self.choices[-1]
            words = isinstance(self.distribution, CategoricalDistribution)
            return f"{len(self.choices)} choices" if words else f"{first} to {last}"
        low, high = map(number, self.limits)
        return f"{low} to {high}{' log' if self.log else ''}"

    def text(self, value: float) -> str:
        """Write one of the numbers as it was drawn."""
        return self.choices[round(value)] if self.choices else number(value)


def collect(
    rows: Sequence[TrialRow], distributions: Mapping[str, BaseDistribution]
) -> tuple[Drawn, ...]:
    """Sort out the parameters of trials with a score."""
    if not rows:
        return ()
    scores = np.array([row.val_accuracy for row in rows], np.float64)
    best = np.zeros(len(rows), np.bool_)
    # Of equals the earlier ones, so that they are as many as is said.
    best[np.argsort(-scores, kind="stable")[: math.ceil(QUARTER * len(rows))]] = True
    found = []
    for name, distribution in distributions.items():
        choices, read = reading(distribution)
        values = [
            read(row.params[name]) if name in row.params else None for row in rows
        ]
        numbers = np.array(values, np.float64)  # None becomes NaN
        known = np.isfinite(numbers)
        if known.any():
            drawn = Drawn(
                name=name,
                distribution=distribution,
                choices=choices,
                numbers=numbers[known],
                scores=scores[known],
                best=best[known],
            )
            found.append(drawn)
    return tuple(found)


def reading(
    distribution: BaseDistribution,
) -> tuple[tuple[str, ...], Callable[[Any], float | None]]:
    """Say how to read values: the choices, if there are few, and each value's number.

    A value that cannot have been drawn from the distribution is None.
    """
    match distribution:
        case CategoricalDistribution():
            places = {
                choice: place for place, choice in enumerate(distribution.choices)
            }
            return tuple(map(str, distribution.choices)), places.get
        case IntDistribution(low=low, high=high, step=step, log=False) if (
            high - low
        ) // step < FEW:
            values = {
                value: place for place, value in enumerate(range(low, high + 1, step))
            }
            return tuple(map(str, values)), values.get
        case IntDistribution() | FloatDistribution():
            least = 0.0 if distribution.log else -math.inf

            def read(value: Any) -> float | None:
                known = isinstance(value, int | float) and value > least
                return float(value) if known else None

            return (), read
        case _:
            raise AssertionError(distribution)


def number(value: float) -> str:
    """0.00081 to ``8.1e-4``, 3.0 to ``3``."""
    digits = 2 if abs(value) < 100 else 3
    if 0 < abs(value) < 0.001:
        return re.sub(r"\.0(?=e)|(?<=e-)0", "", f"{value:.{digits - 1}e}")
    return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:g}"
