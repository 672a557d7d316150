"""The audit of what is installed: fails for what can be mended, and only for that."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parent.parent / ".ci" / "audit.py"

pytestmark = pytest.mark.skipif(
    os.name != "posix" or not AUDIT.exists(), reason="needs the repository"
)


@pytest.fixture
def audit(tmp_path):
    """Run it with a pip-audit that answers as told."""

    def audit(answer: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        (tmp_path / "answer").write_text(answer)
        program = tmp_path / "pip-audit"
        program.write_text(
            f"#!/bin/sh\ncat '{tmp_path}/answer'\necho 'no route' >&2\nexit {code}\n"
        )
        program.chmod(0o755)
        environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        command = [sys.executable, str(AUDIT)]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    return audit


def package(*fixes: str) -> str:
    hole = {"id": "PYSEC-1", "fix_versions": list(fixes)}
    found = [{"name": "x", "version": "1.0", "vulns": [hole]}, {"name": "own"}]
    return json.dumps({"dependencies": found})


def test_what_can_be_mended_fails(audit):
    ran = audit(package("1.1"), 1)
    assert ran.returncode == 1
    assert "x 1.0: PYSEC-1, mended in 1.1" in ran.stdout
    assert "1 packages, 1 to upgrade" in ran.stdout


def test_what_nobody_can_mend_is_said(audit):
    ran = audit(package(), 1)
    assert ran.returncode == 0
    assert "no release mends it yet" in ran.stdout


def test_a_service_that_cannot_be_reached_is_said_and_no_failure(audit):
    for answer in ("", "garbage", "{}"):
        ran = audit(answer, 1)
        assert ran.returncode == 0, ran.stderr
        assert "SKIPPED" in ran.stdout
        assert "no route" in ran.stdout
