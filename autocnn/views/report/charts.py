"""Plots as SVG that needs no script: two axes, and marks between them.

Colors and sizes are classes of charts.css, so a plot follows its reader's light or dark
screen, and prints. `alone` makes a file of one that stands for itself.
"""

import functools
import html
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autocnn.names import printable
from autocnn.views.tui.axes import percents, ticks

WIDTH, HEIGHT = 860.0, 350.0
LEFT, RIGHT, TOP, BOTTOM = 70.0, 20.0, 30.0, 58.0
ILLEGAL = re.compile("[\ufffe\uffff]")
"""What no SVG may hold, beside what `printable` writes out."""
MOST_NAMED = 8
"""Values of a level axis."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A line of values: where it begins and ends, and which of them are named."""

    low: float
    high: float
    named: Sequence[tuple[float, str]]
    label: str = ""
    log: bool = False

    def share(self, value: float) -> float:
        """Say where a value lies, 0 at the low end and 1 at the high one."""
        low, high, value = (
            (math.log10(each) if self.log else each)
            for each in (self.low, self.high, value)
        )
        return (value - low) / ((high - low) or 1.0)


@dataclass(frozen=True, slots=True)
class Plane:
    """Where on the picture values lie."""

    x: Axis
    y: Axis

    def across(self, value: float) -> float:
        """Count from the left edge."""
        return LEFT + self.x.share(value) * (WIDTH - LEFT - RIGHT)

    def down(self, value: float) -> float:
        """Count from the top; what lies below the axis is drawn at it."""
        share = min(1.0, max(0.0, self.y.share(value)))
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)

    def points(self, points: Iterable[Point]) -> str:
        """Write points as SVG does."""
        return " ".join(f"{self.across(x):.1f},{self.down(y):.1f}" for x, y in points)


Mark = Callable[[Plane], str]
"""Draws something on a plane."""


def chart(x: Axis, y: Axis, marks: Iterable[Mark], *, says: str) -> str:
    """Draw marks between two axes, the first one at the bottom of the pile.

    `says` is for those who do not see it.
    """
    plane = Plane(x, y)
    inner = "".join([*_grid(plane), *(mark(plane) for mark in marks)])
    return svg(WIDTH, HEIGHT, inner, says=says)


def svg(width: float, height: float, inner: str, *, says: str, look: str = "") -> str:
    """Put a picture together."""
    return (
        f'<svg class="chart {look}" width="{width:g}" role="img" '
        f'viewBox="0 0 {width:g} {height:g}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escaped(says)}</title>{inner}</svg>"
    )


def alone(picture: str) -> str:
    """Give an SVG its own looks and ground, so that any viewer can show the file."""
    ground = '<rect class="ground" width="100%" height="100%"/>'
    start, end = picture.split("</title>", 1)
    return f"{start}</title><style>{looks()}</style>{ground}{end}"


@functools.cache
def looks() -> str:
    """Read the looks of all plots."""
    return Path(__file__).with_name("charts.css").read_text("utf-8")


def fractions(low: float, high: float, label: str) -> Axis:
    """Make an axis of fractions, named as percentages."""
    values = ticks(low, high, 6)
    named = tuple(zip(values, percents(values), strict=True))
    return Axis(low=low, high=high, named=named, label=label)


def numbers(low: float, high: float, label: str, *, whole: bool = False) -> Axis:
    """Make an axis of numbers that are evenly spaced."""
    values = ticks(low, high, MOST_NAMED, whole=whole) if high > low else [low]
    named = tuple((value, f"{value:g}") for value in values)
    return Axis(low=low, high=high, named=named, label=label)


def powers(low: float, high: float, label: str, write: Callable[[float], str]) -> Axis:
    """Make an axis on which equal factors are equally long."""
    low, high = low / 1.1, high * 1.1
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = [10.0**power for power in range(first, last + 1)]
    tried = [
        [part * ten for ten in decades for part in parts if low <= part * ten <= high]
        for parts in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
    ]
    values = next((each for each in tried if len(each) <= MOST_NAMED), tried[-1])
    named = tuple((value, write(value)) for value in values)
    return Axis(low=low, high=high, named=named, label=label, log=True)


