"""How well a network does on some images: classes, confusions and worst mistakes."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from autocnn.evaluation import Evaluation
from autocnn.names import printable
from autocnn.views import tables
from autocnn.views.tables import Row, accuracy, plural

WIDEST = 12
"""With more classes a matrix is no longer read: the worst confusions are listed."""
LISTED = 12
LETTERS = "abcdefghijkl"
SURE = 0.01
"""Confidence and accuracy this near each other are told as equal."""


def write(evaluation: Evaluation, form: str, *, others: Mapping[str, Any]) -> None:
    """Write tables, one JSON object with the `others`, or CSV of the classes."""
    classes = [_of_class(row) for row in evaluation.to_dict()["classes"]]
    if form == "json":
        tables.write_json(evaluation.to_dict() | dict(others))
        return
    tables.write(classes, form)
    if form == "table":
        _write_confusions(evaluation)
        _write_mistakes(evaluation)


def summary(evaluation: Evaluation, what: str) -> Iterator[str]:
    """Say what it comes to, a sentence a line."""
    yield (
        f"accuracy {accuracy(evaluation.accuracy)} on {plural(evaluation.images, what)}"
        f" (95 %: {interval(evaluation.interval)})"
    )
    top5 = evaluation.top5_accuracy
    among = "" if top5 is None else f"; among the likeliest 5: {accuracy(top5)}"
    yield f"cross entropy {evaluation.loss:.3f}{among}"
    gap = evaluation.confidence - evaluation.accuracy
    if abs(gap) < SURE:
        word = "as sure as it should be"
    else:
        word = "too sure of itself" if gap > 0 else "not sure enough"
    yield (
        f"calibration error {accuracy(evaluation.calibration_error)}: on average it "
        f"gives its answers {accuracy(evaluation.confidence)}, so it is {word}"
    )


def interval(ends: tuple[float, float]) -> str:
    """(0.832, 0.847) to ``83.2% to 84.7%``."""
    return " to ".join(map(accuracy, ends))


def _of_class(row: Row) -> Row:
    return {"class": row["name"], **{key: row[key] for key in row if key != "name"}}


def _write_confusions(evaluation: Evaluation) -> None:
    tables.console().print()
    if len(evaluation.classes) <= WIDEST:
        tables.console().print(_matrix(evaluation))
    elif rows := confusions(evaluation):
        tables.write(rows, "table")


def _matrix(evaluation: Evaluation) -> Table:
    """Lay the confusion matrix out, with a letter for each class."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("is \\ said to be")
    for letter, _ in zip(LETTERS, evaluation.classes, strict=False):
        table.add_column(letter, justify="right", no_wrap=True)
    for letter, of_class, counts in zip(
        LETTERS, evaluation.classes, evaluation.confusion, strict=False
    ):
        cells = (str(count) if count else "." for count in counts)
        table.add_row(letter, printable(of_class.name), *cells)
    return table


def confusions(evaluation: Evaluation) -> list[Row]:
    """List which classes are taken for which others, the most frequent first."""
    names = [of_class.name for of_class in evaluation.classes]
    pairs: list[Row] = [
        {
            "is": names[truth],
            "said to be": names[said],
            "images": count,
            "share": count / sum(counts),
        }
        for truth, counts in enumerate(evaluation.confusion)
        for said, count in enumerate(counts)
        if count and said != truth
    ]
    return sorted(pairs, key=lambda pair: -pair["images"])[:LISTED]


def _write_mistakes(evaluation: Evaluation) -> None:
    rows: list[Row] = [
        {
            "most confident mistakes": mistake.image,
            "is": mistake.truth,
            "said to be": mistake.label,
            "probability": mistake.probability,
        }
        for mistake in evaluation.mistakes
    ]
    tables.console().print()
    if rows:
        tables.write(rows, "table")
        tables.console().print()
