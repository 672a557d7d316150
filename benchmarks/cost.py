"""Predicted seconds of training beside measured ones, for networks of the space."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import torch

from autocnn import recipe as recipes
from autocnn.engines.machine import prices
from autocnn.processes import cores
from autocnn.search.sample import Drawn, draw_some
from autocnn.search.space import default_space
from autocnn.train.cost import step_seconds
from benchmarks.images import write_cache
from benchmarks.networks import FOR_EVER, SHAPE
from benchmarks.report import Bar, Measured, OtherLoad
from benchmarks.side import Side

BARS = {
    "predicted": Bar(0.75, 0.9, what="seconds predicted / measured, random networks"),
    "predicted_at_most": Bar(1.25, 1.1, least=False, what="the same"),
}
NETWORKS, QUICK_NETWORKS = 24, 6
SECONDS = 1.5

Say = Callable[[str], None]


def measure(quick: bool, say: Say) -> tuple[dict[str, Measured], float]:
    """Train networks of the space, one on each core at once, as a search would."""
    count = QUICK_NETWORKS if quick else NETWORKS
    found = prices(torch.device("cpu"), cores(), say)
    assert found is not None
    space = default_space(SHAPE, accelerated=False)
    drawn = draw_some(space, SHAPE, epochs=FOR_EVER, draws=count)
    ratios: list[float] = []
    load = OtherLoad()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        cache = write_cache(Path(folder) / "prepared")
        sides = [stack.enter_context(Side("ours", cache, 1)) for _ in range(cores())]
        for start in range(0, count, len(sides)):
            some = drawn[start : start + len(sides)]
            for side, one in zip(sides, some, strict=False):
                side.begin("train_recipe", recipes.dumps(one.recipe), SECONDS)
            for side, one in zip(sides, some, strict=False):
                measured = side.answer()
                batch = one.recipe.train.batch_size
                step = step_seconds(found, one.summary, one.recipe.train, SHAPE)
                ratios.append(step / batch / measured)
                say(f"{ratios[-1]:.2f} {measured * 1e3:.2f} ms an image: {_shown(one)}")
        return {name: Measured(ratios) for name in BARS}, load.cores()


def _shown(one: Drawn) -> str:
    settings = one.recipe.train
    layers = ", ".join(map(str, one.recipe.layers))
    return f"{layers}; {settings.optimizer}, batch {settings.batch_size}"
