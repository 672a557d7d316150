"""Which parameters matter, the heaviest first, and each one's slice."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerState, get_current_worker

from autocnn.store.rows import TrialRow
from autocnn.views.tui.facts import entitle
from autocnn.views.tui.header import ASCII_ONLY
from autocnn.views.tui.moment import Moment
from autocnn.views.tui.panel import Panel
from autocnn.views.tui.slices import Slice
from autocnn.views.tui.table import Column, Table
from autocnn.views.tui.weighed import NEEDED, Weighed, comparable, measure

SECONDS = 10.0
"""It is not measured more often than this."""
COST = 0.02
"""Nor may it take more of the time than this."""


@dataclass(frozen=True, slots=True)
class Of:
    """What it is measured of."""

    trials: int = 0
    epoch: int = 0
    """At which they are compared; 0: when they are complete."""

    @property
    def scores(self) -> str:
        """Say by what trials are compared."""
        return "val accuracy" + f" at epoch {self.epoch}" * bool(self.epoch)

    def __str__(self) -> str:
        """Say of which trials it is."""
        if self.epoch:
            return f"by {self.scores}, of {self.trials} trials, PED-ANOVA"
        return f"{self.trials} complete trials only, PED-ANOVA"


NOTHING = Of()


class Measured(Message):
    """The importance was worked out in the background."""

    def __init__(self, found: tuple[Weighed, ...], of: "Of", seconds: float) -> None:
        super().__init__()
        self.found = found
        self.of = of
        self.seconds = seconds


class Importance(Panel):
    """Parameters by importance, and beside them the values of the chosen one."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._moment: Moment | None = None
        self._asked = self._measured = NOTHING
        self._waits = False
        """Whether a clock runs until it may be measured again."""
        self._next = 0.0
        self._found: tuple[Weighed, ...] = ()
        self._of = NOTHING

    def compose(self) -> ComposeResult:
        """Put the bars before the slice."""
        yield Table[Weighed](_name, ascii_only=ASCII_ONLY, id="weights")
        with Vertical(id="slice"):
            yield Slice(hint="nothing is measured", ascii_only=ASCII_ONLY, id="dots")
            yield Static(id="sentence", markup=False)

    def on_mount(self) -> None:
        """Name the parts."""
        self.table.border_title = "importance"

    @property
    def table(self) -> Table[Weighed]:
        """The parameters."""
        return self.query_one("#weights", Table)

    @property
    def settled(self) -> bool:
        """Whether it has been measured, if it can be."""
        return self._asked == self._measured and not self._waits

    def take_focus(self) -> None:
        """Put the keyboard on the parameters."""
        self.table.focus()

    def show(self, moment: Moment) -> None:
        """Have it measured if more trials can be compared than the last time."""
        self._moment = moment
        study = moment.study
        rungs = study.state.rungs if study.state else ()
        folds = bool(study.config.get("folds"))
        rows, epoch = comparable(study.trials, rungs, folds=folds)
        wanted = Of(len(rows), epoch)
        if wanted.trials < NEEDED:
            self._asked = self._measured = NOTHING
            self.table.hint = _missing(moment)
            self._take((), NOTHING)
        elif wanted != self._asked and not self._waits:
            wait = self._next - time.monotonic()
            if wait <= 0:
                self._asked, self._next = wanted, time.monotonic() + SECONDS
                self.table.hint = "it is being measured ..."
                self._measure(rows, study.distributions, wanted)
            else:
                self._waits = True
                self.set_timer(wait, self._again)

    def _again(self) -> None:
        self._waits, self._next = False, 0.0
        if self._moment is not None:
            self.show(self._moment)

    @work(thread=True, exclusive=True, group="importance", exit_on_error=False)
    def _measure(
        self,
        rows: Sequence[TrialRow],
        distributions: Mapping[str, BaseDistribution],
        of: Of,
    ) -> None:
        """Measure off the screen; never touch a widget here."""
        begun = time.monotonic()
        found = measure(rows, distributions)
        if not get_current_worker().is_cancelled:
            self.post_message(Measured(found, of, time.monotonic() - begun))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say why it could not be measured."""
        if event.state is WorkerState.ERROR:
            self._measured = self._asked
            self.table.hint = f"this cannot be measured: {event.worker.error}"

    def on_measured(self, message: Measured) -> None:
        """Show what was found, unless a replay has gone back to too few trials."""
        if self._asked == NOTHING:
            return
        self._measured = self._asked
        self._next = max(self._next, time.monotonic() + message.seconds / COST)
        self._take(message.found, message.of)

    def _take(self, found: tuple[Weighed, ...], of: Of) -> None:
        if of != NOTHING and not found:
            self.table.hint = "no parameter was drawn more than one way"
        self._found, self._of = found, of
        entitle(self.table, "importance" + f" · {of}" * (of != NOTHING))
        self._draw()

    def on_resize(self) -> None:
        """Fit the bars to the new width."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        self.table.show(self._found, columns(self._found, self.table.size.width))
        self._draw_slice()

    @on(Table.Moved)
    def _draw_slice(self) -> None:
        """Show the values of the chosen parameter."""
        chosen = self.table.current
        plot, sentence = self.query_one(Slice), self.query_one("#sentence", Static)
        plot.show_values(chosen.drawn if chosen else None)
        self.query_one("#slice").border_title = _title(chosen, self._of)
        sentence.update(f" {chosen.drawn.sentence()}" if chosen else "")


def columns(found: Sequence[Weighed], width: int) -> Sequence[Column[Weighed]]:
    """Columns of the parameters in a table so wide."""
    top = max((each.share for each in found), default=1.0) or 1.0
    named = max([len("parameter"), *(len(each.drawn.name) for each in found)])
    room = max(6, min(40, width - named - 12 - (24 if width >= 64 else 0)))
    return (
        Column(name="parameter", title="parameter", width=named, priority=9,
               text=_name),
        Column(name="bar", title="", width=room, priority=8, style=lambda _: "running",
               text=lambda row: rule(row.share / top, room)),
        Column(name="share", title="share", width=5, right=True, priority=7,
               text=lambda row: f"{row.share:.0%}"),
        Column(name="where", title="best quarter", width=18, priority=1, stretch=True,
               style=lambda _: "dim", text=lambda row: row.drawn.where()),
    )  # fmt: skip


def rule(share: float, width: int) -> str:
    """Draw a share as a line in steps of half a cell."""
    full, half = divmod(round(2 * share * width), 2)
    return "=" * (full + half) if ASCII_ONLY else "━" * full + "╸" * half


def _name(weighed: Weighed) -> str:
    return weighed.drawn.name


def _title(chosen: Weighed | None, of: Of) -> str:
    if chosen is None:
        return "slice"
    scale = " (log)" if chosen.drawn.log else ""
    return f"{chosen.drawn.name}{scale} against {of.scores}"


def _missing(moment: Moment) -> str:
    """Say why nothing can be measured, of a study that goes on or that is over."""
    complete = dict(moment.counts).get("complete", 0)
    begun = sum(bool(row.curve) for row in moment.study.trials)
    return (
        "too few trials to tell what matters\n"
        f"{complete} complete, {begun} with a first epoch; "
        f"it takes {NEEDED} that are equally far"
    )
