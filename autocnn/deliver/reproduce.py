"""Train a trial again, as it was trained, and compare the two epoch by epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autocnn.deliver.single import follow
from autocnn.events import Emit, EpochEnded, Event
from autocnn.quantities import plural
from autocnn.search.jobs import Engine, Job
from autocnn.search.kept import NETWORKS
from autocnn.store.aim import standard_error
from autocnn.train.attempt import weights_file

TOLERANCE = 3.0
"""Standard errors by which another device or version may move the last accuracy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A trial's val_accuracy of each epoch (or fold), the first time and again."""

    before: tuple[float, ...]
    again: tuple[float, ...]
    same_weights: bool | None
    """Whether the kept network is the same, bit by bit; None: it is not kept."""
    val_images: int
    unit: Literal["epoch", "fold"] = "epoch"

    @property
    def identical(self) -> bool:
        """Whether all that can be compared is the same."""
        return self.before == self.again and self.same_weights is not False

    @property
    def differences(self) -> tuple[float, ...]:
        """Again minus before."""
        pairs = zip(self.before, self.again, strict=True)
        return tuple(again - before for before, again in pairs)

    @property
    def allowed(self) -> float:
        """How far apart the last accuracies may lie where bits need not be the same."""
        return TOLERANCE * (standard_error(self.before[-1], self.val_images) or 0.0)

    @property
    def close(self) -> bool:
        """Whether they lie no farther apart than that."""
        return abs(self.differences[-1]) <= self.allowed

    def rows(self) -> list[dict[str, Any]]:
        """Lay it out, a row an epoch or fold."""
        columns = zip(self.before, self.again, self.differences, strict=True)
        return [
            {
                self.unit: step,
                "val_accuracy": was,
                "again": now,
                "difference": difference,
            }
            for step, (was, now, difference) in enumerate(columns, start=1)
        ]


def reproduce(
    job: Job, before: tuple[float, ...], study: Path, engine: Engine, emit: Emit
) -> tuple[tuple[float, ...], bool | None]:
    """Train a job as far as its trial came; its curve, and whether its network is it.

    `study` is the folder of the study's files. The job's own is left as it then is.
    """
    heard: dict[int, float] = {}

    def hear(event: Event) -> None:
        emit(event)
        if isinstance(event, EpochEnded) and (
            not event.fold or event.epoch == event.epochs
        ):
            heard[event.fold or event.epoch] = event.val_accuracy

    follow(job, engine, hear, stopping=lambda: len(heard) >= len(before))
    again = tuple(heard[step] for step in sorted(heard))[: len(before)]
    return again, _same_weights(job, again, study / NETWORKS / str(job.trial))


def _same_weights(job: Job, again: tuple[float, ...], kept: Path) -> bool | None:
    """Compare the weights of its best epoch with those that the study kept."""
    best = 1 + again.index(max(again))
    fold, epoch = (best, job.recipe.train.epochs) if job.folds else (0, best)
    files = (weights_file(job.folder, fold, epoch), kept / "model.safetensors")
    if not all(file.exists() for file in files):
        return None
    fresh, old = (file.read_bytes() for file in files)
    return fresh == old


def verdict(compared: Comparison, changed: Sequence[str] | None) -> tuple[bool, str]:
    """Say whether a trial is reproduced, and how well.

    `changed` is what was different from the first time, None: that is not known.
    """
    steps = plural(len(compared.before), compared.unit)
    if compared.identical and compared.same_weights:
        return (
            True,
            f"reproduced, bit-identical on this device: {steps}, and its weights",
        )
    if compared.identical:
        return True, f"reproduced: the same val accuracy on this device in {steps}"
    at, largest = max(enumerate(compared.differences, start=1), key=_size)
    unit = compared.unit
    found = f"val accuracy differs by up to {100 * largest:+.2f} points ({unit} {at})"
    if not any(compared.differences):
        found = "val accuracy is the same, but the weights are not"
    last, allowed = 100 * compared.differences[-1], 100 * compared.allowed
    end = f"{last:+.2f} of ±{allowed:.2f} points at the last {unit}"
    if changed == []:
        return False, f"not reproduced, on the same device: {found}"
    why = "; ".join(changed or ["what it was trained on is not known"])
    if compared.close:
        return True, f"reproduced as far as can be ({why}): {found}, {end}"
    return False, f"not reproduced: {found}, {end}, more than this explains: {why}"


def _size(numbered: tuple[int, float]) -> float:
    return abs(numbered[1])
