"""Follows a study and works out from what is new what there is to be shown of it."""

import bisect
import itertools
import operator
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from autocnn.store.aim import Unit, unit_of
from autocnn.store.command import Command
from autocnn.store.rows import StudySnapshot, TrialRow
from autocnn.views.tables import accuracy, plural
from autocnn.views.tui import last
from autocnn.views.tui.moment import OPEN, Moment, News, Step
from autocnn.views.tui.standings import Standings

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

_Key = tuple[float, int, TrialRow]
_place = operator.itemgetter(0, 1)
"""What of it rows are sorted by."""
_trial, _row = operator.itemgetter(1), operator.itemgetter(2)
_at, _status = operator.attrgetter("at"), operator.attrgetter("status")


class History:
    """Follows a study from snapshot to snapshot; looks only at what is new."""

    def __init__(self) -> None:
        self._seen: tuple[TrialRow, ...] = ()
        self._rows: dict[int, TrialRow] = {}
        self._open: dict[int, TrialRow] = {}
        self._over: list[_Key] = []
        """Finished trials with a score, best first."""
        self._ended: list[_Key] = []
        """Finished trials by their ends."""
        self._told = 0
        self._news: list[News] = []
        """Of finished trials, the oldest first."""
        self._steps: list[Step] = []
        self._standings = Standings()
        self._unit: Unit = "epoch"
        self._longest = 1
        self._lowest: float | None = None
        self._begun: float | None = None
        self._last: float | None = None

    def update(self, study: StudySnapshot, now: float) -> Moment:
        """Work out a moment from the study as it is now."""
        self._take(study)
        alive = [self._open[trial] for trial in sorted(self._open)]
        keys = [*self._over]
        for row in alive:
            if row.val_accuracy is not None:
                bisect.insort(keys, _by_score(row), key=_place)
        ranked = tuple(map(_row, keys))
        news = [*self._news]
        courses = itertools.chain.from_iterable(map(_course, alive))
        for one in itertools.chain(_asked(study.commands), courses):
            bisect.insort(news, one, key=_at)
        return Moment(
            study=study,
            now=now,
            ranked=ranked,
            running=(
                *(row for row in alive if row.status == "running"),
                *last.in_training(study),
            ),
            waiting=tuple(r for r in alive if r.status != "running"),
            news=tuple(news),
            best=next((row for row in ranked if row.status != "failed"), None),
            best_so_far=tuple(self._steps),
            counts=tuple(Counter(map(_status, study.trials)).items()),
            ranks=dict(zip(map(_trial, keys), itertools.count(1), strict=False)),
            standings=self._standings,
            longest=self._longest,
            lowest=self._lowest,
            begun=self._begun,
            ended=self._last,
        )

    def _take(self, study: StudySnapshot) -> None:
        """Sort in what is another row than before."""
        seen = itertools.chain(self._seen, itertools.repeat(None))
        other = map(operator.is_not, study.trials, seen)
        changes = [
            (self._rows.get(row.trial), row)
            for row in itertools.compress(study.trials, other)
            if self._rows.get(row.trial) is not row
        ]
        self._seen, ended = study.trials, []
        self._unit = unit_of(study.config)
        for before, row in changes:
            self._rows[row.trial] = row
            self._stretch(row)
            if row.status in OPEN:
                self._open[row.trial] = row
                self._rise(row)
            elif before is None or before.status in OPEN:
                self._open.pop(row.trial, None)
                ended.append(row)
        if changes:
            self._standings = self._standings.updated(changes)
        if ended:
            self._finish(ended)

    def _stretch(self, row: TrialRow) -> None:
        """Widen the bounds between which all trials are."""
        self._longest = max(self._longest, row.epochs)
        if row.curve:
            self._lowest = _least(self._lowest, row.curve[0])
        if row.started is not None:
            self._begun = _least(self._begun, row.started)
        if row.ended is not None:
            self._last = max(self._last or row.ended, row.ended)

    def _finish(self, rows: Sequence[TrialRow]) -> None:
        """Rank trials that ended since, and write news of them."""
        self._over += [_by_score(row) for row in rows if row.val_accuracy is not None]
        self._over.sort(key=_place)
        keys: list[_Key] = [(row.ended or 0.0, row.trial, row) for row in rows]
        if self._ended and min(map(_place, keys)) < _place(self._ended[-1]):
            # They ended before others that are told already: all is told anew.
            self._told, self._news = 0, []
        self._ended += keys
        self._ended.sort(key=_place)
        self._tell_ends()

    def _tell_ends(self) -> None:
        """Write news of the trials that ended since, and who was the best then."""
        since, self._told = self._told, len(self._ended)
        for at, trial, row in self._ended[since:]:
            self._news += _course(row, at)
            self._news.append(News(at, trial, _ending(row, self._unit), row.status))
            if row.status != "failed" and row.val_accuracy is not None:
                self._climb(Step(at, row.val_accuracy, trial))
        self._news.sort(key=_at)

    def _rise(self, row: TrialRow) -> None:
        """Note what a trial that still runs has reached, and when."""
        if row.val_accuracy is None or len(row.epoch_ends) != len(row.curve):
            return
        scores = [row.val_accuracy] if self._unit == "fold" else row.curve
        ends = row.epoch_ends[-1:] if self._unit == "fold" else row.epoch_ends
        for at, score in zip(ends, scores, strict=True):
            self._climb(Step(at, score, row.trial))

    def _climb(self, step: Step) -> None:
        """Put a score among the steps, if none before it was as good."""
        place = bisect.bisect_right(self._steps, step.at, key=_at)
        if place and self._steps[place - 1].val_accuracy >= step.val_accuracy:
            return
        after = self._steps[place:]
        better = (n for n, s in enumerate(after) if s.val_accuracy > step.val_accuracy)
        self._steps[place : place + next(better, len(after))] = [step]


def _by_score(row: TrialRow) -> _Key:
    return -(row.val_accuracy or 0.0), row.trial, row


def _least(known: float | None, value: float) -> float:
    return value if known is None else min(known, value)


def _ending(row: TrialRow, unit: Unit) -> str:
    epochs = plural(row.epochs, unit)
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


def requested(command: Command) -> str:
    """Say what a command asks for, after "asked to"."""
    trial = "" if command.trial is None else command.trial
    return REQUESTS[command.operation].format(trial=trial, count=command.count)


def _asked(commands: Sequence[Command]) -> Iterable[News]:
    for command in commands:
        if command.operation not in REQUESTS:
            continue
        reply = "not taken yet" if command.answer is None else command.answer
        if command.answer is not None and not command.done:
            reply = f"refused, for {reply}"
        yield News(command.sent, -1, f"asked to {requested(command)}: {reply}", "asked")
