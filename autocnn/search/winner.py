"""The final training as a job for a worker: the same whenever it is trained."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from autocnn.recipe import Recipe
from autocnn.search.jobs import Job
from autocnn.search.study import StudyConfig
from autocnn.store.final import Final

SEED = 999
"""Beside the seeds of trials: fresh weights and another order of the images."""


def job(
    final: Final, recipe: Recipe, config: StudyConfig, *, data: Path, folder: Path
) -> Job:
    """Describe what is left of it, as it is planned now; `recipe` is the trial's."""
    train = dataclasses.replace(recipe.train, epochs=final.epochs)
    return Job(
        trial=final.trial,
        recipe=dataclasses.replace(recipe, train=train),
        shape=config.shape,
        data=data,
        folder=folder,
        seed=config.seed * 1_000 + SEED,
        split_seed=config.seed,
        reported=final.done,
        on_val=final.on_val,
    )


def plans(final: Final) -> Iterator[tuple[Final, int]]:
    """Give it as it was planned at each time, and until which epoch it was so."""
    done = 0
    for until, epochs in final.replanned:
        yield dataclasses.replace(final, epochs=epochs, done=done, curve=()), until
        done = until
    yield dataclasses.replace(final, done=done, curve=()), final.done
