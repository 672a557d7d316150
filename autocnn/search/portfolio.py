"""What a new study begins with: recipes that together do well over many data sets.

To add one, add its line to PORTFOLIO, at the place where a search is to try it.
"""

import math
from collections.abc import Iterator, Mapping

from autocnn.choices import FloatRange, IntRange, OneOf, Range, Scalar
from autocnn.search.ranges import clip
from autocnn.search.space import Space
from autocnn.store.rows import StudySnapshot

PORTFOLIO: Mapping[str, Mapping[str, Scalar]] = {
    "flip": {"augmentation": "flip"},
    "rmsprop": {"optimizer": "rmsprop"},
    "nadam, silu": {
        "optimizer": "nadam",
        "activation": "silu",
        "learning_rate_factor": 3.0,
        "batch_size": 32,
    },
    "squeeze, silu": {"block": "squeeze_excite", "activation": "silu"},
    "as they are": {"augmentation": "none"},
    "shallow, dense": {
        "stages": 2,
        "convs_per_stage": 1,
        "width": 64,
        "width_growth": 1.9,
        "pooling": "max",
        "norm": "group_norm",
        "activation": "silu",
        "head": "dense",
        "optimizer": "adam",
        "learning_rate_factor": 5.0,
        "batch_size": 32,
        "dense_dropout": 0.2,
    },
    "residual": {
        "block": "residual",
        "width": 48,
        "width_growth": 1.5,
        "pooling": "max",
    },
    "tiny, adamax": {
        "stages": 2,
        "convs_per_stage": 1,
        "width": 16,
        "width_growth": 1.5,
        "norm": "group_norm",
        "pooling": "avg",
        "head": "dense",
        "dense_units": 480,
        "dense_dropout": 0.3,
        "conv_dropout": 0.2,
        "optimizer": "adamax",
        "learning_rate_factor": 3.0,
        "batch_size": 32,
        "augmentation": "none",
    },
}
"""Changes of the space's first recipe, tried in this order."""
Point = tuple[str, dict[str, Scalar]]
"""Where it comes from, and its values."""
FIRST = "a known good start"
MOST_FROM = 8
NEAR = (0.0, 0.05, -0.05, 0.1, -0.1, 0.2, -0.2)
"""How far start points lie from what a person believes in, as shares of the range."""


def start_points(space: Space, *, portfolio: bool = True) -> Iterator[Point]:
    """Yield where each point comes from and its values, every one of them once.

    A space around a person's own recipe has one: the recipe as it is.
    """
    seen: list[dict[str, Scalar]] = []
    known = PORTFOLIO if portfolio and space.template is None else {}
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
