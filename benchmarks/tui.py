"""What the terminal UI costs: its start, a refresh, a key, memory, and the search."""

import contextlib
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autocnn.processes import cores
from autocnn.storage import open_storage
from benchmarks.overhead import SPACE
from benchmarks.report import Bar, Measured, OtherLoad
from benchmarks.studies import make_study
from benchmarks.terminal import Terminal

BARS = {
    "first_paint_s": Bar(
        2.0, 1.5, least=False, unit=" s", what="command to the best of 10,000 trials"
    ),
    "all_read_s": Bar(5.0, 3.0, least=False, unit=" s", what="command to all 10,000"),
    "refresh_ms": Bar(
        100, 50, least=False, unit=" ms", what="main thread, after an epoch, 10,000"
    ),
    "memory_mb": Bar(300, 200, least=False, unit=" MB", what="at most, 10,000 trials"),
    "key_p95_ms": Bar(
        100, 50, least=False, unit=" ms", what="key to screen, all cores training"
    ),
    "search_slowdown": Bar(
        0.02, 0.01, least=False, what="of a search's images/s, TUI attached"
    ),
    "idle_cpu": Bar(0.02, 0.01, least=False, what="of a core, 4 running trials"),
    "bytes_per_s": Bar(10_000, 3_000, least=False, what="to the terminal, the same"),
}
RUNNING = 4
CURSOR = ">"
ACCURACY = r"\d\d\.\d% ±\d"
SETTLE_SECONDS = 2.0
IMAGES = 600
"""So few that an epoch of the search takes well under a second."""
SAME = """
width_growth = 1.5
pooling = "max"
head = "global_avg_pool"
conv_dropout = 0.0
optimizer = "sgd"
augmentation = "none"
"""
"""What makes a recipe slower or faster is fixed."""
EPOCHS = "100"
"""Of each trial: as many as people's longest ones have."""

