"""The package as a whole: what shows never loads what trains, and no file swells."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autocnn

PACKAGE = Path(autocnn.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE = 300
LONGEST_FUNCTION = 60
SHOWS = ["autocnn.cli", "autocnn.store", "autocnn.events", "autocnn.commands.options"]
SHOWS += sorted(
    f"autocnn.views.{path.stem}" for path in (PACKAGE / "views").glob("[!_]*.py")
)


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Give the name of every function and its lines, without its signature."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.end_lineno - node.body[0].lineno + 1


def test_what_shows_does_not_load_what_trains():
    code = f"""
import importlib, sys
for name in {SHOWS!r}:
    importlib.import_module(name)
print(sorted(set(sys.modules) & {{"torch", "torchvision", "sklearn", "PIL"}}))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")


def test_the_package_is_imported_at_once_and_its_functions_stay_what_they_are():
    code = """
import sys, autocnn
assert not {"torch", "optuna", "sklearn", "click", "numpy"} & set(sys.modules)
assert set(autocnn.__all__) <= set(dir(autocnn))
import autocnn.search.budget
from autocnn import search
print(search is autocnn.search, autocnn.search.__module__)
print([name for name in autocnn.__all__ if not callable(getattr(autocnn, name))])
autocnn.nothing
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.splitlines() == ["True autocnn.api.search", "[]"]
    assert "module 'autocnn' has no attribute 'nothing'" in ran.stderr


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_stays_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_functions_stay_short(path):
    long = [
        (name, lines) for name, lines in functions(path) if lines > LONGEST_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_says_in_its_first_line_what_it_is(path):
    text = path.read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(text))
    assert said or not text.strip()
