"""How much each parameter matters: PED-ANOVA over trials that are equally far.

Watanabe et al. 2023, arXiv:2304.10255; for parameters that not every trial has,
arXiv:2601.20800.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import optuna
from optuna.distributions import BaseDistribution

from autocnn.store.rows import TrialRow
from autocnn.views.tui.drawn import QUARTER, Drawn, collect

NEEDED = 8
"""Trials that are equally far; from fewer nothing can be said."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A parameter, and how much of what can be explained it explains."""

    drawn: Drawn
    share: float
    """Of all parameters together 1."""


def comparable(
    rows: Sequence[TrialRow], rungs: Sequence[int], *, folds: bool = False
) -> tuple[Sequence[TrialRow], int]:
    """Give the trials that can be weighed against each other, and at which epoch.

    The complete ones (0), or if they are too few, all at the last rung (without rungs:
    epoch) that half of the trials came to, with their scores until then.
    """
    complete = [r for r in rows if r.status == "complete" and r.val_accuracy]
    if len(complete) >= NEEDED or folds:
        return complete, 0
    tried = [row for row in rows if row.curve and row.status != "failed"]
    longest = max((len(row.curve) for row in tried), default=0)
    for epoch in sorted(rungs or range(1, longest + 1), reverse=True):
        come = [row for row in tried if len(row.curve) >= epoch]
        if len(come) >= max(NEEDED, len(tried) / 2):
            return [
                replace(row, val_accuracy=max(row.curve[:epoch])) for row in come
            ], epoch
    return complete, 0


def measure(
    rows: Sequence[TrialRow], distributions: Mapping[str, BaseDistribution]
) -> tuple[Weighed, ...]:
    """Weigh the parameters of comparable trials, the heaviest first."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    # A choice that one trial only was given is left out, which is right.
    warnings.filterwarnings("ignore", message="Some regimes for parameter")
    warnings.filterwarnings("ignore", message="Target and region quantiles")
    found = {drawn.name: drawn for drawn in collect(rows, distributions)}
    study = as_study(rows, {name: distributions[name] for name in found})
    # The same quarter that the slices show; a tenth of few trials would be one.
    evaluator = PedAnovaImportanceEvaluator(target_quantile=QUARTER)
    shares = get_param_importances(study, evaluator=evaluator) if found else {}
    if len(set(shares.values())) == 1 < len(shares):
        shares = dict.fromkeys(shares, 0.0)  # how Optuna says that none matters
    return tuple(Weighed(found[name], share) for name, share in shares.items())


def as_study(
    rows: Sequence[TrialRow], distributions: Mapping[str, BaseDistribution]
) -> optuna.Study:
    """Give trials with a score to Optuna's own tools, as complete ones.

    What the space no longer has is left out: it may have changed since.
    """
    from optuna.trial import create_trial

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize")
    for row in rows:
        params = {
            name: value
            for name, value in row.params.items()
            if name in distributions and _fits(value, distributions[name])
        }
        chosen = {name: distributions[name] for name in params}
        study.add_trial(
            create_trial(value=row.val_accuracy, params=params, distributions=chosen)
        )
    return study


def _fits(value: Any, distribution: BaseDistribution) -> bool:
    """Say whether the value can be drawn; the space may have changed since it was."""
    try:
        return distribution._contains(distribution.to_internal_repr(value))
    except ValueError:
        return False
