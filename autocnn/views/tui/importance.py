"""Which parameters matter: PED-ANOVA over the complete trials, and each one's slice.

Watanabe et al. 2023, arXiv:2304.10255; for parameters that not every trial has,
arXiv:2601.20800.
"""

import time
import warnings
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
from autocnn.views.tui.drawn import QUARTER, Drawn, collect
from autocnn.views.tui.header import ASCII_ONLY
from autocnn.views.tui.moment import Moment
from autocnn.views.tui.panel import Panel
from autocnn.views.tui.slices import Slice
from autocnn.views.tui.table import Column, Table

NEEDED = 8
"""Complete trials; from fewer nothing can be said."""
SECONDS = 10.0
"""It is not measured more often than this."""
COST = 0.02
"""Nor may it take more of the time than this."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A parameter, and how much of what can be explained it explains."""

    drawn: Drawn
    share: float
    """Of all parameters together 1."""


class Measured(Message):
    """The importance was worked out in the background."""

    def __init__(self, found: tuple[Weighed, ...], trials: int, seconds: float) -> None:
        super().__init__()
        self.found = found
        self.trials = trials
        self.seconds = seconds


class Importance(Panel):
    """Parameters by importance, and beside them the values of the chosen one."""

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._moment: Moment | None = None
        self._asked = 0
        """Of how many complete trials it was asked last."""
        self._measured = 0
        self._next = 0.0
        self._found: tuple[Weighed, ...] = ()

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
        return self._asked == self._measured

    def take_focus(self) -> None:
        """Put the keyboard on the parameters."""
        self.table.focus()

    def show(self, moment: Moment) -> None:
        """Have it measured if more trials are complete than the last time."""
        self._moment = moment
        complete = dict(moment.counts).get("complete", 0)
        if complete < NEEDED:
            self._asked = self._measured = 0
            self._take((), complete)
        elif complete != self._asked:
            wait = self._next - time.monotonic()
            if wait <= 0:
                self._asked, self._next = complete, time.monotonic() + SECONDS
                self.table.hint = "it is being measured ..."
                self._measure(moment.study.trials, moment.study.distributions)
            elif self._asked >= 0:
                self._asked = -1  # a clock runs
                self.set_timer(wait, self._again)

    def _again(self) -> None:
        if self._asked < 0 and self._moment is not None:
            self._asked, self._next = 0, 0.0
            self.show(self._moment)

    @work(thread=True, exclusive=True, group="importance", exit_on_error=False)
    def _measure(
        self, rows: Sequence[TrialRow], distributions: Mapping[str, BaseDistribution]
    ) -> None:
        """Measure off the screen; never touch a widget here."""
        begun = time.monotonic()
        complete = [r for r in rows if r.status == "complete" and r.val_accuracy]
        found = measure(complete, distributions)
        if not get_current_worker().is_cancelled:
            seconds = time.monotonic() - begun
            self.post_message(Measured(found, len(complete), seconds))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say why it could not be measured."""
        if event.state is WorkerState.ERROR:
            self._measured = self._asked
            self.table.hint = f"this cannot be measured: {event.worker.error}"

    def on_measured(self, message: Measured) -> None:
        """Show what was found, unless a replay has gone back to too few trials."""
        if not self._asked:
            return
        self._measured = self._asked
        self._next = max(self._next, time.monotonic() + message.seconds / COST)
        self._take(message.found, message.trials)

    def _take(self, found: tuple[Weighed, ...], complete: int) -> None:
        title = f"importance · {complete} complete trials only, PED-ANOVA"
        if complete < NEEDED:
            title = "importance"
            missing = NEEDED - complete
            self.table.hint = (
                f"{missing} more complete trial{'s are' if missing > 1 else ' is'} "
                f"needed\n{complete} of at least {NEEDED} so far; "
                "pruned trials do not count"
            )
        elif not found:
            self.table.hint = "no parameter was drawn more than one way"
        self._found = found
        self.table.border_title = title
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
        self.query_one("#slice").border_title = _title(chosen)
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


def measure(
    rows: Sequence[TrialRow], distributions: Mapping[str, BaseDistribution]
) -> tuple[Weighed, ...]:
    """Weigh the parameters of complete trials, the heaviest first."""
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
    from optuna.trial import create_trial

    # A choice that one trial only was given is left out, which is right.
    warnings.filterwarnings("ignore", message="Some regimes for parameter")
    warnings.filterwarnings("ignore", message="Target and region quantiles")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize")
    found = {drawn.name: drawn for drawn in collect(rows, distributions)}
    for row in rows:
        params = {
            name: value
            for name, value in row.params.items()
            if name in found and _fits(value, distributions[name])
        }
        chosen = {name: distributions[name] for name in params}
        study.add_trial(
            create_trial(value=row.val_accuracy, params=params, distributions=chosen)
        )
    # The same quarter that the slices show; a tenth of few trials would be one.
    evaluator = PedAnovaImportanceEvaluator(target_quantile=QUARTER)
    shares = get_param_importances(study, evaluator=evaluator) if found else {}
    if len(set(shares.values())) == 1 < len(shares):
        shares = dict.fromkeys(shares, 0.0)  # how Optuna says that none matters
    return tuple(Weighed(found[name], share) for name, share in shares.items())


def _fits(value: Any, distribution: BaseDistribution) -> bool:
    """Say whether the value can be drawn; the space may have changed since it was."""
    try:
        return distribution._contains(distribution.to_internal_repr(value))
    except ValueError:
        return False


def _name(weighed: Weighed) -> str:
    return weighed.drawn.name


def _title(chosen: Weighed | None) -> str:
    if chosen is None:
        return "slice"
    scale = " (log)" if chosen.drawn.log else ""
    return f"{chosen.drawn.name}{scale} against val accuracy"
