"""What the README shows of the API is run, and the tests that it names are there."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
LESS = {"trials=20": "trials=2, epochs=1, jobs=1"}


def test_the_example_runs(tmp_path):
    (example,) = re.findall(
        r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL
    )
    for much, little in LESS.items():
        assert much in example
        example = example.replace(much, little)
    ran = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"studies", "mine"}


def test_each_promise_is_kept_by_tests_that_there_are():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", README.read_text("utf-8"))
    assert len(named) > 20
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text("utf-8"), f"{file}::{test}"
