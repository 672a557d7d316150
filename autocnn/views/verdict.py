"""What a study's best network is worth, in sentences."""

from collections.abc import Iterator

from autocnn.store.honest import Opening
from autocnn.store.kept import final_is_kept, is_of_kept
from autocnn.store.rows import StudySnapshot
from autocnn.views.evaluation import interval
from autocnn.views.leaderboard import final
from autocnn.views.tables import accuracy


def sentences(study: StudySnapshot) -> Iterator[str]:
    """Say what is known besides the trials' scores; each sentence names its set."""
    best = study.best()
    if line := final(study):
        better = None if final_is_kept(study) else best
        yield f"{line}; not kept, trial {better.trial} is better" if better else line
    estimate = study.estimate
    if estimate is not None:
        yield corrected(estimate.corrected, estimate.interval, estimate.test_images)
    told: set[str] = set()
    for opening in study.openings:
        text = test(opening.accuracy, opening.interval, opening.images)
        if not is_of_kept(study, opening):
            text += f"; of the network of {whose(opening)}, which is not the best now"
        if opening.weights not in told:  # a network has one score, however often asked
            yield f"opened again, so no longer sealed: {text}" if told else text
        told.add(opening.weights)


def whose(opening: Opening) -> str:
    """Name the network that was scored."""
    if opening.trial is None:
        return "several trials"
    last = "the final training of " if opening.final else ""
    return f"{last}trial {opening.trial}"


def corrected(value: float, bounds: tuple[float, float], images: int) -> str:
    """Say what the best validation accuracy is worth."""
    return (
        f"corrected for choosing the best: {accuracy(value)} (on {images} test images "
        f"expected within {interval(bounds)}, 95 %)"
    )


def test(value: float, bounds: tuple[float, float], images: int) -> str:
    """Say what the sealed test set has told."""
    return (
        f"test accuracy {accuracy(value)} (95 %: {interval(bounds)}, {images} images "
        "that the search never saw)"
    )
