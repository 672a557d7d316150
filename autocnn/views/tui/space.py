"""Where the good trials lie: for each parameter, which of its values do well."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution
from textual import on, work
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from autocnn.store.rows import TrialRow
from autocnn.views.tables import accuracy
from autocnn.views.tui.drawn import QUARTER, Drawn, collect, number
from autocnn.views.tui.header import ASCII_ONLY
from autocnn.views.tui.moment import UNDERWAY, Moment
from autocnn.views.tui.panel import Panel
from autocnn.views.tui.table import Column, Table

SECONDS = 2.0
"""It is not worked out more often than this."""
HEIGHTS = "12345678" if ASCII_ONLY else "▁▂▃▄▅▆▇█"
TRIED = "." if ASCII_ONLY else "·"
TOP = 0.75
"""The share of the best quarter from which on a place is drawn full."""
WIDE = 90
"""From so many cells on the ranges are shown too."""
MIDDLE = "best quarter"
LEGEND = (
    f"{HEIGHTS[0]} to {HEIGHTS[-1]}: share in the best quarter, "
    f"{TRIED} none, blank: not tried"
)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One parameter, and what the best trial has."""

    drawn: Drawn
    best: str


class Sorted(Message):
    """The values of all trials were sorted out in the background."""

    def __init__(self, rows: Sequence[Row], trials: int, best: str) -> None:
        super().__init__()
        self.rows = rows
        self.trials = trials
        self.best = best


class Space(Panel):
    """The parameters, each with a strip over its range."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._moment: Moment | None = None
        self._asked: object = None
        """The trials at rest when it was worked out last."""
        self._next = 0.0
        self._waits = False
        self._found: Sorted | None = None

    def compose(self) -> ComposeResult:
        """Put the parameters over what is said of the chosen one."""
        yield Table[Row](_name, ascii_only=ASCII_ONLY, id="ranges")
        yield Static(id="range", markup=False)

    def on_mount(self) -> None:
        """Name the parts."""
        self.table.border_title = "space"
        self.table.border_subtitle = LEGEND
        self.table.hint = "working it out ..."

    @property
    def table(self) -> Table[Row]:
        """The parameters."""
        return self.query_one("#ranges", Table)

    @property
    def settled(self) -> bool:
        """Whether what is shown is of the trials at rest."""
        return self._found is not None

    def take_focus(self) -> None:
        """Put the keyboard on the parameters."""
        self.table.focus()

    def show(self, moment: Moment) -> None:
        """Have it worked out if other trials are at rest than the last time."""
        self._moment = moment
        now = moment.at_rest
        if now == self._asked or self._waits:
            return
        wait = self._next - time.monotonic()
        if wait > 0:
            self._waits = True
            self.set_timer(wait, self._again)
            return
        self._asked, self._next = now, time.monotonic() + SECONDS
        study = moment.study
        self._sort(study.trials, study.distributions)

    def _again(self) -> None:
        self._waits = False
        if self._moment is not None:
            self.show(self._moment)

    @work(thread=True, exclusive=True, group="space")
    def _sort(
        self, trials: Sequence[TrialRow], distributions: Mapping[str, BaseDistribution]
    ) -> None:
        """Sort the values out off the screen; never touch a widget here."""
        ended = [
            row
            for row in trials
            if row.val_accuracy is not None
            and row.status not in UNDERWAY
            and row.status != "failed"
        ]
        # The best of those that are counted: one that runs may still fall behind.
        best = max(ended, key=lambda row: row.val_accuracy or 0.0, default=None)
        rows = [
            Row(drawn, _of(best, drawn.name)) for drawn in collect(ended, distributions)
        ]
        named = f"#{best.trial}" if best else ""
        if not get_current_worker().is_cancelled:
            self.post_message(Sorted(rows, len(ended), named))

    def on_sorted(self, message: Sorted) -> None:
        """Show what was found."""
        self._found = message
        self.table.hint = "no trial has ended yet"
        quarter = math.ceil(QUARTER * message.trials)
        where = f" · where the best {quarter} of {message.trials} trials lie"
        self.table.border_title = f"space{where if message.trials else ''}"
        self._draw()

    def on_resize(self) -> None:
        """Fit the strips to the new width."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        if self._found is not None:
            width = self.table.size.width
            self.table.show(self._found.rows, columns(self._found, width))
            self._describe()

    @on(Table.Moved)
    def _describe(self) -> None:
        row = self.table.current
        self.query_one("#range", Static).update(describe(row.drawn) if row else "")


