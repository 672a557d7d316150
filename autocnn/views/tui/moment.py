"""What screens show of a study, worked out once for each snapshot, off the screen."""

import bisect
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autocnn.quantities import ordinal
from autocnn.store.command import Command
from autocnn.store.rows import REFUSED, StudySnapshot, TrialRow
from autocnn.views.tables import accuracy, duration, plural

REQUESTS: Mapping[str, str] = {
    "pause": "pause",
    "resume": "go on",
    "finish": "end with the running trials",
    "stop": "stop now",
    "trials": "reach {count} trials",
    "jobs": "train {count} at once",
    "prune": "prune trial {trial}",
    "promote": "promote trial {trial}",
    "enqueue": "train an edited copy of trial {trial}",
}
"""What was asked of a search, after "asked to"; for each of its OPERATIONS."""
OPEN = ("running", "interrupted", "paused", "waiting")
"""The statuses of trials that may still go on."""
UNDERWAY = ("running", "interrupted", "waiting")
"""Those of them that go on whatever others do; paused ones are judged already."""


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
        return max(planned, len(self.study.trials) - self.study.refused)

    @property
    def bounded(self) -> bool:
        """Whether the study ends with a number of trials, and not only with time."""
        return self.study.state is None or self.study.state.trials > 0

    @property
    def share(self) -> float | None:
        """How much of the search is behind it, 0 to 1: by trials or time, if known."""
        state = self.study.state
        if state is not None and not self.bounded:
            if state.seconds_left is None and state.phase != "ended":
                return None
            left = state.seconds_left or 0.0
            return state.seconds / max(state.seconds + left, 1e-9)
        return self.finished / self.total if self.total else 0.0

    @property
    def epochs(self) -> int:
        """How many epochs a full trial has."""
        longest = max((row.epochs for row in self.study.trials), default=1)
        return int(self.study.config.get("epochs") or longest)

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
        """Say where a trial stands among all that came to an epoch: 3rd of 11.

        At rungs the best up to there counts, and who failed does not.
        """
        there = [r for r in self.study.trials if r.epochs >= epoch]
        if self.study.state is None or not self.study.state.rungs:
            value = row.curve[epoch - 1]
            better = sum(r.curve[epoch - 1] > value for r in there)
        else:
            value = max(row.curve[:epoch])
            there = [r for r in there if r.status != "failed"]
            better = sum(max(r.curve[:epoch]) > value for r in there)
        return f"{ordinal(1 + better)} of {len(there)}"


