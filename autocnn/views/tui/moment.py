"""What screens show of a study, worked out once for each snapshot, off the screen."""

import bisect
from dataclasses import dataclass, field

from autocnn.store.aim import Unit, unit_of
from autocnn.store.rows import REFUSED, StudySnapshot, TrialRow
from autocnn.views.tables import duration
from autocnn.views.tui.standings import Standings

OPEN = ("running", "interrupted", "paused", "waiting")
"""The statuses of trials that may still go on."""
UNDERWAY = ("running", "interrupted", "waiting")
"""Those of them that go on whatever others do; paused ones are judged already."""
CLOCKS_APART = 0.01
"""Seconds: epochs' ends are known in hundredths, a trial's in millionths."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened in the study."""

    at: float
    """In seconds since 1970."""
    trial: int
    text: str
    kind: str = ""
    """best, running, paused, complete, pruned, failed or asked."""


@dataclass(frozen=True, slots=True)
class Step:
    """The best score of the study from this time on."""

    at: float
    val_accuracy: float
    trial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A study at one moment."""

    study: StudySnapshot
    now: float
    """By the clock that the study is watched by; in a replay, by the study's own."""
    ranked: tuple[TrialRow, ...] = ()
    """Trials with a score, the best first."""
    running: tuple[TrialRow, ...] = ()
    waiting: tuple[TrialRow, ...] = ()
    news: tuple[News, ...] = ()
    """The oldest first."""
    best: TrialRow | None = None
    best_so_far: tuple[Step, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    ranks: dict[int, int] = field(default_factory=dict)
    """Of trials with a score, from 1."""
    standings: Standings = field(default_factory=Standings)
    longest: int = 1
    """Epochs of the trial that has most of them."""
    lowest: float | None = None
    """The worst first accuracy of all curves."""
    begun: float | None = None
    """When the first trial began, in seconds since 1970."""
    ended: float | None = None
    """When the last one that is over ended."""

    @property
    def winners(self) -> frozenset[int]:
        """The trials that were the best when they ended."""
        steps = self.best_so_far
        found = set()
        for trial in {step.trial for step in steps}:
            row = self.row(trial)
            if row is not None and row.ended is not None:
                end = row.ended + CLOCKS_APART
                place = bisect.bisect_right(steps, end, key=lambda step: step.at)
                if place and steps[place - 1].trial == trial:
                    found.add(trial)
        return frozenset(found)

    @property
    def finished(self) -> int:
        """How many trials are over."""
        return sum(n for status, n in self.counts if status not in {*OPEN, REFUSED})

    @property
    def at_rest(self) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Changes whenever a trial ends, pauses or goes on after a pause."""
        paused = ((r.trial, r.epochs) for r in self.waiting if r.status == "paused")
        return self.finished, tuple(paused)

    @property
    def total(self) -> int:
        """How many trials the study is to reach, as far as is known."""
        planned = self.study.state.trials if self.study.state else 0
        refused = dict(self.counts).get(REFUSED, 0)
        return max(planned, len(self.study.trials) + self.study.unread - refused)

    @property
    def bounded(self) -> bool:
        """Whether the study ends with a number of trials, and not only with time."""
        return self.study.state is None or self.study.state.trials > 0

    @property
    def share(self) -> float | None:
        """How much of the search is behind it, 0 to 1: by trials or time, if known."""
        state = self.study.state
        if self.study.unread:
            return None
        if state is not None and not self.bounded:
            if state.seconds_left is None and state.phase != "ended":
                return None
            left = state.seconds_left or 0.0
            return state.seconds / max(state.seconds + left, 1e-9)
        return self.finished / self.total if self.total else 0.0

    @property
    def unit(self) -> Unit:
        """What a value of a trial's curve is of."""
        return unit_of(self.study.config)

    @property
    def epochs(self) -> int:
        """How many epochs (or folds) a full trial has."""
        return int(self.study.config.get(f"{self.unit}s") or self.longest)

    def row(self, trial: int) -> TrialRow | None:
        """Look a trial up by its number."""
        rows = self.study.trials
        if 0 <= trial < len(rows) and rows[trial].trial == trial:
            return rows[trial]
        return next((row for row in rows if row.trial == trial), None)

    def standing(self, row: TrialRow) -> str:
        """Say where a trial stands among all at its last epoch: 3rd of 11."""
        return self.place(row, row.epochs) if row.epochs else ""

    def place(self, row: TrialRow, epoch: int) -> str:
        """Say where a trial stands among all that came to an epoch: 3rd of 11."""
        state = self.study.state
        judged = state is not None and bool(state.rungs)
        return self.standings.place(row, epoch, judged=judged)


def elapsed(moment: Moment) -> str:
    """Say how long a study has been searched, all its runs together."""
    state = moment.study.state
    if state is not None:
        return duration(state.seconds + state.earlier_seconds)
    if moment.begun is None or moment.ended is None:
        return "-"
    return duration(moment.ended - moment.begun)
