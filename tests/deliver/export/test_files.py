"""Templates become files that a linter has nothing to say about."""

import jinja2
import pytest

from autocnn.deliver.export import files
from autocnn.deliver.export.cut import Import


def test_imports_are_sorted_as_isort_does_and_unused_ones_left_out():
    text = '''"""A file."""

import sys
from torch import nn
from model import Net, CLASSES
import math
from torch import Generator, Tensor
import numpy as np
from pathlib import Path

print(CLASSES, Net, Path, Tensor, math.pi, nn, np, Generator)
'''
    assert files.arranged(text).split("\n\n") == [
        '"""A file."""',
        "import math\nfrom pathlib import Path",
        "import numpy as np\nfrom torch import Generator, Tensor, nn",
        "from model import CLASSES, Net",
        "print(CLASSES, Net, Path, Tensor, math.pi, nn, np, Generator)\n",
    ]


def test_one_name_is_imported_once():
    twice = [Import("torch", "nn"), Import("torch", "nn")]
    assert files.import_block(twice) == "from torch import nn"


@pytest.fixture
def template(monkeypatch):
    texts = {}
    loader = jinja2.DictLoader(texts)
    monkeypatch.setattr(files, "TEMPLATES", files.TEMPLATES.overlay(loader=loader))

    def write(text):
        texts["it.jinja"] = text

    return write


def test_a_line_that_only_decides_leaves_no_line(template):
    template("a\n{% if yes %}\nb\n{% endif %}\n{% if no %}\nc\n{% endif %}\n{{ d }}\n")
    assert files.fill("it", yes=True, no=False, d="<3>") == "a\nb\n<3>\n"


def test_a_placeholder_without_a_value_is_our_mistake(template):
    template("{{ unknown }}\n")
    with pytest.raises(jinja2.UndefinedError):
        files.fill("it")


def test_empty_placeholders_leave_no_gaps(template):
    template(
        "import os\n{{ imports }}\n\nX = os\n{{ constants }}\n\n\n"
        "{{ definitions }}\n\n\nY = 1\n"
    )
    assert files.python("it") == "import os\n\nX = os\n\n\nY = 1\n"
