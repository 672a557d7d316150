"""Search policies beside each other on recorded curves, over many seeds.

To try another policy, add its line to VARIANTS.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from unittest.mock import patch

from optuna.samplers import TPESampler

from autocnn.offline import compare as offline
from autocnn.offline.board import Board
from autocnn.offline.compare import Compared
from autocnn.offline.game import Game, MakeSampler, Played, Policy
from autocnn.offline.policies import OURS, RIVAL, STOPPING, policies, stopping
from autocnn.search import portfolio, rungs
from autocnn.search.samplers import make_sampler
from autocnn.views import policies as view
from benchmarks.curves import FROM_THE_TABLE, NOT_IN_THE_TABLE, Curves
from benchmarks.report import Bar, Measured

TRIALS = 50
"""Of the rival, which set the budget of all: the epochs that they take it."""
BARS = {
    "epochs_to_match": Bar(
        1 / 3, 0.2, least=False, what=f"{RIVAL}, its best of {TRIALS} trials"
    ),
    "worse_deciles": Bar(
        0, 0, least=False, what=f"tenths where the median is below {STOPPING}"
    ),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Variant(Policy):
    """A policy by other rules than search.rungs has."""

    eta: int = rungs.ETA
    """At a rung, one of so many goes on."""
    spares_first: bool = True
    """Whether the first trial never pauses."""

    def play(
        self,
        board: Board,
        seed: int,
        *,
        epochs: float = math.inf,
        trials: float = math.inf,
    ) -> Played:
        """Search by these rules."""
        first = rungs.FIRST if self.spares_first else None
        with patch.multiple(rungs, ETA=self.eta, FIRST=first):
            return Game(board, self, seed).play(epochs=epochs, trials=trials)


def _sampler(name: str, startup: int = 10) -> MakeSampler:
    return partial(make_sampler, name, startup=startup)


def _at(epochs: Sequence[int], _: int) -> Sequence[int]:
    """Judge at these epochs, however many there are."""
    return epochs


PORTFOLIO = 1 + len(portfolio.PORTFOLIO) - len(FROM_THE_TABLE | NOT_IN_THE_TABLE)
_ours = partial(
    Variant, sampler=_sampler("tpe", PORTFOLIO), rungs=rungs.rungs, starts=PORTFOLIO
)
_of_one = partial(_ours, sampler=_sampler("tpe"), starts=1)

POLICIES: Mapping[str, Policy] = {
    **policies(PORTFOLIO),
    "ours, one start": _of_one(),
    "ours, no start": _of_one(starts=0),
}
VARIANTS: Mapping[str, Policy] = {
    "first may pause": _ours(spares_first=False),
    "eta 2": _ours(rungs=partial(_at, (1, 2, 4)), eta=2),
    "eta 4": _ours(rungs=partial(_at, (1, 4)), eta=4),
    "rungs 2, 6": _ours(rungs=partial(_at, (2, 6))),
    "rung 3": _ours(rungs=partial(_at, (3,))),
    "one start, first may pause": _of_one(spares_first=False),
    "one start, eta 2": _of_one(rungs=partial(_at, (1, 2, 4)), eta=2),
    "one start, rung 3": _of_one(rungs=partial(_at, (3,))),
    "one start, 5 start-ups": _of_one(sampler=_sampler("tpe", 5)),
    "random": _ours(sampler=_sampler("random")),
    "univariate": _ours(sampler=_sampler("tpe-univariate", PORTFOLIO)),
    "not informed": _ours(sampler=partial(TPESampler, n_startup_trials=PORTFOLIO)),
    "stopping asha, rung 3": stopping(3, 3),
    "stopping asha, eta 2": stopping(1, 2),
}
"""Ours with a change each, to learn from; none counts for the bars."""
ALL = {**POLICIES, **VARIANTS}


def compare(
    curves: Curves,
    seeds: int,
    say: Callable[[str], None],
    names: Sequence[str] = (),
    *,
    start: bool = True,
) -> Compared:
    """Play POLICIES, or those named and what they are measured by.

    Without `start`, nobody begins with the start points.
    """
    chosen = {
        name: policy if start else dataclasses.replace(policy, starts=0)
        for name, policy in ALL.items()
        if (name in names if names else name in POLICIES)
        or name in (OURS, RIVAL, STOPPING)
    }

    def heard(done: int) -> None:
        if done % 10 == 0:
            say(f"{done} of {seeds} seeds")

    board = Board(curves.table)
    return offline.compare(board, chosen, trials=TRIALS, seeds=seeds, heard=heard)


def measured(compared: Compared) -> dict[str, Measured]:
    """Take what BARS hold us to."""
    ours, theirs = compared.median_tenths(OURS), compared.median_tenths(STOPPING)
    worse = sum(a < b for a, b in zip(ours, theirs, strict=True))
    return {
        "epochs_to_match": Measured(compared.matches(OURS)),
        "worse_deciles": Measured([worse]),
    }


def write(compared: Compared) -> None:
    """Write each policy's median best accuracy at the tenths of the budget."""
    view.write(compared.rows(), "table")
