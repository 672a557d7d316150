"""The confusion matrix as a picture."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from autocnn.evaluation import Evaluation
from autocnn.views.report import charts

WIDEST = 20
"""More classes are not shown as a matrix: it would not be read."""
NUMBERED = 12
"""Of more, a matrix shows no numbers."""
LONGEST = 16
"""Letters of a class's name."""
CELL = 40.0


def confusion(evaluation: Evaluation) -> str:
    """Draw how many images of each class are said to be of each class."""
    names = [each.name for each in evaluation.classes]
    longest = max(cell_len(_short(name)) for name in names)
    left, size = 24 + 7.0 * longest, len(names) * CELL
    # Short names stand upright over their columns, long ones lean.
    leans = longest > 4
    top = left + 6 if leans else 26.0
    inner = []
    for place, name in enumerate(names):
        middle = (place + 0.5) * CELL
        title = f"{charts.escaped(_short(name))}<title>{charts.escaped(name)}</title>"
        inner.append(
            f'<text x="{left - 8:g}" y="{top + middle:g}" dy="0.35em" '
            f'text-anchor="end">{title}</text>'
            f'<text transform="translate({left + middle:g},{top - 8:g})'
            f'{" rotate(-55)" if leans else ""}" '
            f'text-anchor="{"start" if leans else "middle"}">{title}</text>'
        )
    for row, counts in enumerate(evaluation.confusion):
        inner += _cells(names, row, counts, (left, top))
    says = f"confusion matrix of {evaluation.images} images"
    return charts.svg(
        left + size + (50 if leans else 4),
        top + size + 4,
        "".join(inner),
        says=says,
        look="matrix",
    )


def _cells(
    names: Sequence[str], row: int, counts: Sequence[int], corner: tuple[float, float]
) -> Iterator[str]:
    """Draw a class's cells: the fuller, the more of its images are there."""
    left, top = corner
    total = sum(counts) or 1
    for column, images in enumerate(counts):
        x, y = left + column * CELL, top + row * CELL
        # By the root, so that a few mistakes are seen beside all that is right.
        share = 0.85 * (images / total) ** 0.5
        look = "cell right" if row == column else "cell"
        title = charts.escaped(f"{names[row]}, said to be {names[column]}: {images}")
        yield (
            f'<rect class="{look}" x="{x + 1:g}" y="{y + 1:g}" width="{CELL - 2:g}" '
            f'height="{CELL - 2:g}" rx="3" fill-opacity="{share:.3f}">'
            f"<title>{title}</title></rect>"
        )
        if len(names) <= NUMBERED:
            number = str(images) if images else "·"
            yield (
                f'<text class="count{"" if images else " none"}" x="{x + CELL / 2:g}" '
                f'y="{y + CELL / 2:g}" dy="0.35em">{number}</text>'
            )


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
