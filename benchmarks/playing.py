"""A search played on a table of curves: virtual workers, and epochs as the clock.

A sampler proposes over the real space; the nearest recipe of the table that was not yet
taken is trained in its place, and the sampler is told of that recipe, not of its own
proposal: so it learns only what is true. The rule is the same for every policy.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import numpy as np
import optuna
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler
from optuna.trial import Trial, TrialState, create_trial

from autocnn.choices import OneOf, Scalar
from autocnn.search import space as spaces
from autocnn.search.pauses import Pauses
from autocnn.search.portfolio import start_points
from autocnn.search.rungs import ETA
from autocnn.search.space import Space
from autocnn.search.trials import Running
from benchmarks.curves import Curves, Row, distributions

WORKERS = 2
FROM_THE_TABLE = {"portfolio: shallow, dense", "portfolio: tiny, adamax"}
"""Start points that are rows 49 (the best) and 126 of curves-cifar10, rounded.

On that table they would be handed what they are to find, so nobody begins with them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who proposes recipes, who is given up or paused, and what comes first."""

    sampler: Callable[[int], BaseSampler]
    """Made from a seed."""
    pruner: Callable[[int], BasePruner] = lambda _: NopPruner()
    """Made for trials of so many epochs; judges where no rungs do."""
    rungs: Callable[[int], Sequence[int]] = lambda _: ()
    """At which of so many epochs trials pause."""
    eta: int = ETA
    """At a rung, one of so many goes on."""
    starts: int = 0
    """With how many of the start points it begins, at most."""
    spares_first: bool = True
    """Whether the first trial never pauses."""


@dataclass(slots=True)
class Played:
    """What came of a search."""

    best: list[float] = field(default_factory=list)
    """After each epoch that a worker trained, the best accuracy seen so far."""
    epochs: dict[int, int] = field(default_factory=dict)
    """Recipe to how many epochs of it were trained."""


def beginnings(space: Space) -> list[dict[str, Scalar]]:
    """List what our searches begin with, but for what was taken from the table."""
    points = start_points(space)
    return [values for origin, values in points if origin not in FROM_THE_TABLE]


class Board:
    """The recipes of a table, found by what they are near to."""

    def __init__(self, curves: Curves) -> None:
        """Only recipes count that were trained to their end."""
        self.space, self.epochs = curves.space, curves.epochs
        self.rows: Sequence[Row] = curves.whole
        self.distributions = distributions(curves.space)
        self._places = np.array([self._place(row.params) for row in self.rows])
        self._named = np.array(
            [isinstance(choice, OneOf) for choice in self.space.ranges.values()]
        )

    def nearest(self, values: Mapping[str, Scalar], taken: set[int]) -> int | None:
        """Find the nearest row that is not taken; None if all are."""
        distances = self.distances(values)
        distances[list(taken)] = math.inf
        place = int(distances.argmin())
        return None if math.isinf(distances[place]) else place

    def distances(self, values: Mapping[str, Scalar]) -> np.ndarray:
        """Say how far each row is: shares of ranges, and 1 for another choice."""
        away = np.abs(self._places - self._place(values))
        away[:, self._named] = away[:, self._named] > 0
        summed: np.ndarray = away.sum(axis=1)
        return summed

    def _place(self, values: Mapping[str, Scalar]) -> list[float]:
        """Give numbers as a share of their range, and choices by their number."""
        return [
            _share(values[name], choice) for name, choice in self.space.ranges.items()
        ]


class Game:
    """One search by one policy."""

    def __init__(self, board: Board, policy: Policy, seed: int) -> None:
        self._board, self._policy = board, policy
        pruner = policy.pruner(board.epochs)
        self._study = optuna.create_study(
            direction="maximize", sampler=policy.sampler(seed), pruner=pruner
        )
        self._pauses = Pauses(policy.rungs(board.epochs), [])
        self._queue = beginnings(board.space)[: policy.starts]
        self._rows: dict[int, int] = {}
        """Trial to its row."""
        self._begun: set[int] = set()
        self.played = Played()

    def play(self, *, epochs: float = math.inf, trials: float = math.inf) -> Played:
        """Search until so many epochs are trained, or so many trials are over.

        Workers take turns, an epoch each: all epochs take the same time.
        """
        hands: list[Running | None] = [None] * WORKERS
        for worker in cycle(range(WORKERS)):
            if len(self.played.best) >= epochs:
                break
            running = hands[worker] or self._next(trials)
            hands[worker] = running
            if running is not None and self._train(running):
                hands[worker] = None
            if running is None and not any(hands):
                break
        return self.played

    def _next(self, trials: float) -> Running | None:
        """Choose as the driver does: who has earned to go on, or what is new."""
        for trial in self._pauses.hopeless(trials, WORKERS):
            self._study.tell(self._pauses.take(trial).trial, state=TrialState.PRUNED)
        promoted = self._pauses.next(())
        if promoted is None and len(self._rows) < trials:
            drawn = self._draw()
            if drawn is not None:
                return drawn
        if promoted is None:
            promoted = self._pauses.next((), any_rank=True)
        if promoted is None:
            return None
        running = self._pauses.take(promoted)
        running.trial.set_user_attr("status", "running")
        return running

    def _draw(self) -> Running | None:
        """Begin the recipe nearest to what is proposed; None if none is left."""
        if len(self._begun) == len(self._board.rows):
            return None
        values = self._queue.pop(0) if self._queue else self._propose()
        place = self._board.nearest(values, self._begun)
        assert place is not None
        self._begun.add(place)
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=dict(self._board.rows[place].params),
                distributions=self._board.distributions,
            )
        )
        added = self._study.get_trials(deepcopy=False)[-1]
        self._rows[added.number] = place
        running = Running(Trial(self._study, added._trial_id), [], 0)
        self._pauses.follow(running)
        return running

    def _propose(self) -> dict[str, Scalar]:
        """Ask the sampler; the trial it proposes for is no part of the history."""
        probe = self._study.ask()
        values = spaces.draw(self._board.space, probe)
        self._study.tell(probe, state=TrialState.FAIL)
        return values

    def _train(self, running: Running) -> bool:
        """Train one epoch; say whether the worker is free after it."""
        row = self._board.rows[self._rows[running.number]]
        value = row.curve[len(running.curve)]
        running.curve.append(value)
        running.trial.report(value, len(running.curve))
        best = self.played.best
        best.append(max(value, best[-1] if best else 0.0))
        self.played.epochs[row.number] = len(running.curve)
        if len(running.curve) == self._board.epochs:  # nobody is judged at the end
            self._study.tell(running.trial, max(running.curve))
            return True
        if self._pauses.holds(running):
            running.trial.set_user_attr("status", "paused")
            self._pauses.add(running)
            return True
        if running.trial.should_prune():
            self._study.tell(running.trial, state=TrialState.PRUNED)
            return True
        return False


def _share(value: Any, choice: Any) -> float:
    if isinstance(choice, OneOf):
        return float(choice.choices.index(value))
    low, high, at = choice.low, choice.high, value
    if choice.log:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return float((at - low) / (high - low))
