"""Learning curves in Braille dots: the plot and its widget."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, get_args

import numpy as np
from rich.segment import Segment
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from autocnn.views.tui.axes import (
    Axes,
    Band,
    Curve,
    Data,
    Role,
    Scale,
    Series,
    log_ticks,
    percents,
    ticks,
    y_limits,
)
from autocnn.views.tui.braille import LOOKS, ROLES, Canvas, Line, dots

__all__ = ["Band", "Plot", "Role", "Scale", "Series", "dots"]

SMALLEST = (10, 4)  # cells across and down; less shows nothing
LEAST_COLUMNS = 4
LONGEST_LABEL = 12


@dataclass(frozen=True, slots=True)
class Picture:
    """A canvas with axes on it."""

    canvas: Canvas
    axes: Axes

    def frame(self) -> None:
        """Draw both axes without ticks."""
        glyphs, axes = self.canvas.glyphs, self.axes
        for row in range(axes.rows):
            self.canvas.write(row, axes.left - 1, glyphs.upright, "axis")
        lower = glyphs.corner + glyphs.level * axes.columns
        self.canvas.write(axes.rows, axes.left - 1, lower, "axis")

    def y_ticks(self, values: Sequence[float], texts: Sequence[str]) -> None:
        """Mark values on the left axis, at most one in a row."""
        axes, canvas = self.axes, self.canvas
        at = [axes.cell(axes.x[0], value)[0] for value in values]
        for row, text in dict(zip(at, texts, strict=True)).items():
            column = axes.left - 1
            canvas.write(row, column - len(text), text, "axis")
            canvas.write(row, column, canvas.glyphs.y_tick, "axis", over="axis")

    def x_ticks(self, values: Sequence[float], label: str) -> None:
        """Mark values on the lower axis, and name it where there is room."""
        axes, canvas = self.axes, self.canvas
        free = axes.left - 1
        if 0 < len(label) < axes.left:
            canvas.write(axes.rows + 1, free - len(label), label, "axis")
            free += 1
        for value in values:
            _, column = axes.cell(value, axes.y[0])
            text = f"{value:g}"
            start = min(column - len(text) // 2, canvas.width - len(text))
            if start >= free and canvas.write(axes.rows + 1, start, text, "axis"):
                tick = canvas.glyphs.x_tick
                canvas.write(axes.rows, column, tick, "axis", over="axis")
                free = start + len(text) + 1

    def fill(self, low: Curve, high: Curve) -> None:
        """Strew dots between two lines."""
        axes = self.axes
        x = np.rint(axes.across(low.x))
        row, column = np.mgrid[: axes.rows * axes.dots[1], int(x[0]) : int(x[-1]) + 1]
        bottom, top = (np.interp(column[0], x, axes.down(c.y)) for c in (low, high))
        inside = (row >= top) & (row <= bottom) & ((column + 2 * row) % 4 == 0)
        self.canvas.paint(column[inside], row[inside], "band")

    def line(self, curve: Curve) -> None:
        """Draw a curve."""
        axes = self.axes
        x, y = axes.across(curve.x), axes.down(curve.y)
        self.canvas.stroke(x, y, axes.rows * axes.dots[1] - 1, curve.role)

    def mark(self, x: float) -> None:
        """Draw a dotted upright."""
        _, column = self.axes.cell(x, self.axes.y[0])
        for row in range(self.axes.rows):
            self.canvas.write(row, column, self.canvas.glyphs.mark, "mark", over="band")

    def name_mark(self, x: float, label: str) -> None:
        """Write beside the foot of a mark, where no line in focus runs."""
        _, column = self.axes.cell(x, self.axes.y[0])
        rows = range(self.axes.rows - 1, -1, -1)[:3]
        self.canvas.write_first(rows, column + 1, label, "mark")

    def name_curve(self, curve: Curve) -> None:
        """Write beside the end of a curve, or point to one that is below the axes."""
        axes, canvas = self.axes, self.canvas
        row, column = axes.cell(curve.x[-1], curve.y[-1])
        if curve.y.max() < axes.y[0]:
            canvas.write(row, column, canvas.glyphs.below, curve.role, over="median")
        label = curve.label[:LONGEST_LABEL]
        start = min(column + 2, canvas.width - len(label))
        near = sorted(range(axes.rows), key=lambda other: abs(other - row))[:3]
        canvas.write_first(near, start, label, curve.role)


def fit(data: Data, curves: Sequence[Curve], canvas: Canvas, scale: Scale) -> Picture:
    """Put axes on a canvas that suit the curves, with their ticks."""
    height, width = canvas.codes.shape
    rows = height - 2
    low, high = y_limits(curves, scale)
    values = (log_ticks if scale == "log" else ticks)(low, high, max(3, rows // 3))
    y_format = data.y_format
    texts = [y_format(v) for v in values] if y_format else percents(values)
    left = max(len(text) for text in [*texts, data.x_label]) + 1
    left = left if width - left >= LEAST_COLUMNS else 1
    named = max(len(c.label[:LONGEST_LABEL]) if c.in_focus else 0 for c in curves)
    right = named + 1 if named and width - left > 4 * named else 0
    xs = np.concatenate([curve.x for curve in curves])
    first, last = float(xs.min()), max(float(xs.max()), data.x_high or -math.inf)
    first, last = (first, last) if first < last else (first - 0.5, last + 0.5)
    axes = Axes(
        x=(first, last),
        y=(low, high),
        log=scale == "log",
        left=left,
        columns=width - left - right,
        rows=rows,
        dots=canvas.dots,
    )
    picture = Picture(canvas, axes)
    picture.frame()
    picture.y_ticks(values, texts)
    whole = bool((xs == np.rint(xs)).all())
    epochs = ticks(first, last, max(1, axes.columns // 8), whole=whole)
    picture.x_ticks(epochs, data.x_label)
    return picture


def draw(data: Data, canvas: Canvas, scale: Scale, hint: str) -> None:
    """Draw the data on axes that fit them, or the hint where there are none."""
    height, width = canvas.codes.shape
    curves, edges = data.curves(), data.edges()
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return
    if not curves and not edges:
        axes = Axes(left=1, columns=width - 1, rows=height - 2, dots=canvas.dots)
        Picture(canvas, axes).frame()
        text = hint[: width - 2]
        canvas.write((height - 2) // 2, (width - len(text) + 1) // 2, text, "axis")
        return
    picture = fit(data, [*edges, *curves], canvas, scale)
    left, right = picture.axes.x
    marks = [(x, label) for x, label in data.marks if left <= x <= right]
    focus = [curve for curve in curves if curve.in_focus]
    crowd = [curve for curve in curves if not curve.in_focus]
    if edges:
        picture.fill(*edges[:2])
    for x, _ in marks:
        picture.mark(x)
    for curve in (*crowd, *edges[2:], *focus):
        picture.line(curve)
    for curve in reversed(focus):
        picture.name_curve(curve)
    for x, label in marks:
        picture.name_mark(x, label)


class Plot(Widget):
    """Curves over epochs; `show` sets them and repaints only the lines that change."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"plot--{role}" for role in ROLES[1:]}
    DEFAULT_CSS = "Plot { width: 1fr; height: 1fr; }\n" + "\n".join(
        f"Plot .plot--{role} {{ {look} }}" for role, look in LOOKS.items() if role
    )

    y_scale: reactive[Scale] = reactive[Scale]("zoom")
    hint: reactive[str] = reactive("")
    """What to say while there is nothing to draw."""
    ascii_only: reactive[bool] = reactive(False)

    def __init__(
        self,
        *,
        hint: str = "",
        ascii_only: bool = False,
        id: str | None = None,  # noqa: A002  Textual's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(Plot.hint, hint)
        self.set_reactive(Plot.ascii_only, ascii_only)
        self._data = Data()
        self._lines: list[Line] = []
        self._drawn: tuple[object, ...] = ()

    def next_scale(self) -> None:
        """Stretch the y axis in the next way."""
        scales: Sequence[Scale] = get_args(Scale)
        self.y_scale = scales[(scales.index(self.y_scale) + 1) % len(scales)]

    def show(
        self,
        series: Sequence[Series],
        band: Band | None = None,
        marks: Sequence[tuple[float, str]] = (),
        *,
        x_label: str = "",
        x_high: float | None = None,
        y_format: Callable[[float], str] | None = None,
    ) -> None:
        """Show these series, the later ones on top, if they are not shown already.

        Marks are uprights, (x, label); the x axis reaches at least to `x_high`.
        Without a `y_format` values are fractions, written as percentages; give the
        same function each time, since a new one is new data.
        """
        data = Data(
            series=tuple(series),
            band=band,
            marks=tuple(marks),
            x_label=x_label,
            x_high=x_high,
            y_format=y_format,
        )
        if data == self._data:
            return
        stale = self._drawn != self._wanted() or not self.is_on_screen
        before, self._data = self._lines, data
        if stale:  # all of it will be drawn when next seen
            self.refresh()
            return
        pairs = zip(before, self._draw(), strict=True)
        rows = [row for row, (old, new) in enumerate(pairs) if old != new]
        if rows:
            self.refresh(*(Region(0, row, self.size.width, 1) for row in rows))

    def render_line(self, y: int) -> Strip:
        """Give a line of the picture in the colors of the theme."""
        lines = self._lines if self._drawn == self._wanted() else self._draw()
        blank = self.rich_style
        if y >= len(lines):
            return Strip.blank(self.size.width, blank)
        styles = {"": blank}
        for role in {role for _, role in lines[y] if role}:
            styles[role] = self.get_component_rich_style(f"plot--{role}")
        return Strip([Segment(text, styles[role]) for text, role in lines[y]])

    def _wanted(self) -> tuple[object, ...]:
        """Tell one picture from another."""
        return (self._data, self.size, self.y_scale, self.hint, self.ascii_only)

    def _draw(self) -> list[Line]:
        """Draw the picture anew and keep it."""
        canvas = Canvas(*self.size, ascii_only=self.ascii_only)
        draw(self._data, canvas, self.y_scale, self.hint)
        self._lines, self._drawn = [*canvas.lines()], self._wanted()
        return self._lines
