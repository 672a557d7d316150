"""Learning curves in Braille dots: a plot, and sparklines for the rows of a table."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

Role = Literal["best", "running", "selected", "context", "a", "b", "c", "d"]
Scale = Literal["zoom", "full", "log"]
Floats = npt.NDArray[np.float64]
Line = list[tuple[str, str]]
"""The runs of a line of cells: their text and their role."""

LOOKS = {  # of each role; a text covers only roles up to one that it names
    "": "",
    "band": "color: $text-disabled;",
    "mark": "color: $text-disabled;",
    "context": "color: $text-muted; text-style: dim;",
    "median": "color: $text-muted;",
    "axis": "color: $text-muted;",
    "running": "color: $primary;",
    "best": "color: $success; text-style: bold;",
    "selected": "color: $foreground; text-style: bold;",
    "a": "color: $success;",
    "b": "color: $primary;",
    "c": "color: $warning;",
    "d": "color: $secondary;",
}
ROLES = list(LOOKS)
FOCUS = ROLES.index("running")  # the first role that stands out of the crowd
DASHES = {"b": "1111111000", "c": "100", "d": "11111110001000"}
BITS = np.array([[1, 8], [2, 16], [4, 32], [64, 128]]) | 0x2800  # Braille in Unicode
ASCII_LEVELS = "_.-'"
SMALLEST = (10, 4)  # cells across and down; less shows nothing
LEAST_COLUMNS = 4
LEAST_SPAN = 1e-9  # of values; below that all are equal
LONGEST_LABEL = 12


class Glyphs(NamedTuple):
    """What axes are made of."""

    upright: str
    y_tick: str
    corner: str
    level: str
    x_tick: str
    mark: str
    below: str
    """Points to a curve that is too low to be seen."""


GLYPHS, ASCII_GLYPHS = Glyphs(*"│┤└─┬┊▾"), Glyphs(*"|++-+:v")


def dots(
    values: Sequence[float],
    width: int,
    low: float,
    high: float,
    total: int,
    *,
    ascii_only: bool = False,
) -> str:
    """Draw values as one row of `width` cells, four levels high.

    The whole width stands for `total` values, so that rows share one scale.
    """
    known = np.array(values, np.float64)
    finite = np.flatnonzero(np.isfinite(known))
    if not finite.size or width < 1:
        return " " * width
    across = 1 if ascii_only else 2
    samples = np.arange(-(-known.size * width * across // max(known.size, total)))
    at = (samples + 1) * known.size / samples.size - 1
    heights = (np.interp(at, finite, known[finite]) - low) / ((high - low) or 1)
    levels = np.clip(np.floor(heights * 4), 0, 3).astype(int)
    if ascii_only:
        return "".join(ASCII_LEVELS[level] for level in levels).ljust(width)
    cells = np.zeros(width, int)
    np.bitwise_or.at(cells, samples // 2, BITS[3 - levels, samples % 2])
    return "".join(chr(cell or ord(" ")) for cell in cells)


class Canvas:
    """The cells of a plot; what is put on it later covers what was there."""

    def __init__(self, width: int, height: int, *, ascii_only: bool) -> None:
        self.width = width
        self.codes = np.full((height, width), ord(" "))
        self.roles = np.zeros((height, width), int)
        self.ascii_only = ascii_only
        self.glyphs = ASCII_GLYPHS if ascii_only else GLYPHS
        self.dots = (1, 1) if ascii_only else (2, 4)  # in a cell, across and down

    def paint(self, column: npt.ArrayLike, row: npt.ArrayLike, role: str) -> None:
        """Put dots on; within a cell they join only other dots of the context."""
        across, down = np.asarray(column, int), np.asarray(row, int)
        code = ROLES.index(role)
        bits = BITS[down % 4, across % 2]
        if self.ascii_only:
            bits = np.full_like(bits, ord("*" if code >= FOCUS else "."))
        layer = np.zeros_like(self.codes)
        np.bitwise_or.at(layer, (down // self.dots[1], across // self.dots[0]), bits)
        hit = layer > 0
        if role == "context":
            layer |= np.where(self.roles == code, self.codes, 0)
        self.codes[hit], self.roles[hit] = layer[hit], code

    def stroke(self, x: Floats, y: Floats, bottom: int, role: str) -> None:
        """Draw a line through points in dots, as far as it lies in rows 0 to bottom."""
        ends = np.rint(x)
        column = np.arange(ends[0], ends[-1] + 1, dtype=int)
        row = np.rint(np.clip(np.interp(column, ends, y), -1, bottom + 1)).astype(int)
        before = np.concatenate([row[:1], row[:-1]])
        first = np.where(before < row, before + 1, row)  # a steep line fills its column
        lengths = np.where(before > row, before - row, row - first + 1)
        column, row = np.repeat(column, lengths), np.repeat(first, lengths)
        row += np.arange(row.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        shown = (row >= 0) & (row <= bottom)
        if role in DASHES:
            shown &= np.resize([dash == "1" for dash in DASHES[role]], row.size)
        column, row = column[shown], row[shown]
        if role == "selected":  # twice as thick
            column = np.concatenate([column, column])
            row = np.concatenate([row, np.minimum(row + 1, bottom)])
        self.paint(column, row, role)

    def write(
        self, row: int, column: int, text: str, role: str, over: str = ""
    ) -> bool:
        """Write a text if it fits and covers no role that stands after `over`."""
        end = column + len(text)
        if column < 0 or end > self.width or cell_len(text) != len(text):
            return False
        if self.roles[row, column:end].max(initial=0) > ROLES.index(over):
            return False
        self.codes[row, column:end] = [ord(letter) for letter in text]
        self.roles[row, column:end] = ROLES.index(role)
        return True

    def write_first(
        self, rows: Iterable[int], column: int, text: str, role: str
    ) -> None:
        """Write a text in the first of the rows where it hides no line in focus."""
        any(self.write(row, column, text, role, over="median") for row in rows)

    def lines(self) -> Iterator[Line]:
        """Give the runs of each line."""
        for codes, roles in zip(self.codes.tolist(), self.roles, strict=True):
            text = "".join(map(chr, codes))
            edges = [0, *(np.flatnonzero(np.diff(roles)) + 1).tolist(), len(text)]
            yield [(text[a:b], ROLES[roles[a]]) for a, b in pairwise(edges) if a < b]


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
    """Choose the lowest and the highest value to show."""
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
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


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
    values = (log_ticks if scale == "log" else ticks)(low, high, max(1, rows // 3))
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
