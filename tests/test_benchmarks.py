"""What the benchmarks count as work of others: all but this process and its tree."""

import subprocess
import sys

import psutil
import pytest

from benchmarks.report import OtherLoad

PARENT = """
import subprocess, sys
busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
print(busy.pid, flush=True)
sys.stdin.read()
busy.kill()
busy.wait()
"""
SECONDS = 0.2


@pytest.fixture
def parent():
    """A process with a busy child, which it does not wait for until its input ends."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=pipe, stdout=pipe, text=True
    ) as process:
        yield process


@pytest.fixture
def busy(parent):
    """The busy child."""
    return psutil.Process(int(parent.stdout.readline()))


def test_the_work_of_a_childs_child_is_our_own_even_when_it_is_gone(parent, busy):
    load = OtherLoad()
    while load._own[busy] < SECONDS:
        load.own_seconds()
    parent.stdin.close()
    parent.wait()
    assert not busy.is_running()
    assert load.own_seconds() >= load._own[busy] >= SECONDS
    assert load.cores() >= 0


def test_work_is_seen_while_nobody_asks(busy, monkeypatch):
    monkeypatch.setattr(OtherLoad, "SECONDS", 0.01)
    load = OtherLoad()
    while load._own[busy] < SECONDS:
        pass
    assert load.cores() >= 0


def test_a_process_that_is_not_ours_is_of_others():
    load = OtherLoad()
    load.cores()
    assert psutil.Process().parent() not in load._own
