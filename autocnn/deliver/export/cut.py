"""Cut functions and classes out of our own modules, for files that stand alone.

Each comes with all that it needs: what else of ours it calls, and what it imports. So
an exported file says what we do in the words in which we do it, and cannot drift.
"""

import ast
import functools
import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

OURS = "autocnn."


@dataclass(frozen=True, slots=True)
class Import:
    """One name and where it comes from: ``from MODULE import NAME as ALIAS``."""

    module: str
    name: str = ""
    """Empty: ``import MODULE as ALIAS``."""
    alias: str = ""

    @property
    def bound(self) -> str:
        """What a file calls it."""
        return self.alias or self.name or self.module.partition(".")[0]

    def __str__(self) -> str:
        origin = f"from {self.module} import {self.name}"
        said = origin if self.name else f"import {self.module}"
        return said + (f" as {self.alias}" if self.alias else "")


@dataclass(frozen=True, slots=True)
class Cut:
    """Definitions as they stand in our modules, and what they import from others."""

    imports: tuple[Import, ...]
    constants: tuple[str, ...]
    definitions: tuple[str, ...]
    """Of functions and classes."""


def cut(*wanted: Callable[..., Any]) -> Cut:
    """Cut out functions and classes, each module's in the order of its lines."""
    imports: dict[Import, None] = {}
    found: dict[tuple[int, int], _Definition] = {}
    modules: list[str] = []
    todo = [(each.__module__, each.__name__) for each in wanted]
    while todo:
        module, name = todo.pop(0)
        match _names(module).get(name):
            case Import() as other if other.module.startswith(OURS):
                todo.append((other.module, other.name))
            case Import() as other:
                imports[other] = None
            case _Definition() as definition:
                if module not in modules:
                    modules.append(module)
                # What others are built on comes before them.
                place = (-modules.index(module), definition.line)
                if place not in found:
                    found[place] = definition
                    todo += [(module, used) for used in sorted(definition.uses)]
            case None:
                pass  # a name of Python's, or one that lives within the function
    ordered = [found[place] for place in sorted(found)]
    return Cut(
        tuple(imports),
        tuple(each.text for each in ordered if each.constant),
        tuple(each.text for each in ordered if not each.constant),
    )


def imports_of(statement: ast.stmt) -> Iterator[Import]:
    """List what a statement imports, if it imports anything."""
    match statement:
        case ast.Import(names=names):
            for each in names:
                yield Import(each.name, "", each.asname or "")
        case ast.ImportFrom(module=str(module), names=names):
            for each in names:
                yield Import(module, each.name, each.asname or "")
        case _:
            pass


@dataclass(frozen=True, slots=True)
class _Definition:
    text: str
    line: int
    uses: frozenset[str]
    constant: bool


@functools.cache
def _names(module: str) -> dict[str, _Definition | Import]:
    """Say what each name of a module of ours stands for."""
    text = inspect.getsource(importlib.import_module(module))
    lines = text.splitlines()
    body = ast.parse(text).body
    found: dict[str, _Definition | Import] = {}
    for statement, following in zip(body, [*body[1:], None], strict=True):
        found |= {each.bound: each for each in imports_of(statement)}
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = _definition(lines, statement, statement)
            case (
                ast.Assign(targets=[ast.Name(id=name)])
                | ast.AnnAssign(target=ast.Name(id=name))
            ):
                # The string below a constant says what it means.
                explained = isinstance(following, ast.Expr)
                last = following if explained and following else statement
                found[name] = _definition(lines, statement, last)
            case _:
                pass
    return found


def _definition(lines: list[str], first: ast.stmt, last: ast.stmt) -> _Definition:
    decorators = getattr(first, "decorator_list", [])
    line = min([first.lineno, *(each.lineno for each in decorators)])
    return _Definition(
        text="\n".join(lines[line - 1 : last.end_lineno]),
        line=line,
        uses=frozenset(
            node.id for node in ast.walk(first) if isinstance(node, ast.Name)
        ),
        constant=isinstance(first, ast.Assign | ast.AnnAssign),
    )
