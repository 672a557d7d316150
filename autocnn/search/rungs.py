"""Who is paused at a rung and who goes on: pure functions of where trials stand.

Asynchronous successive halving (Li et al. 2018, arXiv:1810.05934) with pauses: a trial
outside of the best third of its rung keeps its checkpoint, and goes on from there when
others have done worse, instead of being given up. The first trial of all, a known good
start, never pauses: there is soon a whole training, whatever the others come to.
"""

import math
from bisect import bisect_left
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


class Standings:
    """All trials that count, and their places at each rung.

    What a trial scored at a rung is final, so its place among the others is looked for
    once, and not among all of them again whenever one is judged.
    """

    def __init__(self, judged: Sequence[int], courses: Iterable[Course] = ()) -> None:
        self.judged = judged
        self._courses: dict[int, Course] = {}
        self._places: dict[int, list[tuple[float, int]]] = {rung: [] for rung in judged}
        """At each rung, of all that came to it, the negative score and the number."""
        for course in courses:
            self.put(course)

    def __len__(self) -> int:
        return len(self._courses)

    def put(self, course: Course) -> None:
        """Know a trial as it is now."""
        self._courses[course.trial] = course
        for rung in self.judged:
            if len(course.curve) >= rung:
                places, place = self._places[rung], (-course.score(rung), course.trial)
                at = bisect_left(places, place)
                if places[at : at + 1] != [place]:
                    places.insert(at, place)

    def remove(self, trial: int) -> None:
        """Leave a trial out of all comparisons."""
        self._courses.pop(trial, None)
        for rung, places in self._places.items():
            self._places[rung] = [place for place in places if place[1] != trial]

    def ranking(self, rung: int) -> list[Course]:
        """Rank all that came to a rung, best first; of equals, the lowest number."""
        return [self._courses[trial] for _, trial in self._places[rung]]

    def passes(self, trial: int, rung: int) -> bool:
        """Say whether a trial at a rung goes on: the first, or among the best third."""
        place = (-self._courses[trial].score(rung), trial)
        places = self._places[rung]
        return _earns(bisect_left(places, place), trial, len(places))


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


def next_promotion(found: Standings, busy: Collection[int] = ()) -> int | None:
    """Choose the paused trial that goes on next: by the highest rung, then the best.

    None if no paused trial passes its rung. Those that are `busy`, since a worker has
    still to leave them, are passed over.
    """
    earned = _waiting(found, _passing)
    return next((trial for trial in earned if trial not in busy), None)


def most_promising(found: Standings, busy: Collection[int] = ()) -> int | None:
    """Choose the best paused trial of the highest rung, whatever its place there."""
    all_of_them = _waiting(found, lambda ranked: ranked)
    return next((trial for trial in all_of_them if trial not in busy), None)


def leaders(found: Standings, places: int) -> list[int]:
    """List the paused trials at the top of their rungs, highest rungs first."""
    return list(_waiting(found, lambda ranked: ranked[:places]))


def _passing(ranked: Sequence[Course]) -> list[Course]:
    """Choose of all that came to a rung, best first, those that do not pause there."""
    return [
        course
        for place, course in enumerate(ranked)
        if _earns(place, course.trial, len(ranked))
    ]


def _earns(place: int, trial: int, among: int) -> bool:
    """Say whether a trial at this place of a rung goes on: the rule of halving."""
    return trial == FIRST or place < among // ETA


def _waiting(
    found: Standings, choose: Callable[[Sequence[Course]], Sequence[Course]]
) -> Iterator[int]:
    """Yield the paused trials among those chosen of each rung's, best first.

    Those of the highest rung come first.
    """
    for rung in reversed(found.judged):
        for course in choose(found.ranking(rung)):
            if _waits(course, rung):
                yield course.trial


def hopeless(found: Standings, most: float, spare: int) -> list[int]:
    """List the paused trials that can be given up.

    They are beyond the best third of all that can ever come to their rung, of `most`
    trials in the study, with a few (`spare`) who may go on where workers would be idle;
    or beyond the best KEPT that wait there: what they keep on disk has a bound.
    """
    given_up = []
    for rung in found.judged:
        ranked = found.ranking(rung)
        waiting = [course for course in ranked if _waits(course, rung)]
        places = {course.trial: place for place, course in enumerate(ranked)}
        most = max(1, most // ETA) if math.isfinite(most) else most
        given_up += [
            course.trial
            for number, course in enumerate(waiting)
            if course.trial != FIRST
            and (places[course.trial] >= most + spare or number >= KEPT)
        ]
    return given_up


def _waits(course: Course, rung: int) -> bool:
    return course.paused and len(course.curve) == rung
