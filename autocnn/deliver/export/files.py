"""The text of exported files: templates, filled; of Python, with imports in order."""

import ast
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import jinja2

from autocnn.deliver.export.cut import Cut, Import, imports_of

TEMPLATES = jinja2.Environment(  # noqa: S701 - nothing of it is HTML
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
)
BESIDE = ("images", "model")
"""Modules that lie beside an exported file."""
NOTHING = Cut((), (), ())


def fill(name: str, **values: object) -> str:
    """Fill in the template of a file."""
    return TEMPLATES.get_template(f"{name}.jinja").render(values)


def python(name: str, parts: Cut = NOTHING, **values: object) -> str:
    """Fill in a Python file's template, with definitions that were cut for it."""
    text = fill(
        name,
        imports="\n".join(map(str, parts.imports)),
        constants="\n".join(parts.constants),
        definitions="\n\n\n".join(parts.definitions),
        **values,
    )
    return arranged(text)


def arranged(text: str) -> str:
    """Sort a file's imports, which stand in one piece, and drop what nothing uses."""
    tree = ast.parse(text)
    places = [each for each in tree.body if list(imports_of(each))]
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found = (each for place in places for each in imports_of(place))
    block = import_block(each for each in found if each.bound in used)
    lines = text.splitlines()
    before = "\n".join(lines[: places[0].lineno - 1])
    after = "\n".join(lines[places[-1].end_lineno :]).strip()
    whole = f"{before}\n{block}\n\n{after}\n".lstrip()
    # Where a placeholder was filled with nothing, too many lines are empty.
    return re.sub(r"\n{4,}", "\n\n\n", whole)


def import_block(imports: Iterable[Import]) -> str:
    """Write imports as isort does: Python's own, other packages', files beside."""
    sections: list[list[str]] = [[], [], []]
    names: dict[str, list[str]] = {}
    for each in sorted(set(imports), key=str):
        if each.name:
            names.setdefault(each.module, []).append(str(each).split(" import ")[1])
        else:
            sections[_section(each.module)].append(str(each))
    for module, some in sorted(names.items()):
        listed = ", ".join(sorted(some, key=_by_kind))
        sections[_section(module)].append(f"from {module} import {listed}")
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _section(module: str) -> int:
    top = module.partition(".")[0]
    return 0 if top in sys.stdlib_module_names else 2 if top in BESIDE else 1


def _by_kind(name: str) -> tuple[int, str]:
    """Sort constants before classes before functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name
