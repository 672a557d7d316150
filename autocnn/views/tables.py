"""Rows as a table, as JSON or as CSV, on standard output."""

import csv
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from autocnn import quantities
from autocnn.names import printable

Row = Mapping[str, Any]

count, duration, plural = quantities.count, quantities.duration, quantities.plural
size = quantities.size


def accuracy(value: float | None) -> str:
    """0.8312 to ``83.1%``."""
    return "-" if value is None or math.isnan(value) else f"{value:.1%}"


def score(value: float | None, error: float | None) -> str:
    """0.8312 and 0.0053 to ``83.1% ±0.5``."""
    if value is None or error is None:
        return accuracy(value)
    return f"{accuracy(value)} ±{100 * error:.1f}"


def settings(params: Mapping[str, Any], *, most: int = 0) -> str:
    """Write drawn values on one line, numbers with three digits."""
    words = [
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in params.items()
    ]
    return " ".join(words[:most] if most else words)


SHOWN: Mapping[str, Callable[[Any], str]] = {
    "val_accuracy": accuracy,
    "best": accuracy,
    "probability": accuracy,
    "precision": accuracy,
    "recall": accuracy,
    "f1": accuracy,
    "share": accuracy,
    "parameters": count,
    "flops": count,
    "seconds": duration,
    "latency": quantities.milliseconds,
}
NEVER_WRAPPED = {"settings", "layer", "parameter", "study"}
RIGHT = {"rank", "trial", "epochs", "folds", "trials", "images", *SHOWN}


def write(rows: Sequence[Row], form: str, *, columns: Sequence[str] = ()) -> None:
    """Write rows in a form: table (only `columns`), json or csv (all there is)."""
    match form:
        case "json":
            write_json(list(rows))
        case "csv":
            _write_csv(rows)
        case _:
            _write_table(rows, columns or list(rows[0] if rows else ()))


def write_json(document: Any, *, indent: int | None = 2) -> None:
    """Write JSON and end the line; what the output cannot take is escaped."""
    text = printable(
        json.dumps(document, indent=indent, ensure_ascii=False), lines=True
    )
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=indent)
    sys.stdout.write(text + "\n")


def console(*, err: bool = False) -> Console:
    """A console that wraps nothing when its output is not a terminal.

    What stands in brackets or between colons is text: files may be named so. What else
    a name may hold, `cell` and `printable` take out.
    """
    made = Console(stderr=err, highlight=False, markup=False, emoji=False)
    if not made.is_terminal:
        made.width = max(made.width, 200)
    return made


def _write_csv(rows: Sequence[Row]) -> None:
    spread = [_plain(flat(row)) for row in rows]
    names = list(dict.fromkeys(name for row in spread for name in row))
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(spread)


def flat(row: Row) -> dict[str, Any]:
    """Spread a nested mapping over columns named ``params.width``."""
    spread: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            spread |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            spread[name] = value
    return spread


def _plain(row: Row) -> dict[str, Any]:
    """Write out what in a row would steer a terminal that shows the file."""
    return {
        printable(name): printable(value) if isinstance(value, str) else value
        for name, value in row.items()
    }


def _write_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(
            printable(name.replace("_", " ")),
            justify="right" if name in RIGHT else "left",
            no_wrap=name in RIGHT or name in NEVER_WRAPPED,
        )
    for row in rows:
        table.add_row(*(cell(name, row) for name in columns))
    console().print(table)


def cell(name: str, row: Row) -> str:
    """Write a row's value as a table has it, with nothing that steers a terminal."""
    return printable(_cell(name, row))


def _cell(name: str, row: Row) -> str:
    value = row.get(name)
    if name == "val_accuracy":
        return score(value, row.get("val_standard_error"))
    if name in SHOWN:
        return SHOWN[name](value)
    if isinstance(value, Mapping):
        return settings(value)
    return "-" if value is None else str(value)
