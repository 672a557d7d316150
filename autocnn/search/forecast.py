"""How long a search still takes: by the machine's prices, then by its own trials."""

import math
import statistics
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from optuna.trial import FrozenTrial

from autocnn.search import rungs
from autocnn.search.space import most_epochs
from autocnn.search.study import StudyConfig
from autocnn.search.trials import Plan, Running
from autocnn.train.cost import epoch_seconds

ENOUGH_TRIALS = 3
ENOUGH_EPOCHS = 5
RECENT = 25
"""Epochs by which the machine's pace is judged."""
PRUNED_SHARE = 0.45
"""Of a full trial's epochs, what a search that stops weak trials spends on one."""


def epoch_share(config: StudyConfig) -> float:
    """Say what part of all epochs a search with this pruner trains, about."""
    if config.pruner == "asha" and not config.folds:
        return rungs.epoch_share(config.epochs)
    return 1.0 if config.pruner == "none" else PRUNED_SHARE


def trial_seconds(config: StudyConfig, epoch: float) -> float:
    """Predict what a trial takes on average, from what an epoch takes."""
    epochs = most_epochs(config.space, config.epochs) * max(1, config.folds)
    return epoch * epochs * epoch_share(config)


def predicted_epoch(running: Running, plan: Plan) -> float | None:
    """Predict the seconds of one of a trial's epochs by the machine's prices."""
    if plan.prices is None or running.job is None or running.summary is None:
        return None
    return epoch_seconds(
        plan.prices,
        running.summary,
        running.job.recipe.train,
        running.job.shape,
        train_images=plan.config.train_images,
        val_images=plan.config.val_images // max(1, running.folds),
    )


@dataclass(slots=True)
class Spent:
    """What a study has taken so far, in seconds."""

    trials: list[float] = field(default_factory=list)
    """Of each trial that is over."""
    epochs: list[float] = field(default_factory=list)
    """Of each epoch of all trials."""

    @classmethod
    def of(cls, trials: Iterable[FrozenTrial]) -> "Spent":
        """Read it from a study's trials."""
        spent = cls()
        for trial in trials:
            if trial.state.is_finished():
                spent.trials.append(trial.user_attrs.get("seconds", 0.0))
            spent.epochs += [epoch[4] for epoch in trial.user_attrs.get("epochs", ())]
        return spent


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is known of a search's pace."""

    plan: Plan
    workers: int
    ratios: list[float] = field(default_factory=list)
    """Of epochs, how much longer each took than by the machine's prices."""

    def hear(self, running: Running, seconds: float) -> None:
        """Learn from what an epoch took: the machine may have become slower."""
        running.last_epoch_seconds = seconds
        if predicted := predicted_epoch(running, self.plan):
            self.ratios.append(seconds / predicted)

    def epoch(self, running: Running) -> float | None:
        """Seconds of one of a trial's epochs: as its last one took, or predicted."""
        if running.last_epoch_seconds:
            return running.last_epoch_seconds
        predicted = predicted_epoch(running, self.plan)
        if predicted is None or len(self.ratios) < ENOUGH_EPOCHS:
            return predicted
        return predicted * statistics.median(self.ratios[-RECENT:])

    def left(
        self, running: Collection[Running], pending: int, spent: Spent, begun: int = 0
    ) -> float | None:
        """Seconds until the last trial ends or the time is up; None if nobody knows.

        `begun` trials were started before, `pending` ones are still to be.
        """
        until_deadline = self.plan.deadline - time.monotonic()
        # Without a number of trials there are always more.
        endless = self.plan.trials is None
        work = None if endless else self._work(running, pending, spent, begun)
        if work is None:
            return max(0.0, until_deadline) if until_deadline < math.inf else None
        search = work / self.workers
        return max(0.0, min(until_deadline, search + self.plan.final_seconds))

    def _work(
        self, running: Collection[Running], pending: int, spent: Spent, begun: int
    ) -> float | None:
        """Seconds that all that is still to be trained takes one worker."""
        rest = [self.to_rung(each) for each in running]
        if self.plan.rungs:
            epoch = self.typical_epoch(spent)
            if epoch is None or None in rest:
                return None
            whole = trial_seconds(self.plan.config, epoch) * (begun + pending)
            # Who runs comes to its next rung at least, and so does who is to come.
            least = sum(each for each in rest if each is not None)
            least += pending * epoch * self.plan.rungs[0]
            return max(whole - epoch * len(spent.epochs), least)
        typical = self._typical(spent) if pending else 0.0
        if typical is None or None in rest:
            return None
        return pending * typical + sum(each for each in rest if each is not None)

    def typical_epoch(self, spent: Spent) -> float | None:
        """Seconds of an epoch of a trial that is still to come."""
        if len(spent.epochs) >= ENOUGH_EPOCHS:
            return sum(spent.epochs) / len(spent.epochs)
        return self.plan.typical_epoch()

    def _typical(self, spent: Spent) -> float | None:
        """Seconds of a trial that is still to come."""
        if len(spent.trials) >= ENOUGH_TRIALS:
            return sum(spent.trials) / len(spent.trials)
        epoch = self.plan.typical_epoch()
        return None if epoch is None else trial_seconds(self.plan.config, epoch)

    def to_end(self, running: Running) -> float | None:
        """Seconds that a trial still takes if it does not pause again."""
        return self._until(running, [])

    def to_rung(self, running: Running) -> float | None:
        """Seconds that a trial takes to its next rung, or to its end."""
        return self._until(running, self.plan.rungs)

    def _until(self, running: Running, judged: Sequence[int]) -> float | None:
        seconds = self.epoch(running)
        if seconds is None:
            return None
        epochs, done = self.plan.config.epochs, len(running.curve)
        if running.job is not None:
            epochs = running.job.recipe.train.epochs
        if running.folds:
            return seconds * (running.folds - done) * epochs
        return seconds * (next((r for r in judged if r > done), epochs) - done)
