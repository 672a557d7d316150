"""Train again as a study did, and compare the two epoch by epoch."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from autocnn import recipe as recipes
from autocnn.deliver.single import follow
from autocnn.events import Emit, EpochEnded, Event
from autocnn.quantities import plural
from autocnn.search import winner
from autocnn.search.jobs import Engine, Job
from autocnn.search.kept import NETWORKS
from autocnn.search.study import StudyConfig
from autocnn.store.aim import Unit, standard_error
from autocnn.store.final import Final
from autocnn.store.rows import TrialRow
from autocnn.train.attempt import weights_file

TOLERANCE = 3.0
"""Standard errors by which another device or version may move the last accuracy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A training that a study tells of, to be done again."""

    name: str
    jobs: Sequence[tuple[Job, int]]
    """One after the other, and until which epoch (or fold) each is done."""
    curve: tuple[float, ...]
    """What it came to."""
    network: Path
    """Where its network is, in the study's folder, if it was kept."""
    val_images: int
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The val_accuracy of each epoch (or fold), the first time and again."""

    before: tuple[float, ...]
    again: tuple[float, ...]
    same_weights: bool | None
    """Whether the kept network is the same, bit by bit; None: it is not kept."""
    val_images: int
    unit: Unit = "epoch"

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


def of_trial(
    seed: int, row: TrialRow, config: StudyConfig, data: Path, work: Path
) -> Training:
    """Have a trial trained as the search did, from its first epoch on."""
    job = Job(
        trial=row.trial,
        recipe=recipes.loads(row.recipe),
        shape=config.shape,
        data=data,
        folder=work,
        seed=seed,
        split_seed=config.seed,
        folds=config.folds,
    )
    return Training(
        name=f"trial {row.trial}",
        jobs=((job, row.epochs),),
        curve=row.curve,
        network=Path(NETWORKS, str(row.trial)),
        val_images=config.val_images,
    )


def of_final(
    final: Final, row: TrialRow, config: StudyConfig, data: Path, work: Path
) -> Training:
    """Have a trial's recipe trained as in the end, by each of its plans in turn."""
    recipe = recipes.loads(row.recipe)
    return Training(
        name=f"the final training of trial {row.trial}'s recipe",
        jobs=tuple(
            (winner.job(plan, recipe, config, data=data, folder=work), until)
            for plan, until in winner.plans(final)
        ),
        curve=final.curve,
        network=Path("best"),
        val_images=final.val_images or config.val_images,
        final=True,
    )


def reproduce(training: Training, home: Path, engine: Engine, emit: Emit) -> Comparison:
    """Do a training again as far as it came, and compare.

    `home` is the folder of the study's files. The jobs' own is left as it then is.
    """
    heard: dict[int, float] = {}

    def hear(event: Event) -> None:
        if isinstance(event, EpochEnded):
            event = dataclasses.replace(event, final=training.final)
            if not event.fold or event.epoch == event.epochs:
                heard[event.fold or event.epoch] = event.val_accuracy
        emit(event)

    def enough(until: int) -> bool:
        return len(heard) >= until

    for job, until in training.jobs:
        follow(job, engine, hear, stopping=partial(enough, until))
    again = tuple(heard[step] for step in sorted(heard))[: len(training.curve)]
    last, _ = training.jobs[-1]
    return Comparison(
        before=training.curve,
        again=again,
        same_weights=_same_weights(last, again, home / training.network),
        val_images=training.val_images,
        unit="fold" if last.folds else "epoch",
    )


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
    """Say whether a training is reproduced, and how well.

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
