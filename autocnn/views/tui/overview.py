"""The first panel: what runs, how well it does, and all trials ranked."""

import math
from operator import attrgetter
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input

from autocnn.store.rows import TrialRow
from autocnn.views.tui import columns
from autocnn.views.tui.actions import Actions
from autocnn.views.tui.facts import entitle
from autocnn.views.tui.filters import Filter, parse
from autocnn.views.tui.header import ASCII_ONLY
from autocnn.views.tui.moment import Moment
from autocnn.views.tui.panel import Panel
from autocnn.views.tui.plot import Plot, Series
from autocnn.views.tui.table import Table

EMPTY = "the first scores come with the first epoch"
UNMATCHED = "no trial matches the filter (esc: show all)"
SHORT = 120.0
"""Seconds of a search below which its time is shown in seconds."""
KEEPS = "enter keeps it, esc shows all"


class Overview(Panel):
    """Running trials and the best score so far over the leaderboard."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="board.filter"),
        Binding("s", "sort", "Sort", show=False, id="board.sort"),
        Binding("r", "reverse", "Reverse", show=False, id="board.reverse"),
        Binding("m", "mark", "Mark", id="trial.mark"),
        Binding("c", "app.compare", "Compare", id="trial.compare"),
        Binding("escape", "clear", show=False, id="board.clear"),
    ]

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._filter: Filter | None = None
        self._wrong = ""
        """Why the filter cannot be read; all trials are shown then."""
        self._moment: Moment | None = None

    def compose(self) -> ComposeResult:
        """Put the running trials and the plot over the leaderboard."""
        with Horizontal(id="top"):
            yield _table("running")
            yield Plot(ascii_only=ASCII_ONLY, id="best-so-far")
        yield _table("board")
        yield Input(placeholder="val>0.8 optimizer=sgd status:pruned", id="filter")

    def on_mount(self) -> None:
        """Name the parts and hide the filter's line."""
        self.board.border_title = "leaderboard"
        self.now_running.border_title = "running"
        self.now_running.hint = "no trial is running"
        self.board.hint = EMPTY
        self.query_one(Plot).border_title = "best val accuracy by time"
        line = self.query_one("#filter", Input)
        line.display, line.border_subtitle = False, KEEPS

    @property
    def board(self) -> Table[TrialRow]:
        """The leaderboard."""
        return self.query_one("#board", Table)

    @property
    def now_running(self) -> Table[TrialRow]:
        """The running trials."""
        return self.query_one("#running", Table)

    @property
    def selected(self) -> int | None:
        """The trial under the cursor of the table that has the keyboard."""
        table = self.now_running if self.now_running.has_focus else self.board
        row = table.current
        return row.trial if row is not None else None

    def take_focus(self) -> None:
        """Put the keyboard on the leaderboard."""
        self.board.focus()

    def show(self, moment: Moment) -> None:
        """Show the study as it is now."""
        self._moment = moment
        ranked = [*moment.ranked]
        ranked += [r for r in moment.study.trials if r.val_accuracy is None]
        if self._filter is not None:
            ranked = [r for r in ranked if self._filter.matches(columns.fields(r))]
        self.board.hint = UNMATCHED if self._filter is not None else EMPTY
        self.board.show(ranked, columns.board(moment), columns.beside(moment))
        self._title(len(ranked))
        self.now_running.show(moment.running, columns.running(moment))
        entitle(self.now_running, f"running {len(moment.running)}")
        if moment.best_so_far:
            line, label = best_so_far(moment)
            self.query_one(Plot).show((line,), x_label=label)

    def _title(self, shown: int) -> None:
        assert self._moment is not None
        study = self._moment.study
        title = f"leaderboard · {shown} of {len(study.trials) + study.unread} trials"
        if study.unread:
            title += " · reading the others"
        if self._wrong:
            title += f" · {self._wrong}"
        elif self._filter is not None:
            title += f" · filter: {self._filter.text}"
        if self.board.stale:
            title += f" · {self.board.stale} newer"
        entitle(self.board, title)

    def on_table_opened(self, event: Table.Opened) -> None:
        """Show a trial in full."""
        if isinstance(self.app, Actions):
            self.app.open_trials([event.row.trial])

    def action_filter(self) -> None:
        """Open the filter's line."""
        line = self.query_one("#filter", Input)
        line.display = True
        self.screen.set_focus(line)  # at once: what is typed next is for it

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed, as far as it can be understood."""
        self._filter, self._wrong = None, ""
        try:
            if text := event.value.strip():
                self._filter = parse(text, self._fields())
        except ValueError as error:
            self._wrong = str(error)
        event.input.border_subtitle = Content(self._wrong or KEEPS)
        self.board.thaw()
        if self._moment is not None:
            self.show(self._moment)

    def _fields(self) -> list[str]:
        rows = self._moment.study.trials if self._moment else ()
        return list({name: None for row in rows for name in columns.fields(row)})

    def on_input_submitted(self) -> None:
        """Go back to the leaderboard; an empty line goes, a wrong one stays."""
        if self._wrong:
            self.notify(self._wrong, severity="warning")
            return
        line = self.query_one("#filter", Input)
        line.display = bool(line.value.strip())
        self.board.focus()

    def action_clear(self) -> None:
        """Show all trials again."""
        line = self.query_one("#filter", Input)
        line.value, line.display = "", False
        self.board.focus()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.board.next_column(1)

    def action_reverse(self) -> None:
        """Turn the order around."""
        self.board.reverse()

    def action_mark(self) -> None:
        """Mark the chosen trial, to be compared."""
        self.board.toggle_mark()


def best_so_far(moment: Moment) -> tuple[Series, str]:
    """Draw the best score up to now, by the time since the first trial began."""
    steps, state = moment.best_so_far, moment.study.state
    begun = steps[0].at if moment.begun is None else moment.begun
    passed = (moment.ended or steps[-1].at) - begun
    if state is not None and state.phase != "ended":
        passed = stepwise(moment.now - begun)
    unit, label = (60, "minutes") if passed >= SHORT else (1, "seconds")
    points: list[tuple[float, float]] = []
    for step in steps:
        at = (step.at - begun) / unit
        if points:
            points.append((at, points[-1][1]))
        points.append((at, step.val_accuracy))
    points.append((passed / unit, points[-1][1]))
    return Series(tuple(points), "best"), label


def stepwise(seconds: float) -> float:
    """Round a time up in steps of 1/128 to 1/256 of it, or less.

    In a plot that runs up to now it is then seldom another, and less than a dot late.
    """
    step = 2.0 ** (math.ceil(math.log2(seconds)) - 8) if seconds > 0 else 1.0
    return math.ceil(seconds / step) * step


def _table(name: str) -> Table[TrialRow]:
    return Table(_number, ascii_only=ASCII_ONLY, one_of_several=True, id=name)


_number = attrgetter("trial")
