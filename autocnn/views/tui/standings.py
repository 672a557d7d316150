"""All accuracies that trials had at each epoch, sorted: they say where one stands."""

import bisect
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autocnn.quantities import ordinal
from autocnn.store.rows import TrialRow

Change = tuple[TrialRow | None, TrialRow]
"""A trial as it was known before, if it was, and as it is now."""


@dataclass(frozen=True, slots=True)
class Standings:
    """What a place among thousands is looked up in; it is never counted anew."""

    values: Mapping[int, Sequence[float]] = field(default_factory=dict)
    """Of all trials that came to an epoch, ascending; epochs are counted from 1."""
    bests: Mapping[int, Sequence[float]] = field(default_factory=dict)
    """Their best up to there, of those that did not fail."""

    def place(self, row: TrialRow, epoch: int, *, judged: bool) -> str:
        """Say where a trial stands among all that came to an epoch: 3rd of 11.

        Where trials are judged, the best up to there counts, and who failed does not.
        """
        there = (self.bests if judged else self.values).get(epoch, ())
        values = _values(row)[:epoch]
        value = max(values) if judged else values[-1]
        better = len(there) - bisect.bisect_right(there, value)
        return f"{ordinal(1 + better)} of {len(there)}"

    def updated(self, changes: Sequence[Change]) -> "Standings":
        """Give the standings after these changes."""
        values = ((_values(before), _values(after)) for before, after in changes)
        bests = ((_bests(before), _bests(after)) for before, after in changes)
        return Standings(_exchanged(self.values, values), _exchanged(self.bests, bests))


def _exchanged(
    known: Mapping[int, Sequence[float]],
    changes: Iterable[tuple[Sequence[float], Sequence[float]]],
) -> Mapping[int, Sequence[float]]:
    gone: dict[int, list[float]] = {}
    come: dict[int, list[float]] = {}
    for before, after in changes:
        same = 0
        if before:
            pairs = itertools.zip_longest(before, after)
            same = sum(1 for _ in itertools.takewhile(lambda p: p[0] == p[1], pairs))
        for epoch, value in enumerate(before[same:], start=same + 1):
            gone.setdefault(epoch, []).append(value)
        for epoch, value in enumerate(after[same:], start=same + 1):
            come.setdefault(epoch, []).append(value)
    found = dict(known)
    for epoch in gone.keys() | come.keys():
        values = [*known.get(epoch, ()), *come.get(epoch, ())]
        values.sort()
        for value in gone.get(epoch, ()):
            del values[bisect.bisect_left(values, value)]
        found[epoch] = values
    return found


def _values(row: TrialRow | None) -> Sequence[float]:
    if row is None:
        return ()
    # NaN has no place in any order.
    return [-math.inf if value != value else value for value in row.curve]


def _bests(row: TrialRow | None) -> Sequence[float]:
    if row is None or row.status == "failed":
        return ()
    return [*itertools.accumulate(_values(row), max)]
