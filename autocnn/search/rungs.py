"""Who is paused at a rung and who goes on: pure functions of a study's history.

Asynchronous successive halving (Li et al. 2018, arXiv:1810.05934) with pauses: a trial
outside of the best third of its rung keeps its checkpoint, and goes on from there when
others have done worse, instead of being given up. The first trial of all, a known good
start, never pauses: there is soon a whole training, whatever the others come to.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

ETA = 3
FIRST = 0
KEPT = 32
"""Paused trials whose checkpoints are kept at a rung, the best ones."""


@dataclass(frozen=True, slots=True)
class Course:
    """A trial as far as it was trained."""

    trial: int
    curve: Sequence[float]
    """val_accuracy of each epoch."""
    paused: bool = False
    """Whether it waits at a rung with its checkpoint; else it runs or is over."""

    def score(self, rung: int) -> float:
        """Its best accuracy up to a rung that it came to."""
        return max(self.curve[:rung])


def first_rung(epochs: int) -> int:
    """The epoch of the first judgement: a ninth of the training, rounded up.

    Two rungs then fit, and none falls so late that pausing there saves nothing.
    """
    return max(1, math.ceil(epochs / ETA**2))


def rungs(epochs: int) -> list[int]:
    """List the epochs at which successive halving judges, the last one excluded."""
    found, rung = [], first_rung(epochs)
    while rung < epochs:
        found.append(rung)
        rung *= ETA
    return found


def epoch_share(epochs: int) -> float:
    """Say what part of all trials' epochs is trained, if a third goes on each time.

    Of many trials: a few lose less.
    """
    ends = [*rungs(epochs), epochs]
    lengths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return sum(n / float(ETA**place) for place, n in enumerate(lengths)) / epochs


def ranking(history: Iterable[Course], rung: int) -> list[Course]:
    """Rank all trials that came to a rung, best first; of equals, the lowest number."""
    there = (course for course in history if len(course.curve) >= rung)
    return sorted(there, key=lambda course: (-course.score(rung), course.trial))


def passes(history: Collection[Course], trial: int, rung: int) -> bool:
    """Say whether a trial at a rung goes on: the first, or one of the best third."""
    return trial in [course.trial for course in _passing(ranking(history, rung))]


def next_promotion(
    history: Collection[Course], judged: Sequence[int], busy: Collection[int] = ()
) -> int | None:
    """Choose the paused trial that goes on next: by the highest rung, then the best.

    None if no paused trial passes its rung. Those that are `busy`, since a worker has
    still to leave them, are passed over.
    """
    earned = _waiting(history, judged, _passing)
    return next((trial for trial in earned if trial not in busy), None)


def most_promising(
    history: Collection[Course], judged: Sequence[int], busy: Collection[int] = ()
) -> int | None:
    """Choose the best paused trial of the highest rung, whatever its place there."""
    all_of_them = _waiting(history, judged, lambda ranked: ranked)
    return next((trial for trial in all_of_them if trial not in busy), None)


def leaders(
    history: Collection[Course], judged: Sequence[int], places: int
) -> list[int]:
    """List the paused trials at the top of their rungs, highest rungs first."""
    return list(_waiting(history, judged, lambda ranked: ranked[:places]))


def _passing(ranked: Sequence[Course]) -> list[Course]:
    """Choose of all that came to a rung, best first, those that do not pause there."""
    best = len(ranked) // ETA
    return [
        course
        for place, course in enumerate(ranked)
        if place < best or course.trial == FIRST
    ]


def _waiting(
    history: Collection[Course],
    judged: Sequence[int],
    choose: Callable[[Sequence[Course]], Sequence[Course]],
) -> Iterator[int]:
    """Yield the paused trials among those chosen of each rung's, best first.

    Those of the highest rung come first.
    """
    for rung in reversed(judged):
        for course in choose(ranking(history, rung)):
            if _waits(course, rung):
                yield course.trial


def hopeless(
    history: Collection[Course], judged: Sequence[int], most: float, spare: int
) -> list[int]:
    """List the paused trials that can be given up.

    They are beyond the best third of all that can ever come to their rung, of `most`
    trials in the study, with a few (`spare`) who may go on where workers would be idle;
    or beyond the best KEPT that wait there: what they keep on disk has a bound.
    """
    found = []
    for rung in judged:
        ranked = ranking(history, rung)
        waiting = [course for course in ranked if _waits(course, rung)]
        places = {course.trial: place for place, course in enumerate(ranked)}
        most = max(1, most // ETA) if math.isfinite(most) else most
        found += [
            course.trial
            for number, course in enumerate(waiting)
            if course.trial != FIRST
            and (places[course.trial] >= most + spare or number >= KEPT)
        ]
    return found


def _waits(course: Course, rung: int) -> bool:
    return course.paused and len(course.curve) == rung
