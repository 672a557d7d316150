"""What a new study begins with: recipes that together do well over many data sets.

To add one, add its line to PORTFOLIO, at the place where a search is to try it.
"""

import math
from collections.abc import Iterator, Mapping

from autocnn.choices import FloatRange, IntRange, OneOf, Range, Scalar
from autocnn.search.space import Space, clip
from autocnn.store.rows import StudySnapshot

PORTFOLIO: Mapping[str, Mapping[str, Scalar]] = {}
"""Changes of the space's first recipe, found by ``python -m benchmarks portfolio``: the
order is that of what each adds to those before it."""
Point = tuple[str, dict[str, Scalar]]
"""Where it comes from, and its values."""
FIRST = "a known good start"
MOST_FROM = 8
NEAR = (0.0, 0.05, -0.05, 0.1, -0.1, 0.2, -0.2)
"""How far start points lie from what a person believes in, as shares of the range."""


def start_points(space: Space) -> Iterator[Point]:
    """Yield where each point comes from and its values, every one of them once.

    A space around a person's own recipe has one: the recipe as it is.
    """
    seen: list[dict[str, Scalar]] = []
    known = {} if space.template is not None else PORTFOLIO
    origins = {FIRST: {}, **{f"portfolio: {name}": known[name] for name in known}}
    for number, (origin, changes) in enumerate(origins.items()):
        values = _fitted({**space.defaults, **changes}, space)
        values |= _believed(space, number)
        if values not in seen:
            seen.append(values)
            yield origin, values


def points_of(study: StudySnapshot, space: Space) -> Iterator[Point]:
    """Yield the best trials of another study, as far as this space can draw them."""
    scored = [row for row in study.ranked() if row.status != "failed" and row.params]
    for row in scored[:MOST_FROM]:
        values = _fitted({**space.defaults, **row.params}, space)
        yield f"trial {row.trial} of study {study.name}", values


def _fitted(values: Mapping[str, Scalar], space: Space) -> dict[str, Scalar]:
    return {name: clip(values[name], choice) for name, choice in space.ranges.items()}


def _believed(space: Space, number: int) -> dict[str, Scalar]:
    """Give the start point of this number values near those a person believes in."""
    return {
        name: clip(_beside(value, space.ranges[name], NEAR[number % len(NEAR)]), choice)
        for name, value in space.priors.items()
        if (choice := space.ranges.get(name)) is not None
    }


def _beside(value: Scalar, choice: Range, share: float) -> Scalar:
    """Go a share of the range away from a value."""
    match choice:
        case OneOf():
            return value
        case FloatRange(low, high, log) | IntRange(low, high, log):
            assert isinstance(value, int | float)
            if log:
                return float(value) * math.exp(share * math.log(high / low))
            return float(value) + share * (high - low)
