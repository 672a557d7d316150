"""What a study is about: an accuracy. Views show nothing else as if it were one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from autocnn.errors import RequestError

Unit = Literal["epoch", "fold"]


def check_accuracy(
    name: str, directions: Sequence[str] = (), values: Iterable[float] = ()
) -> None:
    """Raise RequestError if a study, another program's, is not about an accuracy."""
    what = ""
    if len(directions) > 1:
        what = "it has several objectives"
    elif list(directions) == ["MINIMIZE"]:
        what = "it minimizes"
    elif not all(0 <= value <= 1 for value in values):
        what = "its values are not from 0 to 1"
    if what:
        raise RequestError(
            f"study '{name}' is not about an accuracy: {what}",
            hint="optuna-dashboard shows it: autocnn dashboard",
        )


def unit_of(config: Mapping[str, Any]) -> Unit:
    """Say what the values of a trial's curve are of, in a study of these settings.

    Those of folds are no way that a network went: each is of another one.
    """
    return "fold" if config.get("folds") else "epoch"


def standard_error(accuracy: float | None, images: int | None) -> float | None:
    """The binomial standard error of an accuracy, both as fractions of 1.

    One success and one failure are added (Agresti & Coull 1998's idea, with one for
    two): no error on a few hundred images does not mean that there never is one.
    """
    if accuracy is None or not images:
        return None
    smoothed = (accuracy * images + 1) / (images + 2)
    return float((smoothed * (1 - smoothed) / (images + 2)) ** 0.5)