def line(points: Sequence[Point], look: str, title: str = "") -> Mark:
    """Draw a line through points."""

    def draw(plane: Plane) -> str:
        path = plane.points(points)
        return f'<polyline class="line {look}" points="{path}">{_tip(title)}</polyline>'

    return draw


def steps(points: Sequence[Point], until: float, look: str) -> Mark:
    """Draw a line that stays where it is until the next point."""
    corners: list[Point] = []
    for x, y in points:
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    if corners:
        corners.append((until, corners[-1][1]))
    return line(corners, look)


def area(xs: Sequence[float], low: Sequence[float], high: Sequence[float]) -> Mark:
    """Fill what lies between two lines."""
    edge = [*zip(xs, high, strict=True), *reversed([*zip(xs, low, strict=True)])]
    return lambda plane: f'<polygon class="area" points="{plane.points(edge)}"/>'


def dot(point: Point, look: str, title: str = "", *, size: float = 3.5) -> Mark:
    """Draw a dot that says what it is when it is pointed at.

    One that lies below the axis is an arrow that points there.
    """

    def draw(plane: Plane) -> str:
        x, y = plane.across(point[0]), plane.down(point[1])
        if plane.y.share(point[1]) < 0:
            arrow = f"M{x - size:.1f},{y - 2 * size:.1f}h{2 * size:g}L{x:.1f},{y:.1f}z"
            return f'<path class="dot {look}" d="{arrow}">{_tip(title)}</path>'
        return (
            f'<circle class="dot {look}" cx="{x:.1f}" cy="{y:.1f}" r="{size:g}">'
            f"{_tip(title)}</circle>"
        )

    return draw


def upright(x: float, label: str) -> Mark:
    """Draw a line from top to bottom, named at its foot."""

    def draw(plane: Plane) -> str:
        at, floor = plane.across(x), HEIGHT - BOTTOM
        return (
            f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP:g}" '
            f'y2="{floor:g}"/>'
            f'<text class="small" x="{at + 5:.1f}" y="{floor - 7:g}">'
            f"{escaped(label)}</text>"
        )

    return draw


def word(point: Point, text: str, look: str, *, before: bool = False) -> Mark:
    """Write something beside a point: after it if there is room, and not `before`."""

    def draw(plane: Plane) -> str:
        x, y = plane.across(point[0]), plane.down(point[1])
        ends = before or x > WIDTH * 0.8
        anchor, shift = ("end", -8) if ends else ("start", 8)
        return (
            f'<text class="word {look}" x="{x + shift:.1f}" y="{y - 7:.1f}" '
            f'text-anchor="{anchor}">{escaped(text)}</text>'
        )

    return draw


def _grid(plane: Plane) -> Iterable[str]:
    """Draw the axes with their names."""
    floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value, text in plane.y.named:
        y = plane.down(value)
        yield (
            f'<line class="grid" x1="{LEFT:g}" x2="{right:g}" y1="{y:.1f}" '
            f'y2="{y:.1f}"/><text x="{LEFT - 8:g}" y="{y:.1f}" dy="0.35em" '
            f'text-anchor="end">{escaped(text)}</text>'
        )
    for value, text in plane.x.named:
        yield (
            f'<text x="{plane.across(value):.1f}" y="{floor + 22:g}" '
            f'text-anchor="middle">{escaped(text)}</text>'
        )
    yield (
        f'<line class="axis" x1="{LEFT:g}" x2="{right:g}" y1="{floor:g}" '
        f'y2="{floor:g}"/>'
        f'<text class="label" x="{right:g}" y="{HEIGHT - 8:g}" text-anchor="end">'
        f"{escaped(plane.x.label)}</text>"
    )


def escaped(text: str) -> str:
    """Write a text so that it is nothing but text."""
    return html.escape(
        ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", printable(text, lines=True))
    )


def _tip(title: str) -> str:
    return f"<title>{escaped(title)}</title>" if title else ""
