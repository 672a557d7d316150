"""What follows a search: the training of its winner, if there is time for it."""

import math
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import optuna

from autocnn import events
from autocnn import recipe as recipes
from autocnn.events import Emit
from autocnn.recipe import Recipe
from autocnn.search import best
from autocnn.search.beat import Beat
from autocnn.search.confirm import chosen
from autocnn.search.final import MARGIN, MOST_EPOCHS, FinalTraining
from autocnn.search.hands import Outcome
from autocnn.search.jobs import Engine
from autocnn.search.trials import Plan
from autocnn.store.final import Final
from autocnn.store.rows import REFUSED, StudySnapshot, TrialRow, snapshot

WORTH_MEASURING = 30.0
"""Seconds of a final training, from which on some are spent to measure its pace."""
TIMES = 3
"""As long as a trial, where no time is set."""


def planned(plan: Plan, winner: TrialRow, seconds: float, emit: Emit) -> Final | None:
    """Plan a training of the winner's recipe that fills the seconds there are.

    None, and a word why, if it would be no longer than the trial was.
    """
    recipe = recipes.loads(winner.recipe)
    epochs = TIMES * recipe.train.epochs
    if seconds < math.inf:
        epoch = _epoch_seconds(plan, recipe, winner, seconds)
        if epoch and plan.on_val:
            train, val = plan.config.train_images, plan.config.val_images
            epoch *= (train + val) / train
        epochs = round(MARGIN * seconds / epoch) if epoch else 0
    epochs = min(MOST_EPOCHS, epochs)
    if epochs > recipe.train.epochs:
        return Final(trial=winner.trial, epochs=epochs, on_val=plan.on_val)
    text = (
        f"no final training: in the time that is left it would have {epochs} epochs, "
    )
    emit(events.Notice(text=f"{text}no more than the trials"))
    return None


def _epoch_seconds(
    plan: Plan, recipe: Recipe, winner: TrialRow, seconds: float
) -> float:
    """Predict an epoch of the winner's that has the machine for itself.

    It is measured, if there is time for that; but it takes no longer than beside others
    in the trial, whatever a few seconds say in which something else kept the machine
    busy.
    """
    beside_others = (winner.seconds or 0.0) / max(1, winner.epochs)
    alone = plan.epoch_alone(recipe) if seconds > WORTH_MEASURING else None
    return min(alone or math.inf, beside_others)


def broken_off(found: StudySnapshot, trials: int | None) -> Final | None:
    """Find the final training that an earlier run was broken off in.

    None if the study is to have more `trials` first: another may win.
    """
    final = found.final
    if final is None or final.status not in ("running", "interrupted"):
        return None
    begun = [row for row in found.trials if row.status not in ("waiting", REFUSED)]
    if trials is not None and len(begun) < trials:
        return None
    return final if final.trial in [row.trial for row in begun] else None


def finish(
    study: optuna.Study,
    plan: Plan,
    start_engine: Callable[[], Engine],
    emit: Emit,
    outcome: Outcome,
    stopping: Callable[[], bool],
    final: Final | None = None,
) -> Outcome | None:
    """Train the winner for good if there is time; return how the search ended.

    That is the `outcome` that it came to before, or ``interrupted``. With `final` one
    that was broken off goes on. None if what was kept back for it is left, as it would
    be too short: there is time for more trials.
    """
    found = snapshot(study)
    winner = chosen(found)
    if final is None and winner is not None:
        final = planned(plan, winner, plan.deadline - time.monotonic(), emit)
    if final is not None and _is_done(final, found, plan.folder / "best"):
        text = f"the final training of trial {final.trial}'s recipe is done already"
        emit(events.Notice(text=text))
        return ended(study, plan, outcome)
    if final is None:
        left = outcome == "time is up" and time.monotonic() < plan.deadline
        return None if left else ended(study, plan, outcome)
    with closing(start_engine()) as engine:
        training = FinalTraining(study, plan, engine, emit, final)
        return training.run(outcome, stopping)


def _is_done(final: Final, found: StudySnapshot, folder: Path) -> bool:
    """Whether an earlier run trained just so, and what came out of it is there.

    Or the network of a trial, if that is the better one.
    """
    before = found.final
    if before is None or before.status != "complete" or before.replanned:
        return False
    same = (final.trial, final.epochs, final.on_val)
    return same == (before.trial, before.epochs, before.on_val) and (
        best.kept_score(folder, found) >= (before.val_accuracy or 0.0)
    )


def ended(study: optuna.Study, plan: Plan, outcome: Outcome) -> Outcome:
    """Say in the study that nothing is trained any more, and how the search ended."""
    Beat(study, plan.device, plan.begun).write(
        "ended",
        jobs=0,
        trials=plan.trials or 0,
        seconds_left=lambda: None,
        paces={},
        outcome=outcome,
    )
    return outcome
