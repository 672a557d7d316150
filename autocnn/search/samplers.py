"""Who proposes the next recipe. To add a sampler, add its line to SAMPLERS."""

import importlib.util
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import optuna
from optuna.samplers import BaseSampler

from autocnn.choices import pick
from autocnn.errors import RequestError
from autocnn.search.informed import Informed


@dataclass(frozen=True, slots=True)
class Sampler:
    """How a sampler is made from a seed, and what it is good for."""

    make: Callable[[int, int], BaseSampler]
    """Takes a seed, and after how many trials it may begin to learn from them."""
    help: str
    package: str = ""
    """What must be installed for it, beyond autocnn's own needs."""
    complete_only: bool = False
    """Whether it heeds constraints, but of complete trials only."""
    together: bool = False
    """Whether it draws all parameters at once."""
    sequence: bool = False
    """Whether its trials are the steps of one sequence, which one seed makes."""
    most: float = math.inf
    """Finished trials that it learns from; more are thinned out, but for the best."""


SAMPLERS: Mapping[str, Sampler] = {
    "tpe": Sampler(
        lambda seed, startup: optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=startup, multivariate=True, constant_liar=True
        ),
        "models good and bad recipes together; the default",
        most=1_000,
        together=True,
    ),
    "tpe-univariate": Sampler(
        lambda seed, startup: optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=startup, multivariate=False, constant_liar=True
        ),
        "models each parameter alone; good with many workers",
        most=1_000,
    ),
    "gp": Sampler(
        lambda seed, startup: optuna.samplers.GPSampler(
            seed=seed, n_startup_trials=startup
        ),
        "a Gaussian process; good under 100 trials with --pruner none",
        complete_only=True,
        most=500,
        together=True,
    ),
    "cmaes": Sampler(
        lambda seed, _: optuna.samplers.CmaEsSampler(seed=seed),
        "an evolution strategy, for numbers only; needs autocnn[cmaes]",
        package="cmaes",
    ),
    "nsga2": Sampler(
        lambda seed, _: optuna.samplers.NSGAIISampler(seed=seed, population_size=10),
        "a genetic algorithm",
    ),
    "random": Sampler(
        lambda seed, _: optuna.samplers.RandomSampler(seed=seed), "the honest baseline"
    ),
    "qmc": Sampler(
        lambda seed, _: optuna.samplers.QMCSampler(
            seed=seed, scramble=True, warn_independent_sampling=False
        ),
        "random, but evenly spread",
        sequence=True,
    ),
    "grid": Sampler(
        # Every cell is enqueued when the study begins; nothing is left to draw.
        lambda seed, _: optuna.samplers.RandomSampler(seed=seed),
        "every combination once; all ranges must be lists or whole numbers",
    ),
}


def make_sampler(
    name: str,
    *,
    seed: int,
    startup: int = 10,
    limits: Mapping[str, float] = MappingProxyType({}),
) -> BaseSampler:
    """Make a sampler whose every trial has a seed of its own.

    So a search that was broken off goes on as if it had not been. `limits` bound
    attributes of trials; TPE and GP learn what keeps them.
    """
    row = pick(SAMPLERS, name, "sampler")
    if row.package and importlib.util.find_spec(row.package) is None:
        raise RequestError(
            f"the sampler '{name}' needs the package '{row.package}'",
            hint=f"pip install {row.package}, or choose another --sampler",
        )

    def seed_of(trial: int) -> int:
        return (seed * 1_000_003 + trial) % 2**32

    return Informed(
        lambda trial: row.make(seed_of(0 if row.sequence else trial), startup),
        lambda trial: optuna.samplers.RandomSampler(seed_of(trial)),
        limits,
        complete_only=row.complete_only,
        most=row.most,
        together=row.together,
    )
