"""A table of made-up curves: the nearer to x = 0.8 and rate = 1, the better."""

from collections.abc import Callable

import numpy as np
import optuna
import pytest

from autocnn.choices import FloatRange, OneOf
from autocnn.offline.table import Row, Table
from autocnn.search.space import Space


@pytest.fixture(autouse=True)
def _quiet() -> None:
    """Optuna says nothing of each trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture
def make_table() -> Callable[..., Table]:
    """Make a table of so many recipes; of two kinds, b beats a."""
    space = Space(
        ranges={
            "x": FloatRange(0.0, 1.0),
            "rate": FloatRange(0.1, 10.0, log=True),
            "kind": OneOf(("a", "b")),
        },
        fixed={},
        defaults={"x": 0.5, "rate": 1.0, "kind": "a"},
    )

    def make(rows: int = 60, epochs: int = 9) -> Table:
        random = np.random.default_rng(0)
        made = []
        for number in range(rows):
            x, log = random.uniform(), random.uniform(-1, 1)
            kind = "ab"[random.integers(2)]
            limit = 0.9 - abs(x - 0.8) / 3 - abs(log) / 5 - 0.1 * (kind == "a")
            made.append(
                Row(
                    number=number,
                    params={"x": x, "rate": 10**log, "kind": kind},
                    curve=[limit * (1 - 0.6**epoch) for epoch in range(1, epochs + 1)],
                )
            )
        starts = [{**space.defaults}, {**space.defaults, "kind": "b"}]
        return Table(space=space, epochs=epochs, rows=made, starts=starts)

    return make