class History:
    """Follows a study from snapshot to snapshot; looks only at what is new."""

    def __init__(self) -> None:
        self._rows: dict[int, TrialRow] = {}
        self._over: list[tuple[float, int, TrialRow]] = []
        """Finished trials with a score, best first, as sorting keys."""
        self._ended: list[tuple[float, int, TrialRow]] = []
        """Finished trials by their ends."""
        self._told = 0
        self._news: list[News] = []
        self._steps: list[Step] = []

    def update(self, study: StudySnapshot, now: float) -> Moment:
        """Work out a moment from the study as it is now."""
        fresh = [row for row in study.trials if self._rows.get(row.trial) is not row]
        for row in fresh:
            before = self._rows.get(row.trial)
            self._rows[row.trial] = row
            if row.status in OPEN:
                self._rise(row, folds=bool(study.config.get("folds")))
            elif before is None or before.status in OPEN:
                self._finish(row)
        self._tell_ends()
        alive = [row for row in study.trials if row.status in OPEN]
        scored = [_key(row) for row in alive if row.val_accuracy is not None]
        ranked = tuple(row for *_, row in sorted([*self._over, *scored], key=_place))
        best = next((row for row in ranked if row.status != "failed"), None)
        told = itertools.chain.from_iterable(map(_course, alive))
        news = [*self._news, *_asked(study.commands), *told]
        return Moment(
            study=study,
            now=now,
            ranked=ranked,
            running=tuple(r for r in alive if r.status == "running"),
            waiting=tuple(r for r in alive if r.status != "running"),
            news=tuple(sorted(news, key=lambda one: one.at)),
            best=best,
            best_so_far=tuple(self._steps),
            counts=tuple(study.counts().items()),
            ranks={row.trial: rank for rank, row in enumerate(ranked, start=1)},
        )

    def _finish(self, row: TrialRow) -> None:
        if row.val_accuracy is not None:
            bisect.insort(self._over, _key(row), key=_place)
        key = (row.ended or 0.0, row.trial, row)
        place = bisect.bisect_right(self._ended, _place(key), key=_place)
        self._ended.insert(place, key)
        if place < self._told:
            # It ended before others that are told already: all is told anew.
            self._told, self._news = 0, []

    def _tell_ends(self) -> None:
        """Write news of the trials that ended since, and who was the best then."""
        since, self._told = self._told, len(self._ended)
        for at, trial, row in self._ended[since:]:
            self._news += _course(row, at)
            self._news.append(News(at, trial, _ending(row), row.status))
            if row.status != "failed" and row.val_accuracy is not None:
                self._climb(Step(at, row.val_accuracy, trial))

    def _rise(self, row: TrialRow, *, folds: bool) -> None:
        """Note what a trial that still runs has reached, and when."""
        if row.val_accuracy is None or len(row.epoch_ends) != len(row.curve):
            return
        scores = [row.val_accuracy] if folds else row.curve
        ends = row.epoch_ends[-1:] if folds else row.epoch_ends
        for at, score in zip(ends, scores, strict=True):
            self._climb(Step(at, score, row.trial))

    def _climb(self, step: Step) -> None:
        """Put a score among the steps, if none before it was as good."""
        place = bisect.bisect_right(self._steps, step.at, key=lambda each: each.at)
        if place and self._steps[place - 1].val_accuracy >= step.val_accuracy:
            return
        after = self._steps[place:]
        better = (n for n, s in enumerate(after) if s.val_accuracy > step.val_accuracy)
        self._steps[place : place + next(better, len(after))] = [step]


def _key(row: TrialRow) -> tuple[float, int, TrialRow]:
    return -(row.val_accuracy or 0.0), row.trial, row


def _place(key: tuple[float, int, TrialRow]) -> tuple[float, int]:
    return key[0], key[1]


def _ending(row: TrialRow) -> str:
    epochs = plural(row.epochs, "epoch")
    if row.status == "complete":
        return f"complete: {accuracy(row.val_accuracy)} after {epochs}"
    why = f": {row.reason}" if row.reason else ""
    return f"{row.status} after {epochs}{why}"


def _course(row: TrialRow, ended: float | None = None) -> Iterable[News]:
    """Tell what a trial went through before its end."""
    begun = ended if row.started is None else row.started
    if begun is not None:
        yield News(begun, row.trial, "started", "running")
    for pause in row.pauses:
        after = f"after {plural(pause.epochs, 'epoch')}"
        yield News(pause.since, row.trial, f"paused {after}: {pause.reason}", "paused")
        if pause.until is not None:
            yield News(pause.until, row.trial, f"promoted {after}", "running")


def _asked(commands: Sequence[Command]) -> Iterable[News]:
    for command in commands:
        if command.operation not in REQUESTS:
            continue
        what = REQUESTS[command.operation].format(
            trial="" if command.trial is None else command.trial, count=command.count
        )
        reply = "not taken yet" if command.answer is None else command.answer
        if command.answer is not None and not command.done:
            reply = f"refused, for {reply}"
        yield News(command.sent, -1, f"asked to {what}: {reply}", "asked")


def elapsed(moment: Moment) -> str:
    """Say how long a study has been searched, all its runs together."""
    state = moment.study.state
    if state is not None:
        return duration(state.seconds + state.earlier_seconds)
    begun = [r.started for r in moment.study.trials if r.started is not None]
    ended = [r.ended for r in moment.study.trials if r.ended is not None]
    return duration(max(ended) - min(begun)) if begun and ended else "-"
