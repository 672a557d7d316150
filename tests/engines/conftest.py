"""Jobs over the tiny data."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from autocnn.data.cache import Prepared
from autocnn.recipe import ImageShape, Recipe
from autocnn.search.jobs import Job


@pytest.fixture
def make_job(
    tmp_path: Path,
    tiny_data: Prepared,
    tiny_shape: ImageShape,
    make_recipe: Callable[..., Recipe],
) -> Callable[..., Job]:
    """Make a job; `train` are the recipe's training settings."""

    def make(
        trial: int = 0,
        *,
        layers: list[str] | None = None,
        folds: int = 0,
        reported: int = 0,
        most_seconds: float = math.inf,
        data: Path | None = None,
        **train: object,
    ) -> Job:
        return Job(
            trial=trial,
            recipe=make_recipe(layers, **train),
            shape=tiny_shape,
            data=data or tiny_data.folder,
            folder=tmp_path / "checkpoints" / str(trial),
            seed=trial,
            split_seed=0,
            folds=folds,
            reported=reported,
            most_seconds=most_seconds,
        )

    return make
