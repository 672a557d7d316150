"""This machine's prices: measured once in real workers, then read from the cache."""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from autocnn import device as devices
from autocnn import durable
from autocnn.data.augmentations import AUGMENTATIONS
from autocnn.data.cache import default_cache_dir
from autocnn.nets.activations import ACTIVATIONS
from autocnn.processes import (
    cores,
    processor,
    threads_of,
    worker_context,
    worker_environment,
)
from autocnn.recipe import ImageShape, Recipe
from autocnn.train import calibrate
from autocnn.train.cost import Calibration
from autocnn.train.latency import measure as measure_latency
from autocnn.train.learner import Learner
from autocnn.train.optimizers import OPTIMIZERS
from autocnn.train.pace import measure as measure_pace
from autocnn.train.step import Step
from autocnn.variables import environment

logger = logging.getLogger(__name__)
PATIENCE = 120.0
"""Seconds until measuring workers are given up."""
MEASURING = 15.0
"""Seconds that measuring the prices takes workers with a core each, about."""


def known_prices(device: torch.device, workers: int) -> Calibration | None:
    """Read what was measured here before; None if nothing was, or of another build."""
    try:
        text = _file(device, workers).read_text(encoding="utf-8")
        return Calibration.from_dict(json.loads(text))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def nearest_prices(device: torch.device, workers: int) -> Calibration | None:
    """Read what was measured here with so many workers, or with about as many.

    The prices say with how many; None if nothing was measured here.
    """
    files = _file(device, 0).parent.glob(f"{_machine(device)}-*.json")
    counts = [int(file.stem.rpartition("-")[2]) for file in files]
    for count in sorted(counts, key=lambda count: (abs(count - workers), count)):
        if (known := known_prices(device, count)) is not None:
            return known
    return None


def prices(
    device: torch.device, workers: int, say: Callable[[str], None]
) -> Calibration | None:
    """Read what was measured here before, or measure it now: some seconds.

    None if it cannot be measured: what a search costs then stays unsaid.
    """
    known = known_prices(device, workers)
    if known is not None:
        return known
    seconds = MEASURING * max(1.0, workers / cores())
    if seconds > PATIENCE:
        say(f"{workers} workers share {cores()} cores: what training costs is unknown")
        return None
    say(f"measuring how fast this machine trains, once: about {seconds:.0f} seconds")
    found = _measured(device, workers)
    if found is not None:
        try:
            text = json.dumps(found.to_dict()) + "\n"
            durable.write(_file(device, workers), text.encode())
        except OSError as error:
            logger.warning("the measured speed is not kept: %s", error)
    return found


def latency(device: torch.device, recipe: Recipe, shape: ImageShape) -> float | None:
    """Measure how long a recipe's network takes for one image; None if it cannot run.

    In a process of its own, which gives the device's memory back, and with one thread:
    the cores train meanwhile.
    """
    found = _in_workers(measure_latency, device, 1, (recipe, shape), threads=1)
    return found[0] if found else None


def epoch_alone(
    device: torch.device,
    recipe: Recipe,
    shape: ImageShape,
    train_images: int,
    val_images: int,
) -> float | None:
    """Measure the seconds of an epoch of a training that has the machine for itself.

    None if it cannot run. In a process of its own, which gives its memory back.
    """
    arguments = (recipe, shape, train_images, val_images)
    found = _in_workers(measure_pace, device, 1, arguments)
    return found[0] if found else None


def auto_jobs(
    device: torch.device,
    heaviest: Callable[[], Recipe],
    shape: ImageShape,
    images: int,
) -> int:
    """Choose how many trials to train at once, on so many images.

    One per CPU core; on a GPU as many as fit of the space's heaviest recipe, by the
    memory that a step of it is measured to take, and the images if they are held there.
    """
    jobs = devices.default_jobs(device)
    if device.type != "cuda":
        return jobs
    size = images * shape.height * shape.width * shape.channels
    measured = _in_workers(_measure_memory, device, 1, (heaviest(), shape, size))
    if not measured:
        return jobs
    free, taken = measured[0]
    return jobs * devices.workers_that_fit(free, taken)


