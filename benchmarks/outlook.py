"""Do intervals for the end of a learning curve hold what they promise?

On the recorded curves: a power law fitted to each curve's beginning, and what
``autocnn.store.outlook`` does, by the gains of eight other trials.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np

from autocnn.store.outlook import INSIDE, outlook
from autocnn.store.rows import TrialRow
from benchmarks.curves import Curves, Row

OTHERS = 8
"""Complete trials that a search may have."""
POWERS = np.linspace(0.1, 2.0, 20)
PRIOR_MEAN, PRIOR_DEVIATION = np.array([0.6, 0.4]), np.array([0.3, 0.4])
"""Of where a curve ends, and of how far below that it begins."""
QUANTILE = 1.2816
"""Of the normal distribution, for INSIDE."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How often an interval held the end, and how far its middle was off."""

    inside: float
    bias: float
    error: float
    """Root mean square."""


def measure(curves: Curves, epoch: int) -> dict[str, Kept]:
    """Foresee every curve's end from its first so many epochs."""
    chosen = random.Random(0)
    rows = [_trial(row) for row in curves.whole]
    noise = (0.25 / curves.about["val_images"]) ** 0.5
    found: dict[str, list[tuple[bool, float]]] = {"power law": [], "gains": []}
    for recorded, row in zip(curves.whole, rows, strict=True):
        end = max(row.curve)
        middle, deviation = _power_law(row.curve[:epoch], curves.epochs, noise)
        held = abs(end - middle) < QUANTILE * deviation
        found["power law"].append((held, middle - end))
        others = chosen.sample([each for each in rows if each is not row], OTHERS)
        begun = _trial(recorded, epoch)
        seen = outlook(begun, others, best=None)
        assert seen is not None
        found["gains"].append((seen.low <= end <= seen.high, seen.mean - end))
    return {
        name: Kept(
            mean(held for held, _ in values),
            mean(off for _, off in values),
            mean(off**2 for _, off in values) ** 0.5,
        )
        for name, values in found.items()
    }


def rows(curves: Curves, epochs: Sequence[int]) -> list[dict[str, str]]:
    """Write all of it as rows of a table."""
    return [
        {
            "after epoch": str(epoch),
            "by": name,
            f"{INSIDE:.0%} interval holds": f"{kept.inside:.0%}",
            "bias": f"{100 * kept.bias:+.1f}",
            "error": f"{100 * kept.error:.1f}",
        }
        for epoch in epochs
        for name, kept in measure(curves, epoch).items()
    ]


def _power_law(curve: Sequence[float], end: int, noise: float) -> tuple[float, float]:
    """Fit a - b * epoch ** -c, Bayesian in a and b, over a grid of c."""
    epochs = np.arange(1, len(curve) + 1)
    precision = np.diag(PRIOR_DEVIATION**-2.0)
    weights, means, variances = [], [], []
    for power in POWERS:
        design = np.stack([np.ones(len(curve)), -(epochs**-power)], 1)
        covariance = np.linalg.inv(precision + design.T @ design / noise**2)
        fitted = covariance @ (
            precision @ PRIOR_MEAN + design.T @ np.array(curve) / noise**2
        )
        spread = design @ np.diag(PRIOR_DEVIATION**2) @ design.T
        spread += noise**2 * np.eye(len(curve))
        off = np.array(curve) - design @ PRIOR_MEAN
        evidence = off @ np.linalg.solve(spread, off) + np.linalg.slogdet(spread)[1]
        at_end = np.array([1.0, -(float(end) ** -power)])
        weights.append(-0.5 * evidence)
        means.append(at_end @ fitted)
        variances.append(at_end @ covariance @ at_end + noise**2)
    share = np.exp(np.array(weights) - max(weights))
    share /= share.sum()
    middle = float(share @ np.array(means))
    variance = share @ (np.array(variances) + np.array(means) ** 2) - middle**2
    return middle, float(variance**0.5)


def _trial(row: Row, epochs: int | None = None) -> TrialRow:
    """Show a row as a trial; with so many epochs, one that is not over."""
    curve = tuple(row.curve[:epochs])
    return TrialRow(
        trial=row.number,
        state="complete",
        status="complete" if epochs is None else "paused",
        val_accuracy=max(curve),
        val_standard_error=None,
        epochs=len(curve),
        parameters=row.parameters,
        flops=None,
        seconds=row.seconds,
        params=row.params,
        curve=curve,
        reason="",
        recipe="",
        planned_epochs=len(row.curve),
    )
