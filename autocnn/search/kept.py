"""What a search keeps on disk: the best network, and checkpoints of open trials."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from autocnn import durable, events
from autocnn.events import Emit
from autocnn.locations import Location
from autocnn.search.best import kept_score, score_to_beat
from autocnn.search.trials import Plan, Running, keep, prepare
from autocnn.store.rows import StudySnapshot

CHECKPOINTS = "checkpoints"
"""In the study's folder, and at its location: of each training that is not over."""
FINAL_FOLDER = "final"
"""Beside the trials' checkpoints: those of the final training."""
CONFIRM_FOLDER = "confirm"
"""The same of recipes that are trained again."""
BEST = "best"
"""In the study's folder: its best network."""
NETWORKS = "networks"
"""In the study's folder: the networks of its best finished trials, by number."""
MOST_NETWORKS = 20


class Kept:
    """The study's files, as its driver handles them."""

    def __init__(self, plan: Plan, found: StudySnapshot, emit: Emit) -> None:
        self._plan = plan
        self._study = found.name
        self._emit = emit
        self._trial = -1
        kept = kept_score(plan.folder / BEST, found)
        self._score = score_to_beat(kept, found)
        self._networks = _known(plan.folder / NETWORKS, found)
        if self._score > kept:
            text = "the study's best network is not on this machine: only a better one"
            emit(events.Notice(text=f"{text} is kept as the best"))

    def offer(self, running: Running) -> None:
        """Keep a trial's weights if it now leads; of equals, the lowest number does."""
        score = running.score or 0.0
        if (score, -running.number) <= (self._score, -self._trial):
            return
        folder = self._plan.folder / BEST
        if self._keep(running, folder):
            self._score, self._trial = score, running.number
            self._emit(
                events.BestImproved(
                    trial=running.number, val_accuracy=score, folder=str(folder)
                )
            )

    def store(self, running: Running) -> None:
        """Keep the network of a trial that is over, if it is among the best ones."""
        score = running.score or 0.0
        scores = self._networks
        if len(scores) >= MOST_NETWORKS and score <= min(scores.values()):
            return
        if running.job is None:  # it has waited since an earlier run
            prepare(running, self._plan)
        folder = self._plan.folder / NETWORKS
        if self._keep(running, folder / str(running.number)):
            scores[running.number] = score
        if len(scores) > MOST_NETWORKS:
            worst = min(scores, key=lambda trial: (scores[trial], -trial))
            del scores[worst]
            shutil.rmtree(folder / str(worst), ignore_errors=True)

    def _keep(self, running: Running, folder: Path) -> bool:
        """Keep a trial's network, if it is there; wait while it cannot be written."""
        return durable.until_written(
            lambda: keep(running, self._plan, self._study, folder)
        )

    def forget(self, trial: int) -> None:
        """Delete the checkpoints of a trial that will not go on."""
        forget(self._plan, str(trial))

    def forget_all_but(self, trials: Iterable[FrozenTrial]) -> None:
        """Delete what a driver that died left of trials that will not go on."""
        still_open = {str(t.number) for t in trials if t.state is TrialState.RUNNING}
        still_open |= {FINAL_FOLDER, CONFIRM_FOLDER}
        for place in _places(self._plan):
            for name in durable.until_read(place.names):
                if name not in still_open:
                    (place / name).clear()


def forget(plan: Plan, name: str) -> None:
    """Delete the checkpoints of a training, wherever machines have left some."""
    for place in _places(plan):
        (place / name).clear()


def _places(plan: Plan) -> Iterator[Location]:
    """Say where checkpoints are: here, and where other machines find them."""
    yield Location(str(plan.folder / CHECKPOINTS))
    if plan.location is not None:
        yield plan.location / plan.folder.name / CHECKPOINTS


def _known(folder: Path, found: StudySnapshot) -> dict[int, float]:
    """Read the scores of the study's networks; what a study before it left goes."""
    scores = {int(each.name): kept_score(each, found) for each in _numbered(folder)}
    for trial, score in scores.items():
        if score < 0:
            shutil.rmtree(folder / str(trial), ignore_errors=True)
    return {trial: score for trial, score in scores.items() if score >= 0}


def _numbered(folder: Path) -> Iterable[Path]:
    return (each for each in folder.glob("*") if each.name.isdecimal())
