"""The learning curves of all trials in one plot."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from autocnn.store.rows import TrialRow
from autocnn.views.tables import plural, score
from autocnn.views.tui.actions import Actions
from autocnn.views.tui.crowd import band
from autocnn.views.tui.header import ASCII_ONLY, SIGNS
from autocnn.views.tui.moment import UNDERWAY, Moment
from autocnn.views.tui.panel import Panel
from autocnn.views.tui.plot import Band, Plot, Role, Scale, Series
from autocnn.views.tui.table import Table

BAND_FROM = 30
"""So many finished trials are still lines; more are a band."""
SAMPLE = 20
"""So many of them are still drawn then, for the shapes that curves have."""
SCALES: Sequence[Scale] = ("zoom", "full", "log")
SCRAMBLE = 2_654_435_761
"""Knuth's multiplier: a sample by it keeps its trials when another one ends."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The trials at rest, as far as they are drawn without being named."""

    of: object
    """The moment's `at_rest`."""
    told: str
    """How many they are, in words."""
    band: Band | None
    lines: tuple[tuple[int, Series], ...]
    """By the number of the trial."""


class Curves(Panel, can_focus=True):
    """Val accuracy by epoch: the best, the running and one chosen trial stand out."""

    class Chosen(Message):
        """Another trial is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left,up,h,k", "choose(-1)", "Trial", key_display="← →", id="curves.better"
        ),
        Binding("right,down,l,j", "choose(1)", show=False, id="curves.worse"),
        Binding("home,g", "choose(-1, True)", "Best", show=False, id="curves.first"),
        Binding("end,G", "choose(1, True)", "Worst", show=False, id="curves.last"),
        Binding("enter", "open", "Open", id="curves.open"),
        Binding("m", "app.mark", "Mark", id="trial.mark"),
        Binding("c", "app.compare", "Compare", id="trial.compare"),
        Binding("y", "scale", "Scale", id="plot.scale"),
    ]

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._moment: Moment | None = None
        self._crowd = Crowd(None, "", None, ())
        self._chosen: int | None = None
        """The number of a trial; None: the best, whichever that is."""

    def compose(self) -> ComposeResult:
        """Fill the panel with one plot."""
        hint = "the first scores come with the first epoch"
        yield Plot(hint=hint, ascii_only=ASCII_ONLY, id="all-curves")

    @property
    def plot(self) -> Plot:
        """The curves."""
        return self.query_one(Plot)

    @property
    def selected(self) -> int | None:
        """The chosen trial, or the best."""
        row = self._row
        return row.trial if row else None

    @property
    def _row(self) -> TrialRow | None:
        if self._moment is None:
            return None
        found = None if self._chosen is None else self._moment.row(self._chosen)
        return found or self._moment.best

    def take_focus(self) -> None:
        """Put the keyboard on the plot."""
        self.focus()

    def show(self, moment: Moment) -> None:
        """Draw the study as it is now."""
        self._moment = moment
        if moment.at_rest != self._crowd.of:
            self._crowd = crowd(moment)
        state = moment.study.state
        rungs = state.rungs if state else ()
        self.plot.show(
            self._series(moment),
            self._crowd.band,
            [(float(rung), str(rung)) for rung in rungs],
            x_label=moment.unit,
            x_high=float(moment.epochs),
        )
        self._titles(moment, rungs)

    def _series(self, moment: Moment) -> list[Series]:
        """List the lines, those to be seen best at the end."""
        named: dict[int, Series] = {}
        for row in (*moment.running, moment.best, self._row):
            if row is not None and row.curve:
                role: Role = "selected" if row is self._row else "running"
                role = "best" if row is moment.best else role
                named.pop(row.trial, None)
                named[row.trial] = series(row, role, f"#{row.trial}")
        crowd = [line for trial, line in self._crowd.lines if trial not in named]
        return [*crowd, *named.values()]

    def _titles(self, moment: Moment, rungs: Sequence[int]) -> None:
        row, plot = self._row, self.plot
        title = f"curves · val accuracy by {moment.unit}"
        if row is not None:
            rank = moment.ranks.get(row.trial)
            place = f", rank {rank} of {len(moment.ranked)}" if rank else ""
            sign = "*" if row is moment.best else SIGNS.get(row.status, "")
            reached = score(row.val_accuracy, row.val_standard_error)
            board = self.app.query_one("#board", Table)
            marked = ", marked" if row.trial in board.marks else ""
            title = (
                f"curves · {sign} #{row.trial} {reached}{place}, "
                f"{row.status} after {plural(row.epochs, moment.unit)}{marked}"
            )
        notes = [f"scale: {plot.y_scale}{' error' * (plot.y_scale == 'log')}"]
        if self._crowd.band is not None:
            notes.append(f"dotted: the middle half of {self._crowd.told}")
        if rungs:
            notes.append(f"judged at {', '.join(map(str, rungs))}")
        plot.border_title, plot.border_subtitle = title, " · ".join(notes)

    def action_choose(self, by: int, to_end: bool = False) -> None:
        """Choose the next trial by rank, or the last that way."""
        if self._moment is None or not self._moment.ranked:
            return
        ranked, row = self._moment.ranked, self._row
        last = len(ranked) - 1
        place = self._moment.ranks.get(row.trial, 1) - 1 if row else 0
        place = min(last, max(0, place + by * (last if to_end else 1)))
        # The first by rank is not the best if it failed.
        chosen = ranked[place]
        self._chosen = None if chosen is self._moment.best else chosen.trial
        self.show(self._moment)
        self.post_message(self.Chosen())

    def action_open(self) -> None:
        """Show the chosen trial in full."""
        if self.selected is not None:
            assert isinstance(self.app, Actions)
            self.app.open_trials([self.selected])

    def action_scale(self) -> None:
        """Show the upper part, all, or equal factors of the error equally long."""
        self.plot.y_scale = SCALES[(SCALES.index(self.plot.y_scale) + 1) % len(SCALES)]
        if self._moment is not None:
            self.show(self._moment)


def series(row: TrialRow, role: Role, label: str = "") -> Series:
    """Make a line of a trial."""
    return Series(tuple(enumerate(row.curve, start=1)), role, label)


def crowd(moment: Moment) -> Crowd:
    """Sum the trials at rest up: those that ended, and paused ones."""
    rows = [r for r in moment.study.trials if r.curve and r.status not in UNDERWAY]
    finished, paused = moment.at_rest
    drawn = rows
    if len(rows) > BAND_FROM:
        drawn = nsmallest(SAMPLE, rows, key=lambda r: r.trial * SCRAMBLE % 2**32)
    return Crowd(
        of=moment.at_rest,
        told=f"{finished + len(paused)} ended{' or paused' if paused else ''}",
        band=band(rows) if len(rows) > BAND_FROM else None,
        lines=tuple((row.trial, series(row, "context")) for row in drawn),
    )
