"""How the best network does by class, and what it gets wrong."""

from autocnn.evaluation import Evaluation
from autocnn.views import evaluation as views
from autocnn.views.report import matrix
from autocnn.views.report.blocks import (
    Block,
    Figure,
    Gallery,
    Picture,
    Section,
    Table,
    Text,
)
from autocnn.views.report.contents import Report
from autocnn.views.tables import accuracy

MOST_CLASSES = 40
"""Of more, the ones that are recognized worst are listed."""


def classes(report: Report) -> Section:
    """How well each class is told from the others."""
    found = report.evaluation
    if found is None:
        return Section("classes", "Classes and confusions", (Text(report.missing),))
    blocks: list[Block] = [Text(" ".join(_sentences(found)))]
    if len(found.classes) <= matrix.WIDEST:
        blocks.append(
            Figure(
                matrix.confusion(found),
                f"Of the {found.images:,} validation images, how many of each class "
                "(row) are said to be of each class (column). What is right lies "
                "on the diagonal.",
                (("first", "right"), ("second", "wrong")),
            )
        )
    if pairs := views.confusions(found):
        blocks.append(
            Table(
                columns=("is", "said to be", "images", "of its class"),
                rows=tuple(
                    (
                        pair["is"],
                        pair["said to be"],
                        str(pair["images"]),
                        accuracy(pair["share"]),
                    )
                    for pair in pairs
                ),
                right=("images", "of its class"),
                caption="The most frequent confusions.",
            )
        )
    blocks.append(_classes(found))
    return Section("classes", "Classes and confusions", tuple(blocks))


def mistakes(report: Report) -> Section | None:
    """The images that it was surest of, and wrong."""
    found = report.evaluation
    if found is None:
        return None
    if not found.mistakes:
        text = "Not one validation image was labeled wrongly."
        return Section("mistakes", "Worst mistakes", (Text(text),))
    pictures = tuple(
        Picture(
            source=report.pictures.get(each.image, ""),
            name=f"image {each.image}",
            truth=each.truth,
            label=each.label,
            probability=accuracy(each.probability),
        )
        for each in found.mistakes
    )
    caption = (
        "Validation images that the best network labels wrongly, the surest first, as "
        "it sees them, with the probability that it gives its answer. Some may be "
        "labeled wrongly in the data. They are numbered as in the prepared data."
    )
    return Section("mistakes", "Worst mistakes", (Gallery(pictures, caption),))


def _sentences(found: Evaluation) -> list[str]:
    """Say what it comes to."""
    return [
        f"{line[0].upper()}{line[1:]}."
        for line in views.summary(found, "validation image")
    ]


def _classes(found: Evaluation) -> Table:
    rows = sorted(found.classes, key=lambda each: each.recall or 0.0)
    shown = rows[:MOST_CLASSES] if len(rows) > MOST_CLASSES else found.classes
    which = (
        f"The {MOST_CLASSES} of {len(rows)} classes that are found least often"
        if len(rows) > MOST_CLASSES
        else "All classes"
    )
    return Table(
        columns=("class", "images", "precision", "recall", "F1"),
        rows=tuple(
            (
                each.name,
                f"{each.images:,}",
                accuracy(each.precision),
                accuracy(each.recall),
                accuracy(each.f1),
            )
            for each in shown
        ),
        right=("images", "precision", "recall", "F1"),
        caption=f"{which}, on the validation images. Recall: of a class's images, how "
        "many are said to be of it; precision: of those said to be, how many are.",
    )
