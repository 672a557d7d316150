"""A recorded study as it was at any moment."""

import bisect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from autocnn.store.aim import standard_error
from autocnn.store.rows import CONFIG, Pause, StudySnapshot, TrialRow, val_images
from autocnn.store.state import Pace, Phase, SearchState
from autocnn.store.timeline import Timeline

Histories = Mapping[int, Sequence[Sequence[float]]]
"""By trial number, what is logged of its epochs: when each ended, ..., its seconds and
images per second."""


def at(study: StudySnapshot, histories: Histories, moment: float) -> StudySnapshot:
    """Say what a study was at a moment, in seconds since 1970."""
    return Recording(study, histories).at(moment)


@dataclass(frozen=True, slots=True)
class _Epoch:
    """One epoch (or fold) of a trial in time."""

    begun: float
    ended: float
    images_per_second: float


@dataclass(frozen=True, slots=True)
class _Course:
    """One trial in time."""

    row: TrialRow
    started: float
    ended: float
    """Infinite if it never ended."""
    epochs: Sequence[_Epoch]
    timed: bool
    """Whether the times of the epochs are known, rather than guessed."""

    def passed(self, moment: float) -> int:
        """Count the epochs that had ended by then."""
        return bisect.bisect_right(self.epochs, moment, key=lambda one: one.ended)

    def pause(self, moment: float) -> Pause | None:
        """Say which pause a trial that had not ended was in."""
        before = [pause for pause in self.row.pauses if pause.since <= moment]
        paused = before and (before[-1].until or math.inf) > moment
        return before[-1] if paused else None

    def changes(self) -> Iterable[float]:
        """When its row is another than before."""
        yield self.started
        yield from (epoch.ended for epoch in self.epochs)
        for pause in self.row.pauses:
            yield pause.since
            if pause.until is not None:
                yield pause.until
        if self.ended < math.inf:
            yield self.ended


class Recording:
    """A study with its times; `at` works out only what differs from the last time."""

    def __init__(self, study: StudySnapshot, histories: Histories) -> None:
        self.study = study
        known = [*_times(study, histories)]
        self.begin, self.end = min(known, default=0.0), max(known, default=0.0)
        self._courses = {
            row.trial: _course(row, histories.get(row.trial, ()), self.end)
            for row in study.trials
            if row.started is not None or row.ended is not None
        }
        changes = sorted(
            (moment, trial)
            for trial, course in self._courses.items()
            for moment in course.changes()
        )
        self._moments = [moment for moment, _ in changes]
        self._owners = [trial for _, trial in changes]
        self._starts = sorted(course.started for course in self._courses.values())
        self.timeline = Timeline(self.begin, self.end, sorted(self._busy()))
        self._reached = 0
        self._rows: dict[int, TrialRow] = {}
        self._running: set[int] = set()

    def at(self, moment: float) -> StudySnapshot:
        """Say what the study was at a moment; from its end on, what it is."""
        if moment >= self.end:
            return self.study
        reached = bisect.bisect_right(self._moments, moment)
        first, last = sorted((reached, self._reached))
        for trial in set(self._owners[first:last]):
            self._place(trial, moment)
        self._reached = reached
        return replace(
            self.study,
            trials=tuple(self._rows[trial] for trial in sorted(self._rows)),
            state=self._state(moment),
            commands=tuple(c for c in self.study.commands if c.sent <= moment),
            final=None,  # what follows the trials is not known before the end
            estimate=None,
            openings=(),
        )

    def epochs(self, trial: int, moment: float) -> int:
        """Count the epochs of a trial that had ended by then."""
        course = self._courses.get(trial)
        return course.passed(moment) if course is not None else 0

    def _place(self, trial: int, moment: float) -> None:
        """Put a trial's row of that moment among the others."""
        course = self._courses[trial]
        self._running.discard(trial)
        if moment < course.started:
            self._rows.pop(trial, None)
        elif moment >= course.ended:
            self._rows[trial] = course.row
        else:
            self._rows[trial] = row = self._cut(course, moment)
            if row.status == "running":
                self._running.add(trial)

    def _cut(self, course: _Course, moment: float) -> TrialRow:
        """Take what was known of a trial that had not ended."""
        row, epochs, paused = course.row, course.passed(moment), course.pause(moment)
        pauses = tuple(_until(p, moment) for p in row.pauses if p.since <= moment)
        curve, score = row.curve[:epochs], None
        if curve:
            folds = self.study.config.get("folds")
            score = sum(curve) / len(curve) if folds else max(curve)
        return replace(
            row,
            state="running",
            status="paused" if paused else "running",
            val_accuracy=score,
            val_standard_error=standard_error(
                score, val_images({CONFIG: self.study.config})
            ),
            epochs=epochs,
            curve=curve,
            seconds=None,
            images_per_second=None,
            reason=paused.reason if paused else "",
            ended=None,
            promotions=sum(pause.until is not None for pause in pauses),
            pauses=pauses,
            epoch_ends=tuple(one.ended for one in course.epochs[:epochs]),
        )

    def _state(self, moment: float) -> SearchState | None:
        """Say what the driver would have said; None if it never said anything."""
        if self.study.state is None:
            return None
        jobs = self._count("jobs", self.study.state.jobs, moment)
        return replace(
            self.study.state,
            phase=self._phase(moment),
            beat=self._reached,
            jobs=max(jobs, len(self._running)) if jobs else 0,
            trials=self._count("trials", self.study.state.trials, moment),
            seconds=self._seconds(self.study.state, moment),
            earlier_seconds=0.0,
            seconds_left=None,
            outcome="",
            notice="",
            paces=dict(self._paces(moment)),
            load=None,
        )

    def _seconds(self, state: SearchState, moment: float) -> float:
        """Say how long it had searched: never longer than it did in all.

        Between two runs, too, the time goes on, but not the search.
        """
        played, whole = self.timeline.played(moment), state.seconds
        whole += state.earlier_seconds
        return round(min(played, whole) if whole else played, 1)

    def _count(self, operation: str, today: int, moment: float) -> int:
        """Say what a person had set a number to; 0 if that is lost.

        If it is another today than was asked for last, a later run began with that:
        when is not recorded.
        """
        asked = [
            (c.sent, c.count)
            for c in self.study.commands
            if c.operation == operation and c.done and c.count
        ]
        if asked and asked[-1][0] <= moment:
            return today
        before = [count for sent, count in asked if sent <= moment]
        return before[-1] if before else 0 if asked else today

    def _phase(self, moment: float) -> Phase:
        """Whether the search was paused: it was asked to, and began nothing since."""
        asked = [c for c in self.study.commands if c.sent <= moment and c.done]
        last = next(
            (c for c in reversed(asked) if c.operation in {"pause", "resume"}), None
        )
        if last is None or last.operation == "resume":
            return "searching"
        begun = bisect.bisect_right(self._starts, moment)
        since = bisect.bisect_right(self._starts, last.sent)
        if begun > since:
            return "searching"
        return "pausing" if self._running else "paused"

    def _paces(self, moment: float) -> Iterable[tuple[int, Pace]]:
        folds = bool(self.study.config.get("folds"))
        for trial in self._running:
            course = self._courses[trial]
            passed = course.passed(moment)
            if passed == len(course.epochs):
                continue
            epoch = course.epochs[passed]
            share = (moment - epoch.begun) / max(epoch.ended - epoch.begun, 1e-9)
            number = passed + 1
            yield (
                trial,
                Pace(
                    epoch=number,
                    share=round(min(1.0, max(0.0, share)), 3),
                    fold=number if folds else 0,
                    images_per_second=epoch.images_per_second,
                ),
            )

    def _busy(self) -> Iterable[tuple[float, float]]:
        """Name the spans in which something is known to have happened."""
        for course in self._courses.values():
            yield from ((moment, moment) for moment in course.changes())
            if course.timed:
                yield from ((epoch.begun, epoch.ended) for epoch in course.epochs)
        yield from ((command.sent, command.sent) for command in self.study.commands)


