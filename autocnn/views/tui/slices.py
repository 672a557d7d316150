"""One parameter's values against val accuracy: a dot for each trial."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autocnn.views.tables import accuracy
from autocnn.views.tui.axes import Axes, Curve, percents, ticks, y_limits
from autocnn.views.tui.braille import Canvas, Line
from autocnn.views.tui.drawn import Drawn, Group, number
from autocnn.views.tui.plot import SMALLEST, Picture, Plot

FLOOR = 0.05
"""So many of the trials may lie below the plot: a few that learned nothing."""
FEW_DOTS = 400
"""So many dots are drawn twice as thick."""
LEVEL, ASCII_LEVEL = "━", "="
LEFT = len("median ")
SLOT = len("83.1% ")
"""The cells that a choice needs for its accuracies."""


class Slice(Plot):
    """The dots of one parameter; those of the best quarter stand out."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._subject: Drawn | None = None

    def show_values(self, drawn: Drawn | None) -> None:
        """Show another parameter, or the same one in more trials."""
        if drawn is not self._subject:
            self._subject = drawn
            self.refresh()

    def _wanted(self) -> tuple[object, ...]:
        return (self._subject, *super()._wanted())

    def _draw(self) -> list[Line]:
        if self._subject is None:
            return super()._draw()
        canvas = Canvas(*self.size, ascii_only=self.ascii_only)
        height, width = canvas.codes.shape
        if width >= SMALLEST[0] and height >= SMALLEST[1]:
            draw(self._subject, canvas)
        self._lines, self._drawn = [*canvas.lines()], self._wanted()
        return self._lines


def draw(drawn: Drawn, canvas: Canvas) -> None:
    """Draw the dots over an axis of numbers, or over choices side by side."""
    height, width = canvas.codes.shape
    groups = drawn.groups()
    feet = _feet(len(groups), height, width)
    rows = height - 1 - feet
    floor = float(np.quantile(drawn.scores, FLOOR))
    scores = np.maximum(drawn.scores, floor)
    low, high = y_limits([Curve("best", "", scores, scores)], "full")
    values = ticks(low, high, max(1, rows // 3))
    texts = percents(values)
    left = max(len(text) for text in texts) + 1
    left = max(left, LEFT) if feet > 1 else left
    x = drawn.stretch(drawn.limits)
    margin = 0.5 if groups or x[0] == x[1] else 0.0
    axes = Axes(
        x=(x[0] - margin, x[1] + margin),
        y=(low, high),
        left=left,
        columns=width - left,
        rows=rows,
        dots=canvas.dots,
    )
    picture = Picture(canvas, axes)
    picture.frame()
    picture.y_ticks(values, texts)
    _dots(drawn, picture)
    if groups:
        _name_groups(drawn, groups, picture, feet)
    else:
        _number_axis(drawn, picture)


def _feet(choices: int, height: int, width: int) -> int:
    """Say how many lines go below the axis."""
    wide = choices and (width - LEFT) // choices >= SLOT
    return 4 if wide and height >= 14 else 2 if wide and height >= 8 else 1


def _dots(drawn: Drawn, picture: Picture) -> None:
    axes = picture.axes
    places = drawn.stretch(drawn.numbers)
    if drawn.choices:  # side by side, in the order of the trials
        places = places + (np.arange(places.size) * 0.618 % 1 - 0.5) * 0.6
    columns = np.rint(axes.across(places)).astype(int)
    bottom = axes.rows * axes.dots[1] - 1
    rows = np.clip(np.rint(axes.down(drawn.scores)), 0, bottom).astype(int)
    few = drawn.numbers.size <= FEW_DOTS and not picture.canvas.ascii_only
    thick = 2 if few else 1
    right = picture.canvas.width * axes.dots[0] - 1
    for best, role in ((False, "context"), (True, "best")):
        chosen = drawn.best == best
        square = np.mgrid[:thick, :thick].reshape(2, -1, 1)
        across = np.minimum(columns[chosen] + square[0], right)
        down = np.minimum(rows[chosen] + square[1], bottom)
        picture.canvas.paint(across.ravel(), down.ravel(), role)
    below = picture.canvas.glyphs.below
    for column in set(columns[drawn.scores < axes.y[0]] // axes.dots[0]):
        picture.canvas.write(axes.rows - 1, int(column), below, "context", over="axis")


def _number_axis(drawn: Drawn, picture: Picture) -> None:
    """Name values on the axis; a thick line is where the best quarter lies."""
    axes, canvas = picture.axes, picture.canvas
    edges, free = drawn.quarter(), 0
    if edges is not None:
        ends = [axes.cell(x, axes.y[0])[1] for x in drawn.stretch(edges)]
        level = ASCII_LEVEL if canvas.ascii_only else LEVEL
        line = level * (ends[1] - ends[0] + 1)
        canvas.write(axes.rows, ends[0], line, "best", over="axis")
    for value in _ticks(drawn, max(1, axes.columns // 10)):
        _, column = axes.cell(float(drawn.stretch(value)), axes.y[0])
        # Three digits would write evenly spaced numbers unevenly: 0.82, 0.85, 0.88.
        exact = not drawn.log and abs(value) >= 0.001
        text = f"{value:.6g}" if exact else number(value)
        start = min(column - len(text) // 2, canvas.width - len(text))
        if start >= free and canvas.write(axes.rows + 1, start, text, "axis"):
            canvas.write(axes.rows, column, canvas.glyphs.x_tick, "axis", over="axis")
            free = start + len(text) + 1


def _ticks(drawn: Drawn, most: int) -> Sequence[float]:
    """List round values between the limits."""
    low, high = drawn.limits
    if low == high:
        return [low]
    if not drawn.log:
        return ticks(low, high, most, whole=bool((drawn.numbers % 1 == 0).all()))
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for parts in ((1, 2, 5), (1, 3), (1,)):
        values = [part * 10.0**power for power in powers for part in parts]
        found = [v for v in values if low * 0.999 <= v <= high * 1.001]
        if len(found) <= most:
            break
    return found or [low, high]


def _name_groups(
    drawn: Drawn, groups: Sequence[Group], picture: Picture, feet: int
) -> None:
    """Write below each choice how its trials did."""
    axes, canvas = picture.axes, picture.canvas
    slot = axes.columns // len(drawn.choices)
    lines = [("", [group.name for group in groups])]
    if feet > 1:
        lines.append(("median", [accuracy(group.median) for group in groups]))
    if feet > 2:
        lines.append(("best", [accuracy(group.best) for group in groups]))
        lines.append(("trials", [str(group.trials) for group in groups]))
    places = [drawn.choices.index(group.name) for group in groups]
    top = max(group.median for group in groups)
    for row, (title, texts) in enumerate(lines, start=axes.rows + 1):
        canvas.write(row, axes.left - 1 - len(title), title, "axis")
        for group, place, text in zip(groups, places, texts, strict=True):
            _, column = axes.cell(place, axes.y[0])
            shown = text if len(text) < slot else text[: max(1, slot - 2)] + "…"
            role = "best" if group.median == top else "axis"
            canvas.write(row, column - len(shown) // 2, shown, role)
