"""What a report is made of: sections of blocks, which each renderer writes in its way.

All texts are plain: a renderer escapes them.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; a lead says what its section comes to."""

    text: str
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure that is to be seen at once."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A few of them, side by side."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A cell that shows how large the number beside it is."""

    share: float
    """Of the longest bar, 0 to 1."""


Cell = str | Bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under the names of their columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    right: Collection[str] = ()
    """The columns of numbers."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture that is drawn already, as SVG with the looks of charts.css."""

    svg: str
    caption: str
    keys: tuple[tuple[str, str], ...] = ()
    """What its colors mean: a look, and what it stands for."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure of plotly's, as JSON: the reader may point at it and zoom."""

    json: str
    caption: str
    width: int
    """Pixels below which it is scrolled, not squeezed."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of the data, and what was said of it."""

    source: str
    """As a data URI; empty if it is not there."""
    name: str
    truth: str
    label: str
    probability: str


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures side by side."""

    pictures: tuple[Picture, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to be copied; long ones are folded under their title."""

    text: str
    title: str = ""


Block = Text | Facts | Table | Figure | Plot | Gallery | Code


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter of a report."""

    key: str
    """Its address in the document."""
    title: str
    blocks: tuple[Block, ...]
