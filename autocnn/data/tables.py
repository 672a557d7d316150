"""Images listed in CSV files: a path and a label on each line."""

import csv
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from autocnn.data.raw import (
    MOST_UNREADABLE,
    Files,
    Raw,
    Source,
    make_manifest,
    manifest_line,
    number_labels,
)
from autocnn.errors import DataError

PATH_COLUMNS = ("path", "image", "file", "filename", "filepath", "image_path")
LABEL_COLUMNS = ("label", "class", "category", "target")


@dataclass(frozen=True, slots=True)
class Line:
    """One image of a table."""

    number: int
    """Of the line in the file, counted from 1."""
    path: str
    label: str


def find_csv(path: Path) -> Source:
    """Find the images listed in a table; train.csv brings val.csv and test.csv along.

    Raises:
        DataError: a line lacks its label, or names a file that is not there.
    """
    is_train = path.name.lower() == "train.csv"
    tables = {"train": path}
    if is_train:
        for split in ("val", "test"):
            if (sibling := path.with_name(f"{split}.csv")).is_file():
                tables[split] = sibling
    lines: dict[str, list[Line]] = {}
    notes = []
    manifest = [str(path)]
    for split, table in tables.items():
        if split != "train" and not _has_labels(table):
            notes.append(f"{table.name} has no label column and was not used.")
            continue
        lines[split] = read_lines(table)
        manifest += [split, *_stat_lines(table, lines[split])]
        manifest += [f"{line.path}\t{line.label}" for line in lines[split]]
    return Source(
        name=path.parent.name if is_train else path.stem,
        source=str(path),
        manifest=make_manifest(manifest),
        load=partial(_load, path.name, lines, tuple(notes)),
    )


def read_lines(table: Path) -> list[Line]:
    """Read a table; paths are relative to its folder, a header line is optional."""
    rows = _read_rows(table)
    path_column, label_column = _columns(rows[0][1])
    start = 0
    if path_column is None:
        path_column, label_column = 0, 1
    else:
        start = 1
    if label_column is None:
        raise DataError(
            f"{table} has no label column, only {', '.join(rows[0][1])}",
            hint="name the columns 'path' and 'label'",
        )
    lines = [
        Line(number, *(_cell(row, column) for column in (path_column, label_column)))
        for number, row in rows[start:]
    ]
    _refuse(table, "lack a path or a label", lines, lambda x: not (x.path and x.label))
    if not lines:
        raise DataError(f"{table} lists no images", hint="write one path,label a line")
    base = table.parent
    return [Line(line.number, str(base / line.path), line.label) for line in lines]


def _read_rows(table: Path) -> list[tuple[int, list[str]]]:
    """Read the rows that are not blank, with their line numbers."""
    rows: list[tuple[int, list[str]]] = []
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            delimiter = max(",;\t", key=first.count)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            rows += ((reader.line_num, row) for row in reader if any(row))
    except UnicodeDecodeError as error:
        raise DataError(
            f"{table} is not UTF-8 text", hint="save it as UTF-8"
        ) from error
    except csv.Error as error:
        raise DataError(
            f"cannot read {table} after line {rows[-1][0] if rows else 0}: {error}",
            hint='close every quote (") that opens a field, and write one in it twice',
        ) from error
    except OSError as error:
        raise DataError(f"cannot read {table}: {error}") from error
    if not rows:
        raise DataError(f"{table} is empty", hint="write one path,label a line")
    return rows


def _columns(header: list[str]) -> tuple[int | None, int | None]:
    """Find the columns of path and label; None for a column without such a title."""
    titles = [title.strip().lower() for title in header]

    def first(names: tuple[str, ...]) -> int | None:
        return next((titles.index(name) for name in names if name in titles), None)

    return first(PATH_COLUMNS), first(LABEL_COLUMNS)


def _has_labels(table: Path) -> bool:
    header = _read_rows(table)[0][1]
    path_column, label_column = _columns(header)
    return label_column is not None or (path_column is None and len(header) > 1)


def _cell(row: list[str], column: int) -> str:
    return row[column].strip() if column < len(row) else ""


def _refuse(
    table: Path, problem: str, lines: Sequence[Line], is_bad: Callable[[Line], bool]
) -> None:
    bad = [line for line in lines if is_bad(line)]
    if bad:
        shown = "; ".join(f"line {line.number}: {line.path}" for line in bad[:5])
        raise DataError(
            f"{len(bad):,} of {len(lines):,} lines of {table} {problem}: {shown}",
            hint="write a path relative to the table's folder and a label on each line",
        )


def _stat_lines(table: Path, lines: Sequence[Line]) -> Iterator[str]:
    """Yield each file's manifest line; refuse a table whose files mostly are not there.

    A few missing ones are left to the decoder, which lists and skips what it cannot
    read.
    """
    missing = set()
    for line in lines:
        try:
            found = Path(line.path).stat()
        except (OSError, ValueError):  # ValueError: a null byte in the name
            missing.add(line)
            yield line.path
            continue
        if not stat.S_ISREG(found.st_mode):
            missing.add(line)
        yield manifest_line(line.path, found)
    if len(missing) > MOST_UNREADABLE * len(lines):
        _refuse(table, "name files that are not there", lines, missing.__contains__)


def _load(name: str, lines: dict[str, list[Line]], notes: tuple[str, ...]) -> Raw:
    labels = {split: [line.label for line in split_] for split, split_ in lines.items()}
    classes, numbers, more_notes = number_labels(name, labels)
    parts = {
        split: Files([line.path for line in lines[split]], numbers[split])
        for split in lines
    }
    return Raw(
        classes=classes,
        train=parts["train"],
        val=parts.get("val"),
        test=parts.get("test"),
        notes=notes + more_notes,
    )
