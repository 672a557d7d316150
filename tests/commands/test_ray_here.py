"""Ray on this machine, when it is too small, and when it, or its head, ends."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import psutil
import pytest
from servers import runs

pytest.importorskip("ray")
WORDS = ("--space", "small.toml", "--trials", "2", "--epochs", "40", "--study", "mine")


@pytest.fixture
def start(here, image_folder, monkeypatch):
    """Start a search with Ray, as a process of its own: Ray is in a process once."""
    monkeypatch.setenv("RAY_ADDRESS", "")
    started = []

    def start(*more: str) -> subprocess.Popen[str]:
        words = [str(image_folder), *WORDS, "--engine", "ray", *more]
        process = subprocess.Popen(
            [sys.executable, "-m", "autocnn", "search", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def below(process, name: str) -> list[psutil.Process]:
    """What a search has started, by name; "raylet" makes this machine one of Ray's."""
    found = []
    for each in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found += [each] if name in each.name() else []
    return found


def test_a_machine_that_is_too_small_is_told(start):
    _, errors = start("--cpus-per-worker", "1000").communicate(timeout=120)
    assert "there is no room here for a worker of 1000 CPU" in errors
    assert "--address" in errors


def test_a_machine_that_ends_stops_the_search_which_goes_on_another_time(
    run, start, image_folder
):
    process = start("--json", "--workers", "1", "--pruner", "none")
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(json.loads(line))  # nothing of Ray's stands between
        if said[-1].get("epoch") == 3:
            below(process, "raylet")[0].kill()
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 75, errors
    ended = "the search stops: Ray, started here for this search, ended"
    assert ended in [event.get("text") for event in said]
    assert "the same command goes on from here" in errors
    ran = run("search", image_folder, *WORDS, "--pruner", "none")
    assert (ran.code, "trials that go on: 0" in ran.err) == (0, True), ran.err


@pytest.fixture
def head(here, monkeypatch):
    """The head of a cluster that asks for a token, and its only machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef" * 4)
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
    files = tempfile.mkdtemp(prefix="ray-")  # a socket's path must be short
    words = ["start", "--head", "--block", "--num-cpus=1", "--include-dashboard=false"]
    words += ["--node-ip-address=127.0.0.1", f"--port={port}", f"--temp-dir={files}"]
    program = [sys.executable, "-m", "ray.scripts.scripts", *words]
    with (here / "head.log").open("w") as log:
        process = subprocess.Popen(program, stdout=log, stderr=log)
    yield process
    end(process)
    shutil.rmtree(files, ignore_errors=True)


def end(process) -> None:
    """Kill a process, and all that it has started."""
    if process.poll() is not None:
        return
    whole = psutil.Process(process.pid)
    for each in [whole, *whole.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):  # it ends with its parent
            each.kill()
    process.wait()


def test_a_head_that_is_lost_stops_the_search(run, start, head, here, image_folder):
    while "Ray runtime started" not in (here / "head.log").read_text():
        assert head.poll() is None
        time.sleep(0.2)
    process = start("--json", "--workers", "1", "--pruner", "none")
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(json.loads(line))
        if said[-1].get("epoch") == 3 and head.poll() is None:
            end(head)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 75, errors
    assert "the head of the Ray cluster" in "".join(e.get("text", "") for e in said)
    ran = run("search", image_folder, *WORDS, "--pruner", "none")
    assert (ran.code, "trials that go on: 0" in ran.err) == (0, True), ran.err


def test_a_search_that_is_ended_while_it_measures_leaves_nothing(
    start, here, monkeypatch
):
    monkeypatch.setenv("AUTOCNN_CACHE", str(here / "unmeasured"))
    process = start()
    assert process.stderr is not None
    assert any("measuring" in line for line in process.stderr)
    while not below(process, "_on_machine"):
        assert process.poll() is None
        time.sleep(0.1)
    started = below(process, "")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (128 + signal.SIGTERM, "")
    until = time.monotonic() + 60
    while any(map(runs, started)):
        assert time.monotonic() < until, started
        time.sleep(0.2)
