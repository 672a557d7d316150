"""Real signals to real processes: nothing is lost, and the same command goes on."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

WORDS = ("--trials", "2", "--epochs", "40", "--jobs", "1", "--pruner", "none")


@pytest.fixture
def start(here, image_folder):
    """Start ``autocnn search`` as a process of its own; wait for its third epoch."""

    def start(*more: str) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "autocnn",
            "search",
            str(image_folder),
            "--json",
        ]
        command += ["--space", "small.toml", *WORDS, *more]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "epoch_ended" and event["epoch"] >= 3:
                return process
        raise AssertionError(process.communicate()[1])

    return start


def _rows(run):
    rows = json.loads(run("leaderboard", "--format", "json").out)
    return {row["trial"]: row for row in rows}


def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(run, start, image_folder):
    process = start()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 75, errors
    assert "the same command goes on" in errors
    row = _rows(run)[0]
    assert row["status"] == "interrupted"
    assert 3 <= row["epochs"] < 40

    ran = run("search", image_folder, "--space", "small.toml", "--json", *WORDS)
    assert ran.code == 0, ran.err
    events = [json.loads(line) for line in ran.out.splitlines()]
    begun = next(event for event in events if event["event"] == "trial_started")
    assert (begun["trial"], begun["epochs_done"]) == (0, row["epochs"])
    rows = _rows(run)
    assert set(rows) == {0, 1}
    assert {row["state"] for row in rows.values()} == {"complete"}
    assert rows[0]["epochs"] == 40


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_system_that_ends_and_a_terminal_that_is_gone_stop_it_too(run, start, name):
    process = start()
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 75, errors
    assert _rows(run)[0]["status"] == "interrupted"


def test_what_a_cluster_sends_before_it_kills_ends_nothing(run, start):
    process = start()
    workers = _descendants(process.pid)
    for pid in (process.pid, *workers):
        os.kill(pid, signal.SIGUSR1)
    assert process.stdout is not None
    lines = map(json.loads, process.stdout)
    assert any("saved as it stands" in event.get("text", "") for event in lines)
    assert any(event["event"] == "epoch_ended" for event in lines)
    assert _descendants(process.pid) == workers
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 75, errors


def test_a_killed_search_leaves_no_process_and_goes_on(run, start, image_folder):
    process = start()
    children = _descendants(process.pid)
    assert children, "workers run in processes of their own"
    process.kill()
    process.communicate(timeout=240)
    for child in children:
        _wait_until_gone(child)
    before = _rows(run)[0]
    assert before["state"] == "running"
    ran = run("search", image_folder, "--space", "small.toml", *WORDS)
    assert ran.code == 0, ran.err
    assert "trials that go on: 0" in ran.err
    rows = _rows(run)
    assert set(rows) == {0, 1}
    assert rows[0]["epochs"] == 40
    card = json.loads(Path("studies/stripes/best/card.json").read_text())
    assert card["val_accuracy"] == max(row["val_accuracy"] for row in rows.values())


def test_a_second_search_on_the_same_study_is_refused(run, start, image_folder):
    process = start()
    ran = run("search", image_folder, "--space", "small.toml", *WORDS)
    process.kill()
    process.communicate(timeout=240)
    assert ran.code == 75
    holder = f"process {process.pid} on {socket.gethostname()}"
    assert f"another search works on study 'stripes': {holder}" in ran.err


def test_workers_that_crash_again_and_again_stop_the_search_with_the_reason(run, start):
    process = start("--trials", "4")
    assert process.stdout is not None
    for event in map(json.loads, process.stdout):
        if event["event"] == "epoch_ended":
            for worker in _descendants(process.pid)[2:]:  # a tracker, a fork server
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGSEGV)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 4
    reason = "its worker was ended by SIGSEGV"
    assert f"several trials in a row failed in the same way ({reason})" in errors
    rows = _rows(run)
    assert [rows[trial]["reason"] for trial in (0, 1, 2)] == [reason] * 3
    assert {rows[trial]["status"] for trial in (0, 1, 2)} == {"failed"}
    assert rows[3]["status"] == "waiting"


def _descendants(pid: int) -> list[int]:
    """List all processes below one, as Linux tells it."""
    below = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                below += [int(child), *_descendants(int(child))]
    return below


def _wait_until_gone(pid: int) -> None:
    """Return when a process is gone; pytest's own timeout is the limit."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(handle) as waiting:
        import select

        assert select.select([waiting], [], [], 30)[0], f"process {pid} lives on"