def columns(found: Sorted, width: int) -> Sequence[Column[Row]]:
    """Columns of the parameters in a table so wide."""
    drawn = [row.drawn for row in found.rows]
    title = f"best {found.best}"
    named = _widest(["parameter", *(each.name for each in drawn)])
    ranged = _widest(["range", *(each.range() for each in drawn)])
    valued = min(14 if width >= WIDE else 10, _widest([row.best for row in found.rows]))
    others = [2, named, max(len(title), valued), max(len(MIDDLE), valued)]
    others += [ranged] if width >= WIDE else []
    room = max(16, width - sum(others) - 2 * len(others))
    return (
        Column(name="parameter", title="parameter", width=named, priority=9,
               text=_name),
        Column(name="range", title="range", width=ranged, priority=1,
               style=lambda _: "dim", text=lambda row: row.drawn.range()),
        Column(name="strip", title="from low to high", width=room, priority=8,
               style=lambda _: "running", text=lambda row: strip(row.drawn, room)),
        Column(name="best", title=title, width=valued, priority=3,
               style=lambda _: "best", text=lambda row: row.best),
        Column(name="middle", title=MIDDLE, width=valued, priority=2,
               text=lambda row: middle(row.drawn)),
    )  # fmt: skip


def _widest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)


def strip(drawn: Drawn, width: int) -> str:
    """Draw in so many cells, over the range, how many trials did well where."""
    if drawn.choices:
        return _words(drawn, width)
    low, high = drawn.stretch(drawn.limits)
    bins = min(width, max(8, round(2 * drawn.numbers.size**0.5)))
    part = (drawn.stretch(drawn.numbers) - low) / ((high - low) or 1)
    places = np.minimum((part * bins).astype(int), bins - 1)
    tried = np.bincount(places, minlength=bins)
    best = np.bincount(places[drawn.best], minlength=bins)
    cells = [_height(int(b), int(n)) for b, n in zip(best, tried, strict=True)]
    return "".join(cells[cell * bins // width] for cell in range(width))


def _words(drawn: Drawn, width: int) -> str:
    """Write the choices, each with its height; a star is at the best trial's.

    Where room is short, of words those never tried go; numbers stay in their order.
    """
    groups = sorted(drawn.groups(), key=lambda g: -_share(g.best_quarter, g.trials))
    best = round(float(drawn.numbers[np.argmax(drawn.scores)]))
    words = {
        group.name: f"{'*' if group.name == drawn.choices[best] else ''}{group.name}"
        f"{':' * ASCII_ONLY}{_height(group.best_quarter, group.trials)}"
        for group in groups
    }
    texts = [words.get(name, name) for name in drawn.choices]
    if len(text := "  ".join(texts)) <= width:
        return text
    if isinstance(drawn.distribution, CategoricalDistribution):
        return " ".join(words[group.name] for group in groups)
    if len(text := " ".join(texts)) <= width:
        return text
    found = {g.name: _height(g.best_quarter, g.trials) for g in groups}
    heights = "".join(found.get(name, " ") for name in drawn.choices)
    return f"{drawn.choices[0]} {heights} {drawn.choices[-1]}"


def _share(best: int, tried: int) -> float:
    """Give the share of the best quarter; where few were tried, not far from 1/4."""
    return (best + 2 * QUARTER) / (tried + 2)


def _height(best: int, tried: int) -> str:
    """Show the share of the best quarter."""
    if not tried:
        return " "
    if not best:
        return TRIED
    share = _share(best, tried) / TOP
    return HEIGHTS[min(int(share * len(HEIGHTS)), len(HEIGHTS) - 1)]


def middle(drawn: Drawn) -> str:
    """Give the best quarter's median, or of words the one it has most."""
    if not drawn.best.any():
        return "-"
    if isinstance(drawn.distribution, CategoricalDistribution):
        return max(drawn.groups(), key=lambda group: group.best_quarter).name
    found = drawn.numbers[drawn.best]
    return drawn.text(float(np.quantile(found, 0.5, method="nearest")))


def describe(drawn: Drawn) -> str:
    """Say in full what the strip shows."""
    if not drawn.choices:
        return (
            f" {drawn.name}, {drawn.range()}\n {drawn.sentence()}, "
            f"median {middle(drawn)}"
        )
    each = [
        f"{group.name}: {group.best_quarter} of {group.trials} ({accuracy(group.best)})"
        for group in drawn.groups()
    ]
    heading = f" {drawn.name}: trials in the best quarter, of all (their best)\n "
    return heading + ", ".join(each)


def _of(best: TrialRow | None, name: str) -> str:
    value = best.params.get(name) if best else None
    if value is None:
        return "-"
    return number(value) if isinstance(value, float) else str(value)


def _name(row: Row) -> str:
    return row.drawn.name
