"""Who gives a weak trial up. To add a pruner, add its line to PRUNERS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import optuna
from optuna.pruners import BasePruner

from autocnn.choices import pick
from autocnn.search.rungs import ETA, first_rung


@dataclass(frozen=True, slots=True)
class Pruner:
    """How a pruner is made for trials of so many epochs (or folds)."""

    make: Callable[[int], BasePruner]
    help: str


PRUNERS: Mapping[str, Pruner] = {
    "asha": Pruner(  # of folds; epochs are judged by search.rungs, which pauses
        lambda epochs: optuna.pruners.SuccessiveHalvingPruner(
            min_resource=first_rung(epochs), reduction_factor=ETA
        ),
        "asynchronous successive halving: only the best third passes each rung, "
        "others pause until they are among it",
    ),
    "median": Pruner(
        lambda epochs: optuna.pruners.MedianPruner(
            n_startup_trials=5, n_warmup_steps=max(1, epochs // 4)
        ),
        "gives up what is below the median of finished trials",
    ),
    "percentile": Pruner(
        lambda epochs: optuna.pruners.PercentilePruner(
            25.0, n_startup_trials=5, n_warmup_steps=max(1, epochs // 8)
        ),
        "keeps what is in the best quarter of finished trials",
    ),
    "hyperband": Pruner(
        lambda epochs: optuna.pruners.HyperbandPruner(
            min_resource=1, max_resource=epochs, reduction_factor=ETA
        ),
        "successive halving at several starting rungs; for 150 trials or more",
    ),
    "wilcoxon": Pruner(
        lambda epochs: optuna.pruners.WilcoxonPruner(p_threshold=0.1),
        "compares folds with the best trial's; for --folds",
    ),
    "none": Pruner(lambda epochs: optuna.pruners.NopPruner(), "trains all to the end"),
}


def make_pruner(name: str, steps: int) -> BasePruner:
    """Make a pruner for trials that report `steps` times."""
    return pick(PRUNERS, name, "pruner").make(steps)
