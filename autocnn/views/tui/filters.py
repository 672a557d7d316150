"""What a table shows: the rows that match a filter, their order, the columns that fit.

To add a suffix of numbers, add its line to SUFFIXES.
"""

import operator
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from rich.cells import cell_len, set_cell_size

from autocnn.errors import did_you_mean

Row = TypeVar("Row")
Spans = list[tuple[str, str]]
"""The pieces of a line: text, and the component class it is drawn in (or nothing)."""

SUFFIXES: Mapping[str, Decimal] = {
    "": Decimal(1),
    "%": Decimal("0.01"),
    "k": Decimal(10**3),
    "m": Decimal(10**6),
    "g": Decimal(10**9),
}
TITLES: Mapping[str, str] = {"time": "seconds", "params": "parameters"}
"""Fields by what stands over their columns."""
PERCENTS = frozenset({"val_accuracy"})
"""Fractions that are shown as percentages: 40 is then 40 %."""
ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
SIGN = r">=|<=|!=|[><=:]"
COMPARISON = re.compile(rf"(?P<field>[^!><=:]*)(?P<sign>{SIGN})(?P<text>.*)")
NUMBER = re.compile(
    r"(?P<digits>[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?)"
    rf"(?P<suffix>{'|'.join(SUFFIXES)})"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    value: float
    tolerance: float
    """Half of the last digit, for 83% is 0.8312 too; 0 for a plain whole number."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word that shall stand in some field."""

    text: str

    def holds(self, fields: Mapping[str, object]) -> bool:
        """Say whether a row with these fields contains it."""
        shown = (str(each).casefold() for each in fields.values() if each is not None)
        return any(self.text in each for each in shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a field shall be."""

    field: str
    sign: str
    """One of ORDERS, or =."""
    text: str
    number: Number | None

    def holds(self, fields: Mapping[str, object]) -> bool:
        """Say whether a row with these fields meets it; an absent field never does."""
        value = fields.get(self.field)
        if value is None:
            return False
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.sign == "=" and str(value).casefold() == self.text
        if self.number is None:
            return False
        if self.sign == "=":
            return abs(value - self.number.value) <= self.number.tolerance
        return ORDERS[self.sign](value, self.number.value)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a row must be to be shown."""

    text: str
    conditions: tuple[tuple[Word | Comparison, bool], ...]
    """Each with whether it shall hold."""

    def matches(self, fields: Mapping[str, object]) -> bool:
        """Say whether a row with these fields is to be shown."""
        return all(each.holds(fields) == wanted for each, wanted in self.conditions)


def parse(text: str, known: Iterable[str]) -> Filter:
    """Read a filter of the known fields, such as ``val>80% optimizer=sgd !plain``.

    Raises ValueError, in one sentence, for what cannot be read.
    """
    fields = {name.casefold(): name for name in known}
    words = re.sub(rf"\s*({SIGN})\s*", r"\1", text.casefold()).split()
    return Filter(text, tuple(_condition(word, fields) for word in words))


def read_number(text: str) -> Number | None:
    """Read ``0.8``, ``80%``, ``1e-3`` or ``1.5m``; anything else is None."""
    match = NUMBER.fullmatch(text)
    if match is None:
        return None
    digits, factor = Decimal(match["digits"]), SUFFIXES[match["suffix"]]
    last_digit = factor.scaleb(int(digits.as_tuple().exponent))
    exact = match["digits"].isdecimal() and not match["suffix"]
    return Number(float(digits * factor), 0.0 if exact else float(last_digit) / 2)


def _condition(
    written: str, fields: Mapping[str, str]
) -> tuple[Word | Comparison, bool]:
    word = written.removeprefix("!")
    wanted = word == written
    if not word:
        raise ValueError("'!' turns the word after it round, and there is none")
    if re.fullmatch(r"#\d+", word) and "trial" in fields:
        word = f"trial={word[1:]}"
    match = COMPARISON.fullmatch(word)
    if match is None:
        return Word(word), wanted
    field, sign, text = (
        _field(match["field"], word, fields),
        match["sign"],
        match["text"],
    )
    number = read_number(text)
    if field in PERCENTS and number is not None and number.value > 1:
        number = read_number(f"{text}%")
    if not text:
        raise ValueError(
            f"'{word}' lacks a value: write e.g. epochs<5 or status:pruned"
        )
    if sign in ORDERS and number is None:
        raise ValueError(
            f"'{text}' in '{word}' is not a number: write e.g. 5, 0.8, 80% or 1.5M"
        )
    equal = Comparison(
        field=field, sign=sign if sign in ORDERS else "=", text=text, number=number
    )
    return equal, wanted != (sign == "!=")


def _field(name: str, word: str, fields: Mapping[str, str]) -> str:
    if not name:
        raise ValueError(
            f"'{word}' lacks a field: write e.g. epochs<5 or status:pruned"
        )
    name = TITLES.get(name, name) if TITLES.get(name) in fields else name
    if name in fields:
        return fields[name]
    meant = [full for lower, full in fields.items() if lower.startswith(name)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise ValueError(
            f"'{name}' in '{word}' can be {' or '.join(meant)}: write more of it"
        )
    raise ValueError(
        f"there is no field '{name}': {did_you_mean(name, fields.values())}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[Row]):
    """What a table shows of a row, and how."""

    name: str
    title: str
    width: int
    """The fewest cells it gets, or those of its title if they are more."""
    text: Callable[[Row], str]
    key: Callable[[Row], Any] | None = None
    """What it sorts by; rows where that is None or NaN always come last."""
    descending: bool = True
    """Whether the greatest come first when it is sorted by for the first time."""
    right: bool = False
    style: Callable[[Row], str] | None = None
    """One of best, running, pruned, failed, dim, marked, or nothing."""
    priority: int = 0
    """Where room is short, the column with the lowest goes first."""
    stretch: bool = False
    """Whether it takes what is left; the first that does takes it all."""


Fitted = list[tuple[Column[Row], int, int]]
"""Columns, the cells that each one has, and the space after it."""


def fit(columns: Sequence[Column[Row]], width: int) -> Fitted[Row]:
    """Choose the columns for `width` cells, with their cells and the space after them.

    The space is two cells, but only one where a column would have to go for it.
    """
    chosen = list(columns)
    cells = {each.name: max(each.width, cell_len(each.title)) for each in chosen}
    while len(chosen) > 1 and sum(cells[each.name] + 1 for each in chosen) > width:
        chosen.remove(min(reversed(chosen), key=lambda each: each.priority))
    least = sum(cells[each.name] for each in chosen)
    space = 2 if least + 2 * len(chosen) <= width else 1
    left = width - least - space * len(chosen)
    for each in chosen:
        if left < 0 or each.stretch:
            cells[each.name] = max(1, cells[each.name] + left)
            left = 0
    return [(each, cells[each.name], space) for each in chosen]


def cell(text: str, width: int, *, right: bool = False, more: str = "…") -> str:
    """Write a text in exactly `width` cells, ending in `more` if it was cut."""
    if not text.isprintable():  # a line break would tear the screen
        text = "".join(each if each.isprintable() else " " for each in text)
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1).rstrip() + more
    blank = " " * (width - cell_len(text))
    return blank + text if right else text + blank


def centered(text: str, width: int, height: int) -> list[str]:
    """Put the lines of a text in the middle of `height` lines."""
    lines = [" " * ((width - cell_len(line)) // 2) + line for line in text.splitlines()]
    above = (height - len(lines)) // 2
    return ([" "] * above + lines + [" "] * height)[:height]


def titles(columns: Fitted[Row], sorted_by: str, sign: str) -> str:
    """Write the header; the sign stands right after the title that is sorted by."""
    line = ""
    for column, cells, space in columns:
        mark = sign if column.name == sorted_by else ""
        if column.right:
            line += cell(column.title, cells, right=True) + cell(mark, space)
        else:
            line += cell(column.title + mark, cells + space)
    return line


def written(row: Row, columns: Fitted[Row], more: str) -> Spans:
    """Write a row; neighbors of one style are one piece if they are ASCII.

    Others stay apart, for in a picture of the screen each piece begins at its place:
    a font that lacks a sign then shifts that cell only.
    """
    spans: Spans = []
    for column, cells, space in columns:
        text = cell(column.text(row), cells, right=column.right, more=more)
        text += " " * space
        style = column.style(row) if column.style else ""
        if spans and spans[-1][1] == style and (spans[-1][0] + text).isascii():
            text = spans.pop()[0] + text
        spans.append((text, style))
    return spans


def sort_keys(
    rows: Mapping[Hashable, Row], key: Callable[[Row], Any] | None
) -> dict[Hashable, Any]:
    """Compute what each row sorts by; None is nothing, and so is NaN."""
    if key is None:
        return dict.fromkeys(rows)
    keys = {each: key(row) for each, row in rows.items()}
    return keys | {each: None for each, value in keys.items() if value != value}


def arranged(keys: Mapping[Hashable, Any], *, descending: bool) -> list[Hashable]:
    """Order identities by their keys; those without one come last either way."""
    known = [each for each, key in keys.items() if key is not None]
    known.sort(key=keys.__getitem__, reverse=descending)
    return known + [each for each, key in keys.items() if key is None]
