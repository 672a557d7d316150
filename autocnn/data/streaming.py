"""Image files to pixels batch by batch: on all cores where there is enough to do."""

import logging
import os
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import numpy as np

from autocnn.data.decode import decode
from autocnn.data.decoding import FILES_FOR_A_POOL, Mapper, Shape, mapper
from autocnn.data.images import Pixels
from autocnn.errors import DataError
from autocnn.processes import cores

BATCH = 256
HEAVY = 1_000
"""A batch is cut where it weighs as much: large photographs come a few at a time."""
BYTES = 20_000
"""So many take as long to decode as it takes to open one file more."""
LARGE = 4
"""What files weigh, on average, that leave nothing else to do but decode them."""
AHEAD = 32
"""Batches: so many, twice, may be decoded or on their way before they are taken."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Some files, in their order."""

    paths: Sequence[str]
    pixels: Pixels
    """(n, H, W, C), of those that could be read."""
    failures: dict[int, str]
    """Index in paths -> why the image could not be read."""

    @property
    def readable(self) -> list[int]:
        """The indices of those that could be read."""
        return [row for row in range(len(self.paths)) if row not in self.failures]


def decode_files(paths: Sequence[str], shape: Shape) -> Generator[Decoded, None, None]:
    """Decode image files in order, batch by batch; unreadable ones are told."""
    batches, weight = _cut(paths)
    jobs = [_Job(batch, shape) for batch in batches]
    # Few large files are worth as many processes as a lot of small ones; beside small
    # ones, a core has enough to do with what takes them.
    files = max(len(paths), min(weight, FILES_FOR_A_POOL + 1))
    workers = cores() if weight >= LARGE * len(paths) else cores() - 1
    done = 0
    try:
        with mapper(files, workers) as run:
            for batch in _ahead(run, jobs):
                yield batch
                done += 1
    except BrokenProcessPool:
        logger.warning("a decoding process died: decoding on in this process")
        yield from map(_decode, jobs[done:])


@dataclass(frozen=True, slots=True)
class _Job:
    paths: Sequence[str]
    shape: Shape


def _cut(paths: Sequence[str]) -> tuple[list[list[str]], int]:
    """Cut a list into batches of about equal work; say how much it is in all."""
    batches: list[list[str]] = []
    room, total = 0, 0
    for path in paths:
        weight = 1 + _bytes(path) // BYTES
        if room <= 0 or len(batches[-1]) == BATCH:
            batches.append([])
            room = HEAVY
        batches[-1].append(path)
        room -= weight
        total += weight
    return batches, total


def _bytes(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - a million times
    except (OSError, ValueError):  # the decoder meets it again and tells
        return 0


def _ahead(run: Mapper, jobs: Sequence[_Job]) -> Iterator[Decoded]:
    """Keep the processes busy without holding all they have decoded in memory."""
    waiting: deque[Iterator[Decoded]] = deque()
    for start in range(0, len(jobs), AHEAD):
        waiting.append(run(_decode, jobs[start : start + AHEAD]))
        if len(waiting) == 2:
            yield from waiting.popleft()
    for rest in waiting:
        yield from rest


def _decode(job: _Job) -> Decoded:
    shape = job.shape
    size = (len(job.paths), shape.height, shape.width, shape.channels)
    pixels = np.empty(size, dtype=np.uint8)
    failures: dict[int, str] = {}
    for row, path in enumerate(job.paths):
        try:
            pixels[row - len(failures)] = decode(path, *size[1:])
        except DataError as error:
            failures[row] = error.problem
    return Decoded(job.paths, pixels[: len(job.paths) - len(failures)], failures)
