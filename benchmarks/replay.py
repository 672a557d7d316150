"""Search policies beside each other on recorded curves, over many seeds.

To try another policy, add its line to VARIANTS.
"""

import dataclasses
import functools
import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from unittest.mock import patch

import optuna
from optuna.pruners import MedianPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from autocnn.processes import cores
from autocnn.search import portfolio, rungs
from autocnn.search.samplers import make_sampler
from autocnn.views import tables
from benchmarks.curves import Curves
from benchmarks.playing import FROM_THE_TABLE, Board, Game, Played, Policy
from benchmarks.report import Bar, Measured

TRIALS = 50
"""Of the rival, which set the budget of all: the epochs that they take it."""
TENTHS = range(1, 11)
OURS, RIVAL, STOPPING = "ours", "optuna tpe + median", "tpe + stopping asha"
BARS = {
    "epochs_to_match": Bar(
        1 / 3, 0.2, least=False, what=f"{RIVAL}, its best of {TRIALS} trials"
    ),
    "worse_deciles": Bar(
        0, 0, least=False, what=f"tenths where the median is below {STOPPING}"
    ),
}


def _sampler(name: str, startup: int = 10) -> Callable[[int], BaseSampler]:
    return lambda seed: make_sampler(name, seed=seed, trials=0, startup=startup)


def _stopping(first: int, eta: int) -> Policy:
    """Successive halving as Optuna has it, which gives trials up."""
    return Policy(
        sampler=lambda seed: TPESampler(seed=seed),
        pruner=lambda _: SuccessiveHalvingPruner(
            min_resource=first, reduction_factor=eta
        ),
        starts=1,
    )


PORTFOLIO = 1 + len(portfolio.PORTFOLIO) - len(FROM_THE_TABLE)
_ours = functools.partial(
    Policy, sampler=_sampler("tpe", PORTFOLIO), rungs=rungs.rungs, starts=PORTFOLIO
)
_of_one = functools.partial(_ours, sampler=_sampler("tpe"), starts=1)

POLICIES: Mapping[str, Policy] = {
    OURS: _ours(),
    # As Optuna's own examples have it.
    RIVAL: Policy(
        sampler=lambda seed: TPESampler(seed=seed), pruner=lambda _: MedianPruner()
    ),
    STOPPING: _stopping(1, rungs.ETA),
    "random, no pruner": Policy(sampler=lambda seed: RandomSampler(seed=seed)),
    "ours, one start": _of_one(),
    "ours, no start": _of_one(starts=0),
}
VARIANTS: Mapping[str, Policy] = {
    "first may pause": _ours(spares_first=False),
    "eta 2": _ours(rungs=lambda _: (1, 2, 4), eta=2),
    "eta 4": _ours(rungs=lambda _: (1, 4), eta=4),
    "rungs 2, 6": _ours(rungs=lambda _: (2, 6)),
    "rung 3": _ours(rungs=lambda _: (3,)),
    "one start, first may pause": _of_one(spares_first=False),
    "one start, eta 2": _of_one(rungs=lambda _: (1, 2, 4), eta=2),
    "one start, rung 3": _of_one(rungs=lambda _: (3,)),
    "one start, 5 start-ups": _of_one(sampler=_sampler("tpe", 5)),
    "random": _ours(sampler=_sampler("random")),
    "univariate": _ours(sampler=_sampler("tpe-univariate", PORTFOLIO)),
    "not informed": _ours(
        sampler=lambda seed: TPESampler(seed=seed, n_startup_trials=PORTFOLIO)
    ),
    "stopping asha, rung 3": _stopping(3, 3),
    "stopping asha, eta 2": _stopping(1, 2),
}
"""Ours with a change each, to learn from; none counts for the bars."""
ALL = {**POLICIES, **VARIANTS}


@dataclass(frozen=True, slots=True)
class Seen:
    """What one policy came to with one seed."""

    tenths: Sequence[float]
    """The best accuracy seen at each tenth of the budget."""
    match: float | None
    """The share of the budget at which it had what the rival has at its end."""
    recipes: int


