"""The lines of a table, each written anew only when it would be another."""

from collections.abc import Callable, Hashable, Sequence
from typing import Generic

from autocnn.views.tui.filters import Column, Fitted, Row, Spans, fit, written

KEPT = 1000
"""Lines that are remembered, at most; a screen shows some fifty."""


class Writer(Generic[Row]):
    """Writes rows in columns, and remembers what it wrote."""

    def __init__(self, more: str) -> None:
        """`more` ends a text that was cut."""
        self._more = more
        self._columns: Sequence[Column[Row]] = ()
        self._beside: Callable[[Row], object] = bool
        self._width = -1
        self._fitted: Fitted[Row] = []
        self._room: list[tuple[str, int, int]] = []
        self._known: dict[Hashable, tuple[Row, object, Spans]] = {}

    def use(
        self,
        columns: Sequence[Column[Row]],
        beside: Callable[[Row], object] | None,
    ) -> None:
        """Write in these columns from now on.

        `beside` says what a line is written from besides its row; without it, all
        lines are written anew.
        """
        new = object()
        self._columns, self._width = columns, -1
        self._beside = beside or (lambda _: new)
        if len(self._known) > KEPT:
            self._known.clear()

    def fitted(self, width: int) -> Fitted[Row]:
        """Give the columns as they fit a width."""
        if width != self._width:
            self._fitted, self._width = fit(self._columns, width), width
            room = [(each.name, cells, space) for each, cells, space in self._fitted]
            if room != self._room:
                self._room = room
                self._known.clear()
        return self._fitted

    def line(self, identity: Hashable, row: Row, width: int) -> Spans:
        """Give a row's line at a width."""
        fitted, beside = self.fitted(width), self._beside(row)
        known = self._known.get(identity)
        if known is not None and known[0] is row and known[1] == beside:
            return known[2]
        spans = written(row, fitted, self._more)
        self._known[identity] = row, beside, spans
        return spans
