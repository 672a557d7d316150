"""What a search costs beside training and scoring: starts, the driver, the study."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from autocnn.data.cache import prepare
from autocnn.processes import cores
from benchmarks.driving import seconds_of_driver
from benchmarks.report import Bar, Measured, OtherLoad

BARS = {
    "search_overhead": Bar(
        0.05, 0.02, least=False, what="of the workers' time, 20 trials of 10 s"
    ),
    "warm_start_s": Bar(
        4.0, 2.5, least=False, unit=" s", what="command to the first epoch of one step"
    ),
    "worker_ready_s": Bar(
        4.0, 2.5, least=False, unit=" s", what="no process to a worker's first epoch"
    ),
    "driver_trial_s": Bar(0.5, 0.2, least=False, unit=" s", what="driver, a trial"),
    "driver_epoch_s": Bar(0.05, 0.02, least=False, unit=" s", what="driver, an epoch"),
}
TRIALS, QUICK_TRIALS = 20, 4
EPOCHS, QUICK_EPOCHS = 3, 1
STARTS, QUICK_STARTS = 5, 2
SEARCHES, QUICK_SEARCHES = 1, 1
SPACE = """
[space]
width = 40
stages = 3
convs_per_stage = 2
block = "plain"
kernel = 3
stem = "patch"
norm = "batch_norm"
activation = ["relu", "gelu"]
batch_size = 128
"""
READY = """
import sys, time
from pathlib import Path
from benchmarks.driving import first_epoch
print(first_epoch(Path(sys.argv[1]), Path(sys.argv[2])))
"""

Say = Callable[[str], None]


def measure(quick: bool, say: Say) -> tuple[dict[str, Measured], float]:
    """Take every measure; with the load of other processes."""
    measured = {name: Measured() for name in BARS}

    def add(name: str, value: float) -> None:
        measured[name].values.append(value)
        say(f"{name}: {value:.3g}")

    load = OtherLoad()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiny = _tiny(folder)
        cache = prepare(str(tiny), cache_dir=folder / "cache").folder
        say("a first start, which measures the machine")
        _warm_start(folder, tiny, -1)
        for number in range(QUICK_STARTS if quick else STARTS):
            add("warm_start_s", _warm_start(folder, tiny, number))
            words = [sys.executable, "-c", READY, str(cache), str(folder / "jobs")]
            done = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603
            add("worker_ready_s", float(done.stdout))
            trial, epoch = seconds_of_driver(folder / f"driver{number}")
            add("driver_trial_s", trial)
            add("driver_epoch_s", epoch)
        images = _small_set(folder)
        for number in range(QUICK_SEARCHES if quick else SEARCHES):
            say(f"a search of {QUICK_TRIALS if quick else TRIALS} trials")
            add("search_overhead", _search(folder, images, number, quick))
    return measured, load.cores()


def _tiny(folder: Path) -> Path:
    """Write so few images that an epoch is one step."""
    noise = np.random.default_rng(0)
    images = noise.integers(0, 256, (60, 8, 8), dtype=np.uint8)
    np.savez(folder / "tiny.npz", images=images, labels=np.arange(60) % 3)
    return folder / "tiny.npz"


def _small_set(folder: Path) -> Path:
    """Write 4,096 color images of 32x32: an epoch takes a core some five seconds."""
    noise = np.random.default_rng(0)
    images = noise.integers(0, 256, (4096, 32, 32, 3), dtype=np.uint8)
    np.savez(folder / "small.npz", images=images, labels=np.arange(4096) % 10)
    return folder / "small.npz"


def _events(folder: Path, data: Path, *words: str) -> Iterator[tuple[float, Any]]:
    """Run a search; yield its events with their times since the command."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "autocnn", "search", str(data), "--json"]
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--pruner", "none", *words],
        stdout=subprocess.PIPE,
        env=_environment(folder),
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield time.perf_counter() - started, json.loads(line)


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "AUTOCNN_CACHE": str(folder / "cache")}


def _warm_start(folder: Path, data: Path, number: int) -> float:
    words = ["--trials", "1", "--epochs", "1", "--jobs", "1"]
    place = ["--storage", str(folder / f"start{number}.db")]
    times = [
        seconds
        for seconds, event in _events(folder, data, *words, *place)
        if event["event"] == "epoch_ended"
    ]
    return times[0]


def _search(folder: Path, data: Path, number: int, quick: bool) -> float:
    """Search; return the share of the workers' time that no epoch accounts for.

    A worker's time ends with its last trial: that others still train is no overhead.
    """
    space = folder / "space.toml"
    space.write_text(SPACE, encoding="utf-8")
    trials, epochs = (QUICK_TRIALS, QUICK_EPOCHS) if quick else (TRIALS, EPOCHS)
    words = ["--trials", str(trials), "--epochs", str(epochs), "--space", str(space)]
    place = ["--storage", str(folder / f"search{number}.db")]
    events = list(_events(folder, data, *words, *place))
    started = next(at for at, event in events if event["event"] == "search_started")
    ended = [
        (at, event["seconds"])
        for at, event in events
        if event["event"] == "trial_ended"
    ]
    last = sorted(at for at, _ in ended)[-min(cores(), trials) :]
    available = sum(at - started for at in last)
    return float(1 - sum(seconds for _, seconds in ended) / available)