@dataclass(frozen=True, slots=True)
class Compared:
    """All policies, by name, with all seeds."""

    budgets: Sequence[int]
    """Of each seed, in epochs."""
    seen: Mapping[str, Sequence[Seen]]

    def median_tenths(self, policy: str) -> list[float]:
        """Give the median over seeds at each tenth of the budget."""
        columns = zip(*(one.tenths for one in self.seen[policy]), strict=True)
        return [statistics.median(column) for column in columns]

    def matches(self, policy: str) -> list[float]:
        """Give each seed's share of the budget; 1 where it never came to match."""
        return [1.0 if one.match is None else one.match for one in self.seen[policy]]

    def missed(self, policy: str) -> int:
        """Count the seeds with which the policy never came to match."""
        return sum(one.match is None for one in self.seen[policy])

    def measured(self) -> dict[str, Measured]:
        """Take what BARS hold us to."""
        ours, theirs = self.median_tenths(OURS), self.median_tenths(STOPPING)
        worse = sum(a < b for a, b in zip(ours, theirs, strict=True))
        return {
            "epochs_to_match": Measured(self.matches(OURS)),
            "worse_deciles": Measured([worse]),
        }


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
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    board = Board(curves)
    chosen = [
        name
        for name in ALL
        if (name in names if names else name in POLICIES)
        or name in (OURS, RIVAL, STOPPING)
    ]
    work = functools.partial(play_all, board, chosen, start)
    if seeds == 1:
        found = [work(0)]
    else:
        found = []
        with ProcessPoolExecutor(cores(), mp_context=get_context("spawn")) as pool:
            for one in pool.map(work, range(seeds)):
                found.append(one)
                if len(found) % 10 == 0:
                    say(f"{len(found)} of {seeds} seeds")
    return Compared(
        budgets=[budget for budget, _ in found],
        seen={name: [seen[name] for _, seen in found] for name in chosen},
    )


def write(compared: Compared) -> None:
    """Write each policy's median best accuracy at the tenths of the budget."""
    rows = [
        {
            "policy": name,
            "recipes": f"{statistics.median(one.recipes for one in seen):.0f}",
            **{
                f"{10 * tenth}%": f"{100 * value:.1f}"
                for tenth, value in zip(
                    TENTHS, compared.median_tenths(name), strict=True
                )
            },
            "mean": f"{100 * statistics.mean(one.tenths[-1] for one in seen):.1f}",
            "matches at": f"{statistics.median(compared.matches(name)):.2f}",
            "missed": compared.missed(name),
        }
        for name, seen in compared.seen.items()
    ]
    tables.write(rows, "table", columns=tuple(rows[0]))


def play_all(
    board: Board, names: Sequence[str], start: bool, seed: int
) -> tuple[int, dict[str, Seen]]:
    """Play policies with one seed; with the budget that the rival set."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    rival = Game(board, ALL[RIVAL], seed).play(trials=TRIALS)
    budget, target = len(rival.best), rival.best[-1]
    seen = {}
    for name in names:
        policy = ALL[name]
        if not start:
            policy = dataclasses.replace(policy, starts=0)
        played = rival
        if name != RIVAL:
            first = rungs.FIRST if policy.spares_first else None
            with patch.multiple(rungs, ETA=policy.eta, FIRST=first):
                played = Game(board, policy, seed).play(epochs=budget)
        seen[name] = _see(played, budget, target)
    return budget, seen


def _see(played: Played, budget: int, target: float) -> Seen:
    best = played.best
    reached = (at for at, value in enumerate(best, start=1) if value >= target)
    first = next(reached, None)
    return Seen(
        # A table may be used up before the budget is: what was found then stays.
        tenths=[best[min(budget * tenth // 10, len(best)) - 1] for tenth in TENTHS],
        match=None if first is None else first / budget,
        recipes=len(played.epochs),
    )
