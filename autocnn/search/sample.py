"""A few recipes of a space, to tell what its trials will cost before any is trained."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import optuna

from autocnn.errors import RequestError
from autocnn.nets.net import NetSummary, summarize
from autocnn.recipe import ImageShape, Recipe
from autocnn.search import space as spaces
from autocnn.search.space import Space
from autocnn.train.cost import Calibration, epoch_seconds

DRAWS = 12


@dataclass(frozen=True, slots=True)
class Drawn:
    """A recipe and what its network is made of."""

    recipe: Recipe
    summary: NetSummary

    @property
    def training_bytes(self) -> int:
        """What training keeps in memory: maps, weights, gradients, two averages."""
        maps = self.summary.activation_bytes * self.recipe.train.batch_size
        return maps + 16 * self.summary.parameters


def draw_some(
    space: Space,
    shape: ImageShape,
    *,
    epochs: int,
    draws: int = DRAWS,
    limits: Mapping[str, float] = MappingProxyType({}),
) -> list[Drawn]:
    """Draw recipes at random, always the same; the first is the first trial's.

    Those over the limits on parameters and FLOPs are left out, unless all are.
    RequestError if none of them can be built.
    """
    flops = limits.get("flops", math.inf)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial(dict(space.defaults))
    drawn: list[Drawn] = []
    problem: RequestError | None = None
    for _ in range(draws):
        values = spaces.draw(space, study.ask())
        try:
            recipe = spaces.to_recipe(
                space, values, shape, epochs=epochs, most_flops=flops
            )
            drawn.append(Drawn(recipe, summarize(recipe, shape)))
        except RequestError as error:
            problem = error
    if problem is not None and not drawn:
        raise problem
    parameters = limits.get("parameters", math.inf)
    within = [
        one
        for one in drawn
        if one.summary.flops <= flops and one.summary.parameters <= parameters
    ]
    return within or drawn


def heaviest(drawn: Sequence[Drawn]) -> Recipe:
    """Choose the recipe that needs the most memory to train."""
    return max(drawn, key=lambda one: one.training_bytes).recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Predicted seconds of an epoch, of the recipes that were drawn."""

    low: float
    """A tenth of them take less."""
    median: float
    high: float
    """A tenth of them take more."""


def cost(
    drawn: Sequence[Drawn],
    prices: Calibration,
    shape: ImageShape,
    *,
    train_images: int,
    val_images: int,
) -> Cost:
    """Predict what an epoch of a typical trial takes on the measured machine."""
    seconds = sorted(
        epoch_seconds(
            prices,
            one.summary,
            one.recipe.train,
            shape,
            train_images=train_images,
            val_images=val_images,
        )
        for one in drawn
    )
    tenth = len(seconds) // 10
    return Cost(
        low=seconds[tenth], median=statistics.median(seconds), high=seconds[-1 - tenth]
    )
