"""A training step as a CUDA graph: recorded once, kept if it is faster."""

import contextlib
import logging
import statistics
import time
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from autocnn.device import synchronize

logger = logging.getLogger(__name__)
StepFunction = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def graphed(step: StepFunction, device: torch.device) -> StepFunction:
    """Have a step run as a CUDA graph, on CUDA and if that turns out to be faster."""
    return GraphedStep(step, device) if device.type == "cuda" else step


class GraphedStep:
    """A training step that records itself once, then spares Python's launches.

    After a few steps as they come, so many are timed; then the step is captured, and
    as many replays are timed. The faster way stays, and the first one does if the
    step cannot be captured. Every call is a real step, whichever way it is taken.
    """

    UNTIMED = 3
    TIMED = 10

    def __init__(self, step: StepFunction, device: torch.device) -> None:
        self._step = step
        self._device = device
        self._replay: StepFunction | None = None
        self._calls = 0
        self._plain_seconds: list[float] = []
        self._replay_seconds: list[float] = []

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Take one step."""
        number, tried = self._calls, self.UNTIMED + self.TIMED
        self._calls += 1
        if number == tried:
            self._replay = self._capture(images, labels)
        elif number == 2 * tried and self._replay is not None:
            plain = statistics.median(self._plain_seconds)
            if plain < statistics.median(self._replay_seconds):
                self._replay = None
        take = self._replay or self._step
        if number >= 2 * tried or number % tried < self.UNTIMED:
            return take(images, labels)
        # Each by itself: between two steps an epoch may end and be scored and saved.
        started = self._now()
        result = take(images, labels)
        kept = self._plain_seconds if number < tried else self._replay_seconds
        kept.append(self._now() - started)
        return result

    def _now(self) -> float:
        synchronize(self._device)
        return time.perf_counter()

    def _capture(self, images: Tensor, labels: Tensor) -> StepFunction | None:
        """Record the step over copies of its inputs; None if it cannot be."""
        still_images, still_labels = images.clone(), labels.clone()
        recorded = record(lambda: self._step(still_images, still_labels), self._device)
        if recorded is None:
            return None
        run, result = recorded

        def replay(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
            still_images.copy_(images)
            still_labels.copy_(labels)
            run()
            return result

        return replay


Result = TypeVar("Result")


def record(
    work: Callable[[], Result], device: torch.device
) -> tuple[Callable[[], None], Result] | None:
    """Record work as a CUDA graph, which does not run it: what runs it, and its result.

    The result is the same object for all runs. None if the work cannot be recorded, as
    on any other device.
    """
    if device.type != "cuda":
        return None
    index = device.index or 0
    graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
    generator = torch.cuda.default_generators[index]
    random = generator.clone_state()
    try:
        with (
            # Older PyTorch leaves its own stream the current one when it fails.
            torch.cuda.stream(torch.cuda.current_stream(device)),
            # Of this thread alone: another brings the next batch meanwhile.
            torch.cuda.graph(graph, pool, capture_error_mode="thread_local"),
        ):
            result = work()
    except Exception as error:  # noqa: BLE001 - not all work can be captured
        logger.info("what was to be a CUDA graph runs without one: %s", error)
        # Its own state may take itself to be captured for ever, and then refuses
        # to draw (github.com/pytorch/pytorch/issues/171263).
        generator.graphsafe_set_state(random)
        _end_allocation(index, pool)
        return None
    return graph.replay, result


def _end_allocation(device: int, pool: tuple[int, int]) -> None:
    """Tell the allocator that a capture which failed is over.

    Older PyTorch does not (github.com/pytorch/pytorch/pull/180395), and then neither
    reuses what another stream has read nor empties its cache; later versions refuse
    to be told twice.
    """
    for name in ("_cuda_endAllocateToPool", "_cuda_endAllocateCurrentStreamToPool"):
        with contextlib.suppress(AttributeError, RuntimeError):
            getattr(torch._C, name)(device, pool)