Say = Callable[[str], None]
Add = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is measured."""

    trials: int = 10_000
    starts: int = 5
    epochs: int = 10
    rounds: int = 3
    """Of keys, and of watching a search idly."""
    keys: int = 40
    idle_seconds: float = 20.0
    pairs: int = 40
    search_seconds: float = 4.0


QUICK = Amounts(1_000, 1, 2, 1, 15, 4.0, 3, 4.0)


def measure(quick: bool, say: Say) -> tuple[dict[str, Measured], float | None]:
    """Take every measure; with the load of other processes."""
    measured = {name: Measured() for name in BARS}
    amounts = QUICK if quick else Amounts()

    def add(name: str, value: float) -> None:
        measured[name].values.append(value)
        say(f"{name}: {value:.3g}")

    load = OtherLoad()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say(f"writing a study of {amounts.trials} trials")
        large = make_study(folder / "large.db", amounts.trials, running=RUNNING)
        _starts(large, amounts, add)
        _refreshes(large, folder / "refreshes", amounts, add)
        say("keys, while all cores train")
        _keys(large, amounts, add)
        say("watching a search idly")
        _idle(folder, amounts, add)
        say("a search with the terminal UI attached and without")
        _slowdown(folder, amounts, add)
    return measured, load.cores()


def _watch(url: str) -> Terminal:
    return Terminal([sys.executable, "-m", "autocnn", "watch", "--storage", url])


def _painted(trials: int) -> tuple[str, ...]:
    """What stands on the first screen of the leaderboard, with its scores."""
    return rf"leaderboard.*\bof {trials} trials", ACCURACY


def _all_read(trials: int) -> str:
    """What the leaderboard says when it has them all."""
    return rf"\b{trials} of {trials} trials"


def _starts(url: str, amounts: Amounts, add: Add) -> None:
    for _ in range(amounts.starts):
        with _watch(url) as terminal:
            add("first_paint_s", terminal.wait_for(*_painted(amounts.trials)))
            add("all_read_s", terminal.wait_for(_all_read(amounts.trials)))
            for key in "jjkG":
                terminal.press(key)
                terminal.read_for(0.3)
            terminal.read_for(SETTLE_SECONDS)
            add("memory_mb", terminal.peak_memory() / 2**20)


def _refreshes(url: str, file: Path, amounts: Amounts, add: Add) -> None:
    storage = open_storage(url, create=True)
    words = [sys.executable, "-m", "benchmarks.watching", "probe", url, str(file)]
    with Terminal(words) as terminal:
        terminal.wait_for(_all_read(amounts.trials))
        terminal.read_for(SETTLE_SECONDS)
        before = len(file.read_text("ascii").splitlines())
        for epoch in range(amounts.epochs):
            storage.set_trial_intermediate_value(amounts.trials, 10 + epoch, 0.5)
            terminal.read_for(SETTLE_SECONDS)
    for line in file.read_text("ascii").splitlines()[before:]:
        add("refresh_ms", 1e3 * json.loads(line))
    storage.engine.dispose()


@contextlib.contextmanager
def _beside(*words: str, count: int = 1) -> Iterator[list["subprocess.Popen[str]"]]:
    """Have processes run in the background, and end them."""
    command = [sys.executable, "-m", "benchmarks.watching", *words]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(count)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def _keys(url: str, amounts: Amounts, add: Add) -> None:
    """Press keys that move the cursor; one comes while it may be refreshing."""
    with (
        _beside("train", count=cores()) as training,
        _beside("report", url, str(amounts.trials), str(RUNNING)),
        _watch(url) as terminal,
    ):
        for process in training:
            assert process.stdout is not None
            process.stdout.readline()
        terminal.wait_for(_all_read(amounts.trials))
        terminal.read_for(SETTLE_SECONDS)
        for _ in range(amounts.rounds):
            times = [_press(terminal, "jk"[n % 2]) for n in range(amounts.keys)]
            add("key_p95_ms", 1e3 * statistics.quantiles(times, n=20)[-1])


def _press(terminal: Terminal, key: str) -> float:
    """Press a key after a while; seconds until the cursor is drawn anew."""
    terminal.read_for(0.23)
    terminal.forget()
    begun = time.perf_counter()
    terminal.press(key)
    while CURSOR not in terminal.text:
        if not terminal.read(5.0):
            raise TimeoutError(f"no answer to the key {key}")
    return time.perf_counter() - begun


def _idle(folder: Path, amounts: Amounts, add: Add) -> None:
    """Watch four trials run, untouched; each round has a study of its own."""
    for number in range(amounts.rounds):
        trials = 100
        url = make_study(folder / f"small{number}.db", trials, running=RUNNING)
        with (
            _beside("report", url, str(trials), str(RUNNING)),
            _watch(url) as terminal,
        ):
            terminal.wait_for(*_painted(trials), "LIVE")
            terminal.read_for(SETTLE_SECONDS)
            busy, written = terminal.cpu_seconds(), terminal.bytes
            begun = time.perf_counter()
            terminal.read_for(amounts.idle_seconds)
            seconds = time.perf_counter() - begun
            add("idle_cpu", (terminal.cpu_seconds() - busy) / seconds)
            add("bytes_per_s", (terminal.bytes - written) / seconds)


class Search:
    """A search of like recipes that goes on until it is stopped."""

    def __init__(self, folder: Path) -> None:
        noise = np.random.default_rng(0)
        images = noise.integers(0, 256, (IMAGES, 32, 32, 3), dtype=np.uint8)
        np.savez(folder / "images.npz", images=images, labels=np.arange(IMAGES) % 10)
        space = SPACE.replace('["relu", "gelu"]', '"relu"') + SAME
        (folder / "space.toml").write_text(space, encoding="utf-8")
        self.url = str(folder / "search.db")
        self._ended: list[tuple[float, dict[str, Any]]] = []
        words = ["search", str(folder / "images.npz"), "--json", "--pruner", "none"]
        words += ["--space", str(folder / "space.toml"), "--storage", self.url]
        words += ["--trials", "10000", "--epochs", EPOCHS]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "autocnn", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            if event["event"] == "epoch_ended":
                self._ended.append((time.perf_counter(), event))

    def wait(self) -> None:
        """Wait until all trials have trained for an epoch."""
        while len({event["trial"] for _, event in self._ended}) < cores():
            if self._process.poll() is not None:
                raise RuntimeError("the search ended")
            time.sleep(0.1)

    def images_per_second(self, begin: float, end: float) -> float:
        """Say how fast all trials together learned, by epochs wholly in that time."""
        speeds: list[float] = [
            event["images_per_second"]
            for at, event in self._ended
            if begin <= at - event["seconds"] and at <= end
        ]
        if len(speeds) < cores():
            raise RuntimeError("an epoch takes too long here to be measured")
        return cores() * statistics.mean(speeds)

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()


def _slowdown(folder: Path, amounts: Amounts, add: Add) -> None:
    """Compare a search beside a terminal UI that runs with one that is stopped.

    By turns of seconds: what else a machine does comes and goes over minutes.
    """
    search = Search(folder)
    with contextlib.closing(search):
        search.wait()
        with _watch(search.url) as terminal:
            terminal.wait_for("LIVE", ACCURACY)
            before = _alone(search, terminal, amounts.search_seconds)
            for _ in range(amounts.pairs):
                terminal.read_for(SETTLE_SECONDS)  # what it missed is read first
                begin = time.perf_counter()
                terminal.read_for(amounts.search_seconds)
                attached = search.images_per_second(begin, time.perf_counter())
                after = _alone(search, terminal, amounts.search_seconds)
                add("search_slowdown", 1 - attached / statistics.mean((before, after)))
                before = after


def _alone(search: Search, terminal: Terminal, seconds: float) -> float:
    terminal.process.send_signal(signal.SIGSTOP)
    try:
        begin = time.perf_counter()
        time.sleep(seconds)
        return search.images_per_second(begin, time.perf_counter())
    finally:
        terminal.process.send_signal(signal.SIGCONT)
