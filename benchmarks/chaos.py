"""Processes of a search killed at random moments, and what is lost by it.

A search of one worker, which must come to what an unbroken one comes to, and one of two
workers. Whenever the search itself is killed, the same command is run again.
"""

import contextlib
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from autocnn.errors import NoResultError
from autocnn.storage import open_storage
from autocnn.store.find import find_study
from autocnn.store.rows import StudySnapshot, snapshot
from benchmarks.images import write_digits

SPACE = """
[space]
stages = 2
convs_per_stage = 1
width = [16, 24, 32]
kernel = 3
block = "plain"
optimizer = ["sgd", "adamw", "nadam"]
batch_size = [16, 32, 64]
augmentation = ["none", "shift"]
"""
TRIALS, EPOCHS = 30, 9
"""Trials at least; at two for each kill no search is over before them."""
IMAGES = 1_200
SOON = 2.5
"""Seconds after its last sign of life within which something is killed."""
GONE_SECONDS = 30.0
VICTIMS = ("search", "other", "other", "all")
"""Who is killed: the search, a process that it started, or all of them at once."""

Say = Callable[[str], None]


@dataclass(slots=True)
class Found:
    """What became of a search that was killed again and again."""

    kills: int = 0
    lost: int = 0
    """Trials that were finished, and then were not, or were otherwise."""
    zombies: int = 0
    """Trials that are open, and processes that live, when the search has ended."""
    redone: int = 0
    """Epochs trained once more after one kill, at most; that in progress is one."""
    rows: Mapping[int, Any] = field(default_factory=dict)


class Chaos:
    """One search, and the hand that kills it."""

    def __init__(self, folder: Path, jobs: int, trials: int, seed: int) -> None:
        self._folder, self._jobs, self._trials = folder, jobs, trials
        self._dice = random.Random(seed)
        self._heard = 0.0
        """When an epoch was last told of."""
        self._trainings: dict[tuple[int, int], set[float]] = defaultdict(set)
        """The seconds of each training of a trial's epoch: those told twice are one."""
        self._repeated = 0
        self._others: set[psutil.Process] = set()
        """All that were seen of what searches have started."""
        self._finished: dict[int, Any] = {}

    def run(self, kills: int, say: Say) -> Found:
        """Search to the end, killing so often meanwhile."""
        found = Found()
        while True:
            process = self._start()
            while found.kills < kills and self._wait(process):
                self._count(found)
                victim = self._kill(process)
                found.kills += 1
                say(f"{found.kills}: killed {victim}")
                if victim != "other":
                    break
            code = process.wait()
            if code == 0:
                break
            if code > 0:
                raise RuntimeError(f"the search ended with {code}")
        self._count(found)
        study = self._read()
        assert study is not None
        _, alive = psutil.wait_procs(self._others, GONE_SECONDS)
        found.zombies = self._still_open(study) + len(alive)
        found.rows = {row.trial: _comparable(row) for row in study.trials}
        return found

    def _count(self, found: Found) -> None:
        """Look at what the last kill, if there was one, has cost."""
        found.lost += self._missing()
        before, self._repeated = self._repeated, self._trained_again()
        if found.kills:
            found.redone = max(found.redone, 1 + self._repeated - before)

    def _start(self) -> "subprocess.Popen[str]":
        words = [sys.executable, "-m", "autocnn", "search", str(self._folder / "d.npz")]
        words += ["--space", str(self._folder / "space.toml"), "--json"]
        words += ["--trials", str(self._trials), "--epochs", str(EPOCHS)]
        words += ["--jobs", str(self._jobs), "--studies", str(self._folder / "studies")]
        process = subprocess.Popen(  # noqa: S603 - our own command
            words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        return process

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                with contextlib.suppress(ValueError):  # the last one may be cut
                    self._note(json.loads(line))

    def _note(self, event: Mapping[str, Any]) -> None:
        self._heard = time.monotonic()
        if event["event"] == "epoch_ended":
            epoch = event["trial"], event["epoch"]
            self._trainings[epoch].add(event["seconds"])

    def _wait(self, process: "subprocess.Popen[str]") -> bool:
        """Wait for a moment after it trained; False if the search ended before it."""
        before, pause = self._heard, self._dice.uniform(0.0, SOON)
        while process.poll() is None:
            if self._heard > before and time.monotonic() > self._heard:
                time.sleep(pause)
                return process.poll() is None
            time.sleep(0.02)
        return False

    def _kill(self, process: "subprocess.Popen[str]") -> str:
        search = psutil.Process(process.pid)
        others = search.children(recursive=True)
        self._others.update(others)
        victim = self._dice.choice(VICTIMS) if others else "search"
        if victim == "other":
            with contextlib.suppress(psutil.NoSuchProcess):
                self._dice.choice(others).kill()
            return victim
        for each in [search, *others] if victim == "all" else [search]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait()
        _, alive = psutil.wait_procs(others, GONE_SECONDS)
        if alive:
            raise RuntimeError(f"{len(alive)} processes of a killed search live on")
        return victim

    def _read(self) -> StudySnapshot | None:
        file = self._folder / "studies" / "autocnn.db"
        if not file.exists():
            return None
        storage = open_storage(f"sqlite:///{file}", create=True)
        try:
            return snapshot(find_study(storage, None))
        except NoResultError:  # it was killed before it made one
            return None
        finally:
            storage.engine.dispose()

    def _missing(self) -> int:
        """Count finished trials of earlier that are not there as they were."""
        study = self._read()
        if study is None:
            return len(self._finished)
        now = {
            row.trial: _comparable(row)
            for row in study.trials
            if row.status in ("complete", "pruned", "failed")
        }
        lost: int = sum(now.get(trial) != row for trial, row in self._finished.items())
        self._finished = now
        return lost

    def _trained_again(self) -> int:
        """Count epochs that were trained, told of, and trained once more."""
        return sum(len(seconds) - 1 for seconds in list(self._trainings.values()))

    def _still_open(self, study: StudySnapshot) -> int:
        open_ = ("running", "waiting", "interrupted", "paused")
        return sum(row.status in open_ for row in study.trials)


def measure(kills: int, seed: int, say: Say) -> dict[str, int | bool]:
    """Kill a search of one worker and one of two, each so often; sum up."""
    with tempfile.TemporaryDirectory() as name:

        def search(called: str, jobs: int, killed: int) -> Found:
            folder = Path(name) / called
            folder.mkdir()
            write_digits(folder / "d.npz", slice(IMAGES))
            (folder / "space.toml").write_text(SPACE, encoding="utf-8")
            trials = max(TRIALS, 2 * kills)
            return Chaos(folder, jobs, trials, seed + jobs).run(killed, say)

        say("a search that nobody kills")
        unbroken = search("unbroken", 1, 0)
        say(f"the same, killed {kills} times")
        alone = search("alone", 1, kills)
        say(f"one of two workers, killed {kills} times")
        together = search("together", 2, kills)
    both = (alone, together)
    return {
        "kills": sum(each.kills for each in both),
        "finished_lost": sum(each.lost for each in both),
        "zombies": sum(each.zombies for each in both),
        "epochs_redone_max": max(each.redone for each in both),
        "equal_to_unbroken": alone.rows == unbroken.rows,
    }


def _comparable(row: Any) -> tuple[Any, ...]:
    """Give what of a trial does not depend on when it was trained."""
    return row.recipe, row.status, row.val_accuracy, tuple(row.curve), row.epochs