def _times(study: StudySnapshot, histories: Histories) -> Iterable[float]:
    """Name all moments at which something happened, as far as they are known."""
    for row in study.trials:
        known = (row.started, row.ended, *(pause.until for pause in row.pauses))
        yield from (when for when in known if when is not None)
        if row.started is not None:
            for epoch in _logged(row, histories.get(row.trial, ())):
                yield max(row.started, epoch[0])
    yield from (command.sent for command in study.commands if study.trials)


def _until(pause: Pause, moment: float) -> Pause:
    """Say what was known of a pause that had begun."""
    over = pause.until is not None and pause.until <= moment
    return pause if over else replace(pause, until=None)


def _logged(
    row: TrialRow, history: Sequence[Sequence[float]]
) -> Sequence[Sequence[float]]:
    """Take the log of the epochs in a trial's curve; nothing if it is incomplete."""
    whole = len(history) >= row.epochs and all(len(epoch) >= 6 for epoch in history)
    return history[: row.epochs] if whole else ()


def _course(row: TrialRow, history: Sequence[Sequence[float]], until: float) -> _Course:
    """Find out when a trial's epochs were; without a log they are spread evenly."""
    ended = row.ended if row.ended is not None else until
    started = row.started if row.started is not None else ended
    logged = _logged(row, history)
    step = max(0.0, ended - started) / max(row.epochs, 1)
    epochs: list[_Epoch] = []
    before = started
    for number in range(row.epochs):
        if logged:
            when, *_, seconds, speed = logged[number][:6]
        else:
            when, seconds, speed = started + (number + 1) * step, step, 0.0
        # Clocks are put back, and a database may round what it keeps.
        when = min(max(when, before), max(ended, before))
        epochs.append(_Epoch(max(before, when - seconds), when, speed))
        before = when
    over = row.ended if row.ended is not None else math.inf
    return _Course(row, started, over, epochs, bool(logged))
