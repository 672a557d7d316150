"""What a study's best network is worth, in sentences."""

from collections.abc import Iterator

from autocnn.store.rows import StudySnapshot
from autocnn.views.evaluation import interval
from autocnn.views.leaderboard import final
from autocnn.views.tables import accuracy


def sentences(study: StudySnapshot) -> Iterator[str]:
    """Say what is known besides the trials' scores; each sentence names its set."""
    if line := final(study):
        yield line
    estimate, tested = study.estimate, study.openings
    if estimate is not None:
        yield corrected(estimate.corrected, estimate.interval, estimate.test_images)
    if tested:
        first, *later = tested
        yield test(first.accuracy, first.interval, first.images)
        for again in later:
            text = test(again.accuracy, again.interval, again.images)
            yield f"opened again, so no longer sealed: {text}"


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
