"""The final training, shown among the running trials: the last one of a search."""

import dataclasses

from autocnn.store.aim import standard_error
from autocnn.store.rows import StudySnapshot, TrialRow

FINAL = "final training"
"""As where a row comes from: it is no trial's own."""


def in_training(study: StudySnapshot) -> tuple[TrialRow, ...]:
    """Give the final training as a row, while it is trained."""
    row = as_row(study)
    state = study.state
    return (row,) if row and state is not None and state.phase == "final" else ()


def as_row(study: StudySnapshot) -> TrialRow | None:
    """Write the final training as the trial whose recipe it has, trained for longer."""
    final = study.final
    if final is None:
        return None
    row = next((row for row in study.trials if row.trial == final.trial), None)
    if row is None:
        return None
    score = final.val_accuracy
    return dataclasses.replace(
        row,
        status="running",
        val_accuracy=score,
        val_standard_error=standard_error(score, final.judged_by(study.config)),
        epochs=final.done,
        curve=final.curve,
        planned_epochs=final.epochs,
        promotions=0,
        origin=FINAL,
    )


def leads(study: StudySnapshot, best: TrialRow | None) -> TrialRow | None:
    """Give the final training's row if it is better than the best trial."""
    row = as_row(study)
    if row is None or best is None or row.val_accuracy is None:
        return None
    return row if row.val_accuracy >= (best.val_accuracy or 0.0) else None
