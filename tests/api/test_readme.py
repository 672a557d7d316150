"""What the README shows of the API is run."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
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
