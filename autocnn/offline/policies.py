"""The policies that are played beside each other. To add one, add it to `policies`."""

from collections.abc import Mapping
from functools import partial

from optuna.pruners import MedianPruner, SuccessiveHalvingPruner
from optuna.samplers import RandomSampler, TPESampler

from autocnn.offline.game import Policy
from autocnn.search.rungs import ETA, rungs
from autocnn.search.samplers import make_sampler
from autocnn.search.study import startup

OURS, RIVAL, STOPPING = "ours", "optuna tpe + median", "tpe + stopping asha"
"""The second sets the budget of all: the epochs that it takes for its trials."""


def policies(starts: int) -> Mapping[str, Policy]:
    """Make them all; ours begins with so many start points."""
    return {
        OURS: Policy(
            sampler=partial(make_sampler, "tpe", startup=startup(starts)),
            rungs=rungs,
            starts=starts,
        ),
        # As Optuna's own examples have it.
        RIVAL: Policy(sampler=TPESampler, pruner=MedianPruner()),
        STOPPING: stopping(1, ETA),
        "random, no pruner": Policy(sampler=RandomSampler),
    }


def stopping(first: int, eta: int) -> Policy:
    """Successive halving as Optuna has it, which gives trials up."""
    pruner = SuccessiveHalvingPruner(min_resource=first, reduction_factor=eta)
    return Policy(sampler=TPESampler, pruner=pruner, starts=1)
