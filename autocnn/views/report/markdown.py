"""A report as Markdown: all that its tables and sentences tell."""

import re
import time
from collections.abc import Iterator, Sequence

from autocnn import __version__
from autocnn.names import printable
from autocnn.views.report.blocks import (
    Bar,
    Block,
    Code,
    Facts,
    Figure,
    Gallery,
    Plot,
    Section,
    Table,
    Text,
)
from autocnn.views.report.chapters import chapters
from autocnn.views.report.contents import Report

SPECIAL = re.compile(r"([\\`*\[\]<>|~$&])|(?<!\w)_|_(?!\w)")
"""What means something in Markdown; not an underscore within a word."""
BLANK = re.compile(r"\s+")


def write(report: Report) -> str:
    """Write the whole document."""
    written = time.strftime("%Y-%m-%d %H:%M", time.localtime(report.now.since))
    return "\n\n".join(
        [
            f"# {plain(report.study.name)}",
            *(section(each) for each in chapters(report)),
            f"Written {written} by autocnn {__version__}.\n",
        ]
    )


def section(written: Section) -> str:
    """Write a chapter."""
    blocks = (text for block in written.blocks for text in _block(block))
    return "\n\n".join([f"## {plain(written.title)}", *blocks])


def plain(text: str) -> str:
    """Write a text so that nothing in it is taken for Markdown, on one line."""
    text = printable(BLANK.sub(" ", text).strip())
    return SPECIAL.sub(lambda found: "\\" + found[0], text)


def code(text: str) -> str:
    """Write lines as they are; nothing if there are none."""
    text = printable(text, lines=True)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.strip()}\n{fence}" if text.strip() else ""


def _block(block: Block) -> Iterator[str]:
    match block:
        case Text():
            yield re.sub(r"^([#+-]|\d+\.)", r"\\\1", plain(block.text))
        case Facts():
            yield "\n".join(
                f"- {plain(fact.label)}: **{plain(fact.value)}** ({plain(fact.note)})"
                for fact in block.facts
            )
        case Table():
            yield _table(block)
            if block.caption:
                yield plain(block.caption)
        case Gallery():
            rows = tuple(
                (each.name, each.truth, each.label, each.probability)
                for each in block.pictures
            )
            columns = ("image", "is", "said to be", "probability")
            yield _table(Table(columns=columns, rows=rows, right=("probability",)))
            yield plain(block.caption)
        case Code():
            yield code(block.text)
        case Figure() | Plot():
            return


def _table(table: Table) -> str:
    """Write a table; without columns that would only show bars."""
    bars = {
        place
        for row in table.rows
        for place, cell in enumerate(row)
        if isinstance(cell, Bar)
    }
    kept = [n for n in range(len(table.columns)) if n not in bars]
    names = [table.columns[n] for n in kept]
    rules = ["---:" if name in table.right and name else "---" for name in names]
    rows = [[str(row[n]) for n in kept] for row in table.rows]
    ruler = "| " + " | ".join(rules) + " |"
    return "\n".join([_row(names), ruler, *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(plain(cell) for cell in cells) + " |"
