"""What a plot shows, and where on its axes the values lie."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from autocnn.views.tui.braille import FOCUS, ROLES, Floats

Role = Literal["best", "running", "selected", "context", "a", "b", "c", "d"]
Scale = Literal["zoom", "full", "log"]
LEAST_SPAN = 1e-9  # of values; below that all are equal


@dataclass(frozen=True, slots=True)
class Series:
    """One curve, x ascending; its label is written where it ends."""

    points: tuple[tuple[float, float], ...]
    role: Role
    label: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """Where half of the finished trials run: both quartiles and the median by x."""

    xs: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    middle: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line to draw: finite points only, and at least one."""

    role: str
    label: str
    x: Floats
    y: Floats

    @property
    def in_focus(self) -> bool:
        """Say whether the line stands out of the crowd."""
        return ROLES.index(self.role) >= FOCUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """All that a plot shows, in the units of its caller."""

    series: tuple[Series, ...] = ()
    band: Band | None = None
    marks: tuple[tuple[float, str], ...] = ()
    x_label: str = ""
    x_high: float | None = None
    y_format: Callable[[float], str] | None = None

    def curves(self) -> list[Curve]:
        """List the series that have a finite point, without the points that are not."""
        found = []
        for series in self.series:
            points = np.array(series.points, np.float64).reshape(-1, 2)
            x, y = points[np.isfinite(points).all(axis=1)].T
            if x.size:
                found.append(Curve(series.role, series.label, x, y))
        return found

    def edges(self) -> list[Curve]:
        """Give the band's low, high and middle, or nothing."""
        if self.band is None:
            return []
        numbers = (self.band.xs, self.band.low, self.band.high, self.band.middle)
        table = np.array(numbers, np.float64)
        x, *edges = table[:, np.isfinite(table).all(axis=0)]
        return [Curve("median", "", x, edge) for edge in edges] if x.size else []


def round_step(span: float, most: int, *, whole: bool = False) -> float:
    """Give the least round step that covers the span in at most so many steps."""
    power = 10.0 ** math.floor(math.log10(span / most))
    power = max(power, 1.0) if whole else power
    steps = (power * multiple for multiple in (1, 2, 2.5, 5, 10))
    return next(s for s in steps if s * most > span * 0.999 and not (whole and s % 1))


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """List the multiples of a round step from low to high, about `most` of them."""
    step = round_step(high - low, most, whole=whole)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """List values whose distances from 1 are round, from low to high, below 1."""
    first, last = math.ceil(math.log10(1 - low)), math.floor(math.log10(1 - high))
    found: list[float] = []
    for parts in ((5, 2, 1), (3, 1), (1,)):
        errors = [part * 10.0**p for p in range(first, last - 1, -1) for part in parts]
        found = [round(1 - e, 12) for e in errors if low <= round(1 - e, 12) <= high]
        if len(found) < 2:
            return ticks(low, high, most)
        if len(found) <= most + 1:
            break
    return found[:: math.ceil(len(found) / (most + 1))]


def percents(values: Sequence[float]) -> list[str]:
    """Write fractions as percentages, with the decimals that tell them apart."""
    exact = (
        decimals
        for decimals in range(6)
        if all(abs(100 * v - round(100 * v, decimals)) < 1e-7 for v in values)
    )
    decimals = next(exact, 6)
    return [f"{value:.{decimals}%}" for value in values]


def y_limits(curves: Sequence[Curve], scale: Scale) -> tuple[float, float]:
    """Choose the lowest and the highest value to show; fractions end at 0 and 1."""
    values = np.concatenate([curve.y for curve in curves])
    low, high = float(values.min()), float(values.max())
    if scale == "log":
        errors = 1 - values[values < 1]
        high = min(high, 1 - float(errors.min()) / 2 if errors.size else 0.999)
        if high - low < LEAST_SPAN:
            low, high = 2 * high - 1, (1 + high) / 2  # twice and half the error
        return low, high
    if scale == "zoom":
        tails = [curve.y[len(curve.y) // 4 :] for curve in curves]
        # A trial that has just begun must not undo the zoom; a chosen one may.
        chosen = [
            tail
            for curve, tail in zip(curves, tails, strict=True)
            if curve.in_focus and curve.role != "running"
        ]
        floors = [np.quantile(tail, 0.1) for tail in (np.concatenate(tails), *chosen)]
        low = float(min(floors))
    if high - low < LEAST_SPAN * max(1, abs(high)):
        low, high = low - (abs(low) / 20 or 0.05), high + (abs(high) / 20 or 0.05)
    step = round_step(high - low, 16)  # a new value then seldom moves all the others
    low = math.floor(low / step + 1e-9) * step
    high = math.ceil(high / step - 1e-9) * step
    fractions = values.min() >= 0 and values.max() <= 1
    return (max(low, 0.0), min(high, 1.0)) if fractions else (low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Where values lie on a canvas, counted in its dots."""

    x: tuple[float, float] = (0, 1)
    y: tuple[float, float] = (0, 1)
    log: bool = False
    left: int
    """Cells before the first curve; the last of them holds the axis."""
    columns: int
    rows: int
    dots: tuple[int, int]

    def across(self, x: npt.ArrayLike) -> Floats:
        """Count dots from the left edge of the canvas."""
        low, high = self.x
        part = (np.asarray(x, np.float64) - low) / (high - low)
        return self.left * self.dots[0] + part * (self.columns * self.dots[0] - 1)

    def down(self, y: npt.ArrayLike) -> Floats:
        """Count dots from the top of the canvas."""
        low, high, values = (self._stretch(each) for each in (*self.y, y))
        return (high - values) / (high - low) * (self.rows * self.dots[1] - 1)

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Give the row and the column of the cell that holds a point, or is nearest."""
        row = round(float(self.down(y))) // self.dots[1]
        column = round(float(self.across(x))) // self.dots[0]
        return max(0, min(row, self.rows - 1)), column

    def _stretch(self, y: npt.ArrayLike) -> Floats:
        """Make equal factors of the error, 1 - y, equally long on a log scale."""
        values = np.asarray(y, np.float64)
        if not self.log:
            return values
        return -np.log10(np.maximum(1 - values, 1 - self.y[1]))
