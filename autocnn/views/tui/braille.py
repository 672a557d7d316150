"""Dots on a canvas of cells, and sparklines for the rows of a table."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len

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
