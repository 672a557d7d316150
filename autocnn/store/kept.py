"""Whose network a study keeps as its best: a trial's, or that of the final training."""

from autocnn.store.honest import Opening
from autocnn.store.rows import StudySnapshot


def final_is_kept(study: StudySnapshot) -> bool:
    """Whether it is that of the final training."""
    final, best = study.final, study.best()
    if final is None:
        return False
    if final.on_val:
        return final.status == "complete"
    score = final.val_accuracy
    return score is not None and score >= ((best and best.val_accuracy) or 0.0)


def is_of_kept(study: StudySnapshot, opening: Opening) -> bool:
    """Whether a score on the test set is that of the kept network."""
    best, final = study.best(), study.final
    if final is not None and final_is_kept(study):
        return opening.final and opening.trial == final.trial
    return not opening.final and best is not None and opening.trial == best.trial
