"""What a search keeps on disk: the best network, and checkpoints of open trials."""

import shutil
from collections.abc import Iterable

from optuna.trial import FrozenTrial, TrialState

from autocnn import events
from autocnn.events import Emit
from autocnn.search.best import kept_score
from autocnn.search.trials import Plan, Running, keep
from autocnn.store.rows import StudySnapshot

FINAL_FOLDER = "final"
"""Beside the trials' checkpoints: those of the final training."""


class Kept:
    """The study's files, as its driver handles them."""

    def __init__(self, plan: Plan, found: StudySnapshot, emit: Emit) -> None:
        self._plan = plan
        self._study = found.name
        self._emit = emit
        self._trial = -1
        self._score = kept_score(plan.folder / "best", found)

    def offer(self, running: Running, *, fold: int, epoch: int) -> None:
        """Keep a trial's weights if it now leads; of equals, the lowest number does."""
        score = running.score or 0.0
        if (score, -running.number) <= (self._score, -self._trial):
            return
        if keep(running, self._plan, self._study, fold=fold, epoch=epoch):
            self._score, self._trial = score, running.number
            folder = str(self._plan.folder / "best")
            self._emit(
                events.BestImproved(
                    trial=running.number, val_accuracy=score, folder=folder
                )
            )

    def forget(self, trial: int) -> None:
        """Delete the checkpoints of a trial that will not go on."""
        shutil.rmtree(self._plan.checkpoints(trial), ignore_errors=True)

    def forget_all_but(self, trials: Iterable[FrozenTrial]) -> None:
        """Delete what a driver that died left of trials that will not go on."""
        still_open = {str(t.number) for t in trials if t.state is TrialState.RUNNING}
        still_open.add(FINAL_FOLDER)
        for folder in self._plan.folder.glob("checkpoints/*"):
            if folder.name not in still_open:
                shutil.rmtree(folder, ignore_errors=True)
