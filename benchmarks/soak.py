"""Very many short trials in one search: what of memory, files and processes grows."""

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.images import write_digits

SPACE = """
[space]
stages = 2
convs_per_stage = 1
width = [8, 16]
kernel = 3
block = "plain"
batch_size = [32, 64]
"""
IMAGES = 150
EVERY = 10
"""Trials between two looks."""
WARM = 0.1
"""The share of the trials after which nothing is to grow: 200 of 2,000."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Look:
    """A search and its workers at one moment."""

    memory: int
    """Bytes that are theirs alone, or their share of what they have in common."""
    files: int
    """Open ones, connections too."""
    zombies: int


def measure(trials: int, say: Say) -> dict[str, float | int]:
    """Search, and look at it again and again; growth is from early to late."""
    with tempfile.TemporaryDirectory() as name:
        looks = _search(Path(name), trials, say)
        database = (Path(name) / "studies" / "autocnn.db").stat().st_size
    looks = looks[round(len(looks) * WARM) :]
    some = max(1, len(looks) // 10)
    early, late = looks[:some], looks[-some:]
    return {
        "trials": trials,
        "memory_mb": round(_median(late, "memory") / 2**20),
        "memory_growth": round(_growth(early, late, "memory"), 4),
        "open_files_growth": round(_growth(early, late, "files"), 4),
        "zombies": max(look.zombies for look in looks),
        "database_kb_per_trial": round(database / trials / 1024, 1),
    }


def _search(folder: Path, trials: int, say: Say) -> list[Look]:
    write_digits(folder / "d.npz", slice(IMAGES))
    (folder / "space.toml").write_text(SPACE, encoding="utf-8")
    words = [sys.executable, "-m", "autocnn", "search", str(folder / "d.npz")]
    words += ["--space", str(folder / "space.toml"), "--json"]
    words += ["--trials", str(trials), "--epochs", "1"]
    words += ["--studies", str(folder / "studies")]
    looks: list[Look] = []
    said = folder / "said.log"
    with (
        said.open("wb") as errors,
        subprocess.Popen(  # noqa: S603 - our own command
            words, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout is not None
        ended = 0
        for line in process.stdout:
            ended += json.loads(line)["event"] == "trial_ended"
            # At the end, its workers may be gone, and not yet forgotten.
            if EVERY * (len(looks) + 1) <= ended < trials:
                looks.append(_look(psutil.Process(process.pid)))
                if len(looks) % 10 == 0:
                    memory = looks[-1].memory / 2**20
                    say(f"{ended} trials: {memory:.0f} MB, {looks[-1].files} files")
    if process.returncode:
        raise RuntimeError(said.read_text("utf-8", "replace")[-2000:])
    return looks


def _look(search: psutil.Process) -> Look:
    memory = files = zombies = 0
    for each in [search, *search.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            zombies += each.status() == psutil.STATUS_ZOMBIE
            memory += each.memory_full_info().pss
            files += each.num_fds()
    return Look(memory, files, zombies)


def _median(looks: Sequence[Look], name: str) -> float:
    values: list[int] = [getattr(look, name) for look in looks]
    return float(statistics.median(values))


def _growth(early: Sequence[Look], late: Sequence[Look], name: str) -> float:
    return _median(late, name) / _median(early, name) - 1
