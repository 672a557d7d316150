"""How long a search still takes: by the machine's prices, then by its own trials."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from autocnn.recipe import TrainSettings
from autocnn.search.space import most_epochs
from autocnn.search.study import StudyConfig
from autocnn.search.trials import Plan, Running
from autocnn.train.cost import epoch_seconds

ENOUGH_TRIALS = 3
PRUNED_SHARE = 0.45
"""Of a full trial's epochs, what a search that prunes spends on one, about."""


def epoch_share(pruner: str) -> float:
    """Say what part of all epochs a search with this pruner trains, about."""
    return 1.0 if pruner == "none" else PRUNED_SHARE


def trial_seconds(config: StudyConfig, epoch: float) -> float:
    """Predict what a trial takes on average, from what an epoch takes."""
    epochs = most_epochs(config.space, config.epochs) * max(1, config.folds)
    return epoch * epochs * epoch_share(config.pruner)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is known of a search's pace."""

    plan: Plan
    workers: int

    def epoch(self, running: Running) -> float | None:
        """Seconds of one of a trial's epochs: as its last one took, or predicted."""
        if running.last_epoch_seconds:
            return running.last_epoch_seconds
        if self.plan.prices is None or running.job is None or running.summary is None:
            return None
        return epoch_seconds(
            self.plan.prices,
            running.summary,
            running.job.recipe.train,
            running.job.shape,
            train_images=self.plan.config.train_images,
            val_images=self.plan.config.val_images // max(1, running.folds),
        )

    def left(
        self, running: Collection[Running], pending: int, finished: Sequence[float]
    ) -> float | None:
        """Seconds until the last trial ends or the time is up; None if nobody knows.

        `finished` are the seconds that trials took, pruned ones included.
        """
        until_deadline = self.plan.deadline - time.monotonic()
        typical = self._typical(finished) if pending else 0.0
        rest = [self._rest(each) for each in running]
        if typical is None or None in rest:
            return until_deadline if until_deadline < float("inf") else None
        work = pending * typical + sum(each for each in rest if each is not None)
        return max(0.0, min(until_deadline, work / self.workers))

    def _typical(self, finished: Sequence[float]) -> float | None:
        """Seconds of a trial that is still to come."""
        if len(finished) >= ENOUGH_TRIALS:
            return sum(finished) / len(finished)
        epoch = self.plan.typical_epoch()
        return None if epoch is None else trial_seconds(self.plan.config, epoch)

    def _rest(self, running: Running) -> float | None:
        seconds = self.epoch(running)
        if seconds is None or running.job is None:
            return None
        settings: TrainSettings = running.job.recipe.train
        return seconds * _epochs_left(running, settings)


def _epochs_left(running: Running, settings: TrainSettings) -> int:
    done = len(running.curve)
    if running.folds:
        return (running.folds - done) * settings.epochs
    return settings.epochs - done
