"""The time that a recorded study is played by."""

import bisect
import itertools
from collections.abc import Iterable, Sequence

SILENCE = 600.0
"""Where nothing happens for longer than these seconds, nobody wants to wait."""
SHORT = 10.0
"""Seconds that such a silence takes in a replay."""


class Timeline:
    """A study's time as it is played: from 0, in seconds, and silences are short."""

    def __init__(
        self, begin: float, end: float, busy: Iterable[tuple[float, float]]
    ) -> None:
        """`busy`: spans in which something happened, the earliest first."""
        self._moments, self._played = [begin], [0.0]
        self.silences: list[float] = []
        """How long each was that is shortened, in seconds."""
        reached = begin
        for since, until in itertools.chain(busy, [(end, end)]):
            if since - reached > SILENCE:
                self._add(reached, reached - self._moments[-1])
                self._add(since, SHORT)
                self.silences.append(since - reached)
            reached = max(reached, until)
        self._add(end, end - self._moments[-1])

    def _add(self, moment: float, seconds: float) -> None:
        self._moments.append(moment)
        self._played.append(self._played[-1] + seconds)

    @property
    def length(self) -> float:
        """How many seconds there are to play."""
        return self._played[-1]

    def moment(self, played: float) -> float:
        """Say which moment is shown after playing so many seconds."""
        return _between(self._played, self._moments, played)

    def played(self, moment: float) -> float:
        """Say after how many seconds a moment is shown."""
        return _between(self._moments, self._played, moment)


def _between(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """Follow the line through points; at its ends it stays."""
    if x >= xs[-1]:
        return ys[-1]
    place = max(1, bisect.bisect_right(xs, x))
    (left, right), (low, high) = xs[place - 1 : place + 1], ys[place - 1 : place + 1]
    return low + (high - low) * max(0.0, x - left) / (right - left)
