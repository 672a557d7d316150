"""Labels of images: lines as soon as they are known, or a table in the end."""

import csv
import io
import itertools
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autocnn.names import printable
from autocnn.views import tables
from autocnn.views.tables import Row

FORMS = ("table", "json", "jsonl", "csv")
NAMES = ("label", "probability")
STREAMED = ("jsonl", "csv")
"""They are written batch by batch."""


def row(image: str, probabilities: Mapping[str, float], error: str) -> Row:
    """Lay out what was said of one image; `probabilities` best first."""
    label = next(iter(probabilities), None)
    laid: dict[str, Any] = {
        "image": image,
        "label": label,
        "probability": None if label is None else probabilities[label],
        "probabilities": dict(probabilities),
    }
    return laid | ({"error": error} if error else {})


def write(batches: Iterable[Sequence[Row]], form: str, *, top: int) -> None:
    """Write rows as they come, in one of FORMS; `top` classes are listed of each."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name may be bytes that are no text.
        sys.stdout.reconfigure(errors="backslashreplace")
    match form:
        case "jsonl":
            for batch in batches:
                for each in batch:
                    tables.write_json(each, indent=None)
                sys.stdout.flush()
        case "csv":
            _write_csv(batches, top)
        case "json":
            tables.write(list(itertools.chain.from_iterable(batches)), form)
        case _:
            _write_table(batches)


def _write_csv(batches: Iterable[Sequence[Row]], top: int) -> None:
    """Write label and probability, then those of the next likeliest classes."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    further = [f"{name}_{n}" for n in range(2, top + 1) for name in NAMES]
    writer.writerow(["image", *NAMES, *further, "error"])
    for batch in batches:
        for each in batch:
            pairs = itertools.chain.from_iterable(each["probabilities"].items())
            cells = [*pairs] + [""] * 2 * (top - len(each["probabilities"]))
            row = [each["image"], *cells, each.get("error", "")]
            writer.writerow([printable(c) if isinstance(c, str) else c for c in row])
        sys.stdout.flush()


def _write_table(batches: Iterable[Sequence[Row]]) -> None:
    rows = [
        {**each, "then": _others(each["probabilities"])}
        for batch in batches
        for each in batch
        if not each.get("error")
    ]
    columns = ("image", *NAMES, "then")
    if rows:
        tables.write(rows, "table", columns=columns if rows[0]["then"] else columns[:3])


def _others(probabilities: Mapping[str, float]) -> str:
    others = itertools.islice(probabilities.items(), 1, None)
    return ", ".join(f"{name} {tables.accuracy(share)}" for name, share in others)