def _file(device: torch.device, workers: int) -> Path:
    name = f"{_machine(device)}-{workers}.json"
    return default_cache_dir() / "machine" / name


def _machine(device: torch.device) -> str:
    """Hash all that changes prices, the tables included: computers may share a home."""
    words = [devices.describe(device), processor(), torch.__version__]
    words += [*ACTIVATIONS, *OPTIMIZERS, *AUGMENTATIONS, *calibrate.FUNCTIONS]
    words += [str(calibrate.CONVOLUTIONS), *calibrate.OTHERS]
    return hashlib.blake2b("\n".join(words).encode(), digest_size=8).hexdigest()


def _measured(device: torch.device, workers: int) -> Calibration | None:
    """Measure in all workers at once, as they will train; take the mean."""
    found = _in_workers(_measure_prices, device, workers, (workers,))
    return Calibration.from_dict(_mean(found)) if found else None


def _in_workers(
    measure: Callable[..., Any],
    device: torch.device,
    workers: int,
    arguments: tuple[Any, ...],
    threads: int = 0,
) -> list[Any]:
    """Measure in so many processes at once; what came of those that live.

    With so many threads each; 0: with its share of the cores.
    """
    threads = threads or threads_of(workers)
    started = []
    with environment(worker_environment(threads)):
        context = worker_context(threads)
        for slot in range(workers):
            ours, theirs = context.Pipe(duplex=False)
            home = str(devices.assign(device, slot))
            process = context.Process(
                target=_answer,
                args=(theirs, measure, home, threads, arguments),
                daemon=True,
            )
            process.start()
            theirs.close()
            started.append((process, ours))
    found, until = [], time.monotonic() + PATIENCE
    for process, ours in started:
        try:
            if ours.poll(max(0.0, until - time.monotonic())):
                found.append(ours.recv())
        except EOFError:
            logger.warning("measuring this machine failed in one of its workers")
        process.kill()
        process.join()
    return found


def _answer(
    pipe: Connection,
    measure: Callable[..., Any],
    device_name: str,
    threads: int,
    arguments: tuple[Any, ...],
) -> None:
    """Measure in a process of its own, and leave."""
    device = torch.device(device_name)
    devices.prepare(device, threads)
    try:
        pipe.send(measure(device, *arguments))
    except Exception as error:  # noqa: BLE001 - a search can do without; the log says so
        logger.warning("%s: %s", type(error).__name__, error)
    pipe.close()
    os._exit(0)


def _measure_prices(device: torch.device, workers: int) -> dict[str, Any]:
    return calibrate.measure(device, workers).to_dict()


def _measure_memory(
    device: torch.device, recipe: Recipe, shape: ImageShape, images: int
) -> tuple[int, int]:
    """Take a training step; bytes that were free on the device, and that it took.

    With the bytes of the images that training would hold there.
    """
    free = devices.free_bytes(device)
    held = images if devices.holds(device, images) else 0
    learner = Learner(recipe, shape, device=device, seed=0)
    count = recipe.train.batch_size
    batch = torch.randn(count, shape.channels, shape.height, shape.width)
    batch = batch.to(device=device, memory_format=torch.channels_last)
    Step(learner)(batch, torch.zeros(count, dtype=torch.long, device=device), 0.0)
    return free, free - devices.free_bytes(device) + held


def _mean(found: list[Any]) -> Any:
    """Average documents of one form, number by number."""
    first = found[0]
    if isinstance(first, float):
        return sum(found) / len(found)
    if isinstance(first, dict):
        # What one of them could not measure, none of them says.
        names = [name for name in first if all(name in one for one in found)]
        return {name: _mean([one[name] for one in found]) for name in names}
    if isinstance(first, list | tuple):
        return [_mean(list(items)) for items in zip(*found, strict=True)]
    return first
