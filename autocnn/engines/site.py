"""Where trials are trained: what a search asks of this machine, or of a cluster."""

from collections.abc import Callable
from typing import Protocol

import torch

from autocnn import device as devices
from autocnn.engines import machine
from autocnn.engines.local import LocalEngine
from autocnn.recipe import ImageShape, Recipe
from autocnn.search.jobs import Engine
from autocnn.train.cost import Calibration

Say = Callable[[str], None]


class Site(Protocol):
    """What trains, and what that costs."""

    @property
    def device(self) -> torch.device:
        """What each worker trains on."""
        ...

    @property
    def home(self) -> torch.device:
        """What this machine scores the winner on."""
        ...

    @property
    def name(self) -> str:
        """All that trains, as a person knows it."""
        ...

    def jobs(
        self, heaviest: Callable[[], Recipe], shape: ImageShape, images: int
    ) -> int:
        """Choose how many trials to train at once, on so many images.

        `heaviest` gives the recipe that needs the most memory.
        """
        ...

    def prices(self, jobs: int, say: Say) -> Calibration | None:
        """Measure, once, what work costs where so many train; None if that fails."""
        ...

    def latency(self, recipe: Recipe, shape: ImageShape) -> float | None:
        """Measure the seconds for one image; None if it cannot run."""
        ...

    def epoch_alone(
        self, recipe: Recipe, shape: ImageShape, train_images: int, val_images: int
    ) -> float | None:
        """Measure the seconds of an epoch that has all it can have for itself."""
        ...

    def engine(self, jobs: int) -> Engine:
        """Start so many workers."""
        ...

    def engine_alone(self) -> Engine:
        """Start one worker, with all that one can have."""
        ...


class Here:
    """This machine."""

    def __init__(self, device: str) -> None:
        self.device = self.home = devices.pick_device(device)
        self._first = devices.assign(self.device, 0)

    @property
    def name(self) -> str:
        """The device as a person knows it."""
        return devices.describe(self.device)

    def jobs(
        self, heaviest: Callable[[], Recipe], shape: ImageShape, images: int
    ) -> int:
        """One for each core, or as many as fit on each GPU."""
        return machine.auto_jobs(self.device, heaviest, shape, images)

    def prices(self, jobs: int, say: Say) -> Calibration | None:
        """Measure this machine, or read what was measured before."""
        return machine.prices(self.device, jobs, say)

    def latency(self, recipe: Recipe, shape: ImageShape) -> float | None:
        """Measure beside what is trained."""
        return machine.latency(self._first, recipe, shape)

    def epoch_alone(
        self, recipe: Recipe, shape: ImageShape, train_images: int, val_images: int
    ) -> float | None:
        """Measure with all cores, or a GPU."""
        return machine.epoch_alone(self._first, recipe, shape, train_images, val_images)

    def engine(self, jobs: int) -> LocalEngine:
        """Start a process for each."""
        return LocalEngine(self.device, jobs)

    def engine_alone(self) -> LocalEngine:
        """Start one with all cores, or a GPU."""
        return LocalEngine(self.device, 1)
