"""Whether a search tells the truth: its corrected score beside the sealed test set's.

Many small real searches, each on another cut of the handwritten digits into training,
validation and test images.
"""

import json
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.images import write_digits

TRIALS, EPOCHS = 12, 5
DIGITS, IMAGES = 1_797, 900
"""All there are, and those of a search: it has its own, and so few that choosing
flatters."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Told:
    """What one search said of its best network."""

    val_accuracy: float
    corrected: float
    interval: tuple[float, float]
    test_accuracy: float

    @property
    def holds(self) -> bool:
        """Whether the test accuracy lies where it was expected, with 95 %."""
        low, high = self.interval
        return low <= self.test_accuracy <= high


def measure(searches: int, say: Say) -> list[Told]:
    """Search so many times, and open the test set each time."""
    found = []
    for seed in range(searches):
        with tempfile.TemporaryDirectory() as folder:
            told = _search(seed, Path(folder))
        found.append(told)
        low, high = told.interval
        say(
            f"search {seed}: val {told.val_accuracy:.2%}, corrected "
            f"{told.corrected:.2%} ({low:.2%} to {high:.2%}), test "
            f"{told.test_accuracy:.2%}"
        )
    return found


def _search(seed: int, folder: Path) -> Told:
    chosen = np.random.default_rng(seed).permutation(DIGITS)[:IMAGES]
    write_digits(folder / "cut.npz", chosen)
    words = [sys.executable, "-m", "autocnn", "search", str(folder / "cut.npz")]
    words += ["--trials", str(TRIALS), "--epochs", str(EPOCHS), "--seed", str(seed)]
    words += ["--final", "--confirm", "0", "--json", "--studies", str(folder)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603
    events = map(json.loads, done.stdout.splitlines())
    (verdict,) = (each for each in events if each["event"] == "verdict")
    low, high = verdict["corrected_interval"]
    return Told(
        verdict["val_accuracy"],
        verdict["corrected"],
        (low, high),
        verdict["test_accuracy"],
    )


def summary(found: Sequence[Told]) -> dict[str, float]:
    """Sum up: how often the interval held, and how far scores were off on average."""
    raw = [told.val_accuracy - told.test_accuracy for told in found]
    corrected = [told.corrected - told.test_accuracy for told in found]
    root = math.sqrt(len(found))
    return {
        "searches": len(found),
        "within": sum(told.holds for told in found),
        "raw_bias": round(statistics.mean(raw), 4),
        "raw_bias_error": round(statistics.stdev(raw) / root, 4),
        "corrected_bias": round(statistics.mean(corrected), 4),
        "corrected_bias_error": round(statistics.stdev(corrected) / root, 4),
    }
