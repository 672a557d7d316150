"""A search played on a table: virtual workers, and epochs as the clock.

A sampler proposes over the real space; the nearest recipe of the table that was not yet
taken is trained in its place, and the sampler is told of that recipe, not of its own
proposal: so it learns only what is true. The rule is the same for every policy.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Protocol

import optuna
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler
from optuna.trial import Trial, TrialState, create_trial

from autocnn.choices import Scalar
from autocnn.offline.board import Board
from autocnn.search import space as spaces
from autocnn.search.pauses import Pauses
from autocnn.search.trials import Running

WORKERS = 2


class MakeSampler(Protocol):
    """What makes a sampler from a seed: its class, or a function of ours."""

    def __call__(self, *, seed: int) -> BaseSampler:
        """Make it."""


def nowhere(epochs: int) -> Sequence[int]:  # noqa: ARG001 - as search.rungs.rungs
    """List no epoch at all: no trial ever pauses."""
    return ()


@dataclass(slots=True)
class Played:
    """What came of a search."""

    best: list[float] = field(default_factory=list)
    """After each epoch that a worker trained, the best accuracy seen so far."""
    epochs: dict[int, int] = field(default_factory=dict)
    """Row's number to how many epochs of it were trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who proposes recipes, who is given up or paused, and what comes first.

    It is sent to other processes: what it holds is named, no lambda.
    """

    sampler: MakeSampler
    pruner: BasePruner = field(default_factory=NopPruner)
    """Judges where no rungs do."""
    rungs: Callable[[int], Sequence[int]] = nowhere
    """At which of so many epochs trials pause."""
    starts: int = 0
    """With how many of the table's start points it begins, at most."""

    def play(
        self,
        board: Board,
        seed: int,
        *,
        epochs: float = math.inf,
        trials: float = math.inf,
    ) -> Played:
        """Search until so many epochs are trained, or so many trials are over."""
        return Game(board, self, seed).play(epochs=epochs, trials=trials)


class Game:
    """One search by one policy."""

    def __init__(self, board: Board, policy: Policy, seed: int) -> None:
        self._board, self._table = board, board.table
        self._study = optuna.create_study(
            direction="maximize",
            sampler=policy.sampler(seed=seed),
            pruner=policy.pruner,
        )
        self._pauses = Pauses(policy.rungs(self._table.epochs), [])
        self._queue = list(self._table.starts[: policy.starts])
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
        if len(self._begun) == len(self._table.rows):
            return None
        values = self._queue.pop(0) if self._queue else self._propose()
        place = self._board.nearest(values, self._begun)
        assert place is not None
        self._begun.add(place)
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=dict(self._table.rows[place].params),
                distributions=self._board.distributions,
            )
        )
        added = self._study.get_trials(deepcopy=False)[-1]
        self._rows[added.number] = place
        running = Running(Trial(self._study, added._trial_id), [], 0)
        self._pauses.follow(running)
        return running

    def _propose(self) -> Mapping[str, Scalar]:
        """Ask the sampler; the trial it proposes for is no part of the history."""
        probe = self._study.ask()
        values = spaces.draw(self._table.space, probe)
        self._study.tell(probe, state=TrialState.FAIL)
        return values

    def _train(self, running: Running) -> bool:
        """Train one epoch; say whether the worker is free after it."""
        row = self._table.rows[self._rows[running.number]]
        value = row.curve[len(running.curve)]
        running.curve.append(value)
        running.trial.report(value, len(running.curve))
        best = self.played.best
        best.append(max(value, best[-1] if best else 0.0))
        self.played.epochs[row.number] = len(running.curve)
        if len(running.curve) == self._table.epochs:  # nobody is judged at the end
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
