"""A grid: every recipe that lists of values make, once."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from autocnn.choices import FloatRange, IntRange, OneOf, Scalar
from autocnn.errors import AutocnnError, RequestError
from autocnn.recipe import Recipe
from autocnn.search.space import Space

MOST = 10_000
"""Combinations that are looked through: some seconds."""


def cells(
    space: Space, to_recipe: Callable[[Mapping[str, Any]], Recipe]
) -> Iterator[dict[str, Scalar]]:
    """Yield the combinations of values that are a recipe of their own.

    Of those that differ in what has no effect, as the units of a dense layer where
    there is none, the first. RequestError if a range holds infinitely many values, or
    there are too many combinations.
    """
    known: set[str] = set()
    for cell in _combinations(space):
        try:
            key = to_recipe(cell).key
        except AutocnnError:  # the trial says why
            yield cell
            continue
        if key not in known:
            known.add(key)
            yield cell


def _combinations(space: Space) -> Iterator[dict[str, Scalar]]:
    axes: list[list[Scalar]] = []
    for name, choice in space.ranges.items():
        match choice:
            case OneOf(choices):
                axes.append(list(choices))
            case IntRange(low, high, log, step):
                axes.append(list(range(low, high + 1, 1 if log else step)))
            case FloatRange():
                raise RequestError(
                    f"a grid needs a list of values, and {name} is a range",
                    hint=f"write a list in a --space file: {name} = [0.1, 0.2, 0.3]",
                )
    if (count := math.prod(map(len, axes))) > MOST:
        raise RequestError(
            f"the grid has {count:,} combinations, and may have {MOST:,}",
            hint="write fewer values in a --space file, or choose another --sampler",
        )
    for point in itertools.product(*axes):
        yield dict(zip(space.ranges, point, strict=True))
