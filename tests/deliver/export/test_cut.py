"""What is cut out of our modules runs without them."""

import ast
import builtins

import pytest

from autocnn.data.augmentations import AUGMENTATIONS
from autocnn.data.decode import to_pixels
from autocnn.deliver.export.cut import Import, cut, imports_of
from autocnn.nets.blocks import Residual
from autocnn.nets.initializations import INITIALIZATIONS
from autocnn.train.average import Average
from autocnn.train.optimizers import decayed
from autocnn.train.schedules import SCHEDULES

EVERYTHING = [
    *(row.function for row in AUGMENTATIONS.values()),
    *INITIALIZATIONS.values(),
    *SCHEDULES.values(),
    Average,
    Residual,
    decayed,
    to_pixels,
]


@pytest.mark.parametrize("function", EVERYTHING, ids=lambda each: each.__name__)
def test_a_cut_holds_all_that_it_names_and_nothing_of_ours(function):
    found = cut(function)
    assert not any(each.module.startswith("autocnn") for each in found.imports)
    text = "\n".join([*found.constants, *found.definitions])
    tree = ast.parse(text)
    bound = {each.bound for each in found.imports} | set(dir(builtins))
    bound |= {each.bound for node in ast.walk(tree) for each in imports_of(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert named <= bound


def test_helpers_constants_and_aliases_come_along_once():
    found = cut(Average, AUGMENTATIONS["shift"].function, to_pixels, to_pixels)
    text = "\n".join([*found.constants, *found.definitions])
    for line in (
        "EVERY = 5",
        '"""Steps from one update to the next',
        "Pixels = npt.NDArray[np.uint8]",
        "def _floats(",
        "def _offset(",
        "def _uniform(",
        "def scale_integers(",
    ):
        assert text.count(line) == 1
    assert "def jitter(" not in text
    assert Import("numpy.typing", "", "npt") in found.imports
    assert Import("torch", "Tensor") in found.imports


def test_what_others_are_built_on_comes_first():
    found = cut(AUGMENTATIONS["cutout"].function)
    first_lines = [text.splitlines()[0] for text in found.definitions]
    assert [line.partition("(")[0] for line in first_lines] == [
        "def cutout",
        "def _uniform",
        "def _span",
    ]
