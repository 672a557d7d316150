"""What a search keeps on disk: the best network, and checkpoints of open trials."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from autocnn import durable, events
from autocnn.events import Emit
from autocnn.locations import Location
from autocnn.search.best import kept_score, read_card, score_to_beat
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
        self._networks = _known(plan.folder / NETWORKS, found)
        self._elsewhere = -1.0
        """The score of a better network than all that are here, if there is one."""
        failed = {row.trial for row in found.trials if row.status == "failed"}
        if _leader(plan.folder / BEST) in failed:
            self._next_best()
        kept = kept_score(plan.folder / BEST, found)
        self._score = score_to_beat(kept, found)
        if self._score > kept:
            self._elsewhere = self._score
            text = "the study's best network is not on this machine: only a better one"
            emit(events.Notice(text=f"{text} is kept as the best"))

    def offer(self, running: Running) -> None:
        """Keep a trial's weights if it now leads; of equals, the lowest number does."""
        score = running.score or 0.0
        if (score, -running.number) <= (self._score, -self._trial):
            return
        if self._keep(running, self._plan.folder / BEST):
            self._leads(running.number, score)

    def withdraw(self, trial: int, others: Iterable[Running]) -> None:
        """Put the next best network in the place of a trial's that failed, if it led.

        It may be one of those `others` that are not over.
        """
        if _leader(self._plan.folder / BEST) != trial:
            return
        text = f"the network of trial {trial}, which failed, is the best no longer"
        self._emit(events.Notice(text=text))
        self._next_best()
        for each in others:
            if each.curve and not each.folds:
                self.offer(each)

    def _next_best(self) -> None:
        """Have the best network of those that are over as the best, if there is any."""
        best, networks = self._plan.folder / BEST, self._plan.folder / NETWORKS
        self._score, self._trial = self._elsewhere, -1
        there = {int(each.name) for each in _numbered(networks)}
        scores = {at: self._networks[at] for at in there & self._networks.keys()}
        trial = max(scores, key=lambda each: (scores[each], -each), default=-1)
        if trial < 0 or scores[trial] < self._elsewhere:
            shutil.rmtree(best, ignore_errors=True)
            return
        own = networks / str(trial)
        files = durable.until_read(
            lambda: {each.name: each.read_bytes() for each in own.iterdir()}
        )
        durable.until_written(lambda: durable.write_folder(best, files))
        self._leads(trial, scores[trial])

    def _leads(self, trial: int, score: float) -> None:
        self._score, self._trial = score, trial
        folder = str(self._plan.folder / BEST)
        self._emit(events.BestImproved(trial=trial, val_accuracy=score, folder=folder))

    def store(self, running: Running) -> None:
        """Keep the network of a trial that is over, if it is among the best ones."""
        score = running.score or 0.0
        scores = self._networks
        if len(scores) >= MOST_NETWORKS and score <= min(scores.values()):
            return
        folder = self._plan.folder / NETWORKS
        if self._keep(running, folder / str(running.number)):
            scores[running.number] = score
        if len(scores) > MOST_NETWORKS:
            worst = min(scores, key=lambda trial: (scores[trial], -trial))
            del scores[worst]
            shutil.rmtree(folder / str(worst), ignore_errors=True)

    def _keep(self, running: Running, folder: Path) -> bool:
        """Keep a trial's network, if it is there; wait while it cannot be written."""
        if running.job is None:  # it has waited since an earlier run
            prepare(running, self._plan)
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


def _leader(folder: Path) -> int:
    """Say whose network is kept as the best; -1 if there is none."""
    durable.recover(folder)
    try:
        return int(read_card(folder)["trial"])
    except (OSError, TypeError, ValueError, KeyError):
        return -1


def _known(folder: Path, found: StudySnapshot) -> dict[int, float]:
    """Read the scores of the study's networks; what a study before it left goes."""
    scores = {int(each.name): kept_score(each, found) for each in _numbered(folder)}
    for trial, score in scores.items():
        if score < 0:
            shutil.rmtree(folder / str(trial), ignore_errors=True)
    return {trial: score for trial, score in scores.items() if score >= 0}


def _numbered(folder: Path) -> Iterable[Path]:
    return (each for each in folder.glob("*") if each.name.isdecimal())
