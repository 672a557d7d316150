"""Policies beside each other on one table, over many seeds, with equal epochs."""

import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import optuna

from autocnn import processes
from autocnn.offline.board import Board
from autocnn.offline.game import Played, Policy
from autocnn.offline.policies import RIVAL
from autocnn.offline.spread import spread

TENTHS = range(1, 11)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one policy came to with one seed."""

    tenths: Sequence[float]
    """The best accuracy seen at each tenth of the budget."""
    match: float | None
    """The share of the budget at which it had what the rival has at its end."""
    recipes: int
    """How many it began."""


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

    def rows(self) -> list[dict[str, Any]]:
        """Write a row a policy: medians over the seeds, but for `mean`."""
        return [
            {
                "policy": name,
                "recipes": statistics.median(one.recipes for one in seen),
                "best": {
                    f"{10 * tenth}%": value
                    for tenth, value in zip(
                        TENTHS, self.median_tenths(name), strict=True
                    )
                },
                "mean": statistics.mean(one.tenths[-1] for one in seen),
                "matches_at": statistics.median(self.matches(name)),
                "missed": self.missed(name),
            }
            for name, seen in self.seen.items()
        ]


def compare(
    board: Board,
    policies: Mapping[str, Policy],
    *,
    trials: int,
    seeds: int,
    heard: Callable[[int], None],
) -> Compared:
    """Play policies, the RIVAL among them, a seed a processor.

    All have as many epochs as the RIVAL takes for so many trials. `heard` is told how
    many seeds are done.
    """
    work = partial(play_all, board, policies, trials)
    workers = min(seeds, processes.cores())
    alone = ((seed, work(seed)) for seed in range(seeds))
    found = {}
    for seed, one in alone if workers == 1 else spread(work, seeds, workers):
        found[seed] = one
        heard(len(found))
    games = [found[seed] for seed in range(seeds)]
    return Compared(
        budgets=[budget for budget, _ in games],
        seen={name: [seen[name] for _, seen in games] for name in policies},
    )


def play_all(
    board: Board, policies: Mapping[str, Policy], trials: int, seed: int
) -> tuple[int, dict[str, Seen]]:
    """Play policies with one seed; with the budget that the rival sets."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    rival = policies[RIVAL].play(board, seed, trials=trials)
    budget, target = len(rival.best), rival.best[-1]
    seen = {}
    for name, policy in policies.items():
        own = name == RIVAL
        played = rival if own else policy.play(board, seed, epochs=budget)
        seen[name] = _see(played, budget, target)
    return budget, seen


def _see(played: Played, budget: int, target: float) -> Seen:
    best = played.best
    reached = (at for at, value in enumerate(best, start=1) if value >= target)
    first = next(reached, None)
    # A table may be used up before the budget is: what was found then stays.
    ends = [min(max(1, budget * tenth // 10), len(best)) for tenth in TENTHS]
    return Seen(
        tenths=[best[end - 1] for end in ends],
        match=None if first is None else first / budget,
        recipes=len(played.epochs),
    )
