"""Decode whole splits into arrays on disk, on all cores where there is enough to do."""

import contextlib
import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from autocnn import durable, processes
from autocnn.data.audit import plural
from autocnn.data.decode import (
    TRAITS,
    Header,
    decode_with_header,
    fit_array,
    read_header,
    use_quick_decoder,
)
from autocnn.data.images import Pixels
from autocnn.data.raw import Arrays, Files, Part
from autocnn.errors import DataError

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and of how many (0: unknown)."""

CHUNK = 256  # images that one process decodes at a time
CHUNKS_A_NOTE = 16  # of 256 images: what a kill or a power cut may cost
SAMPLE = 1_000  # headers that are read to choose a size before decoding
FILES_FOR_A_POOL = 5_000  # starting the processes costs about 0.5 s
FILES_FOR_TORCHVISION = 100_000  # loading it costs each of them 2 s
MOST_PROCESSES = 16
LARGEST_SIDE = 64
SIDE_STEP = 8
SMALLEST_ROUNDED = 24

Job = TypeVar("Job")
Result = TypeVar("Result")


class Mapper(Protocol):
    """What `map` does, perhaps in other processes."""

    def __call__(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], /
    ) -> Iterator[Result]:
        """Yield function(job) for each job, in order."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller wants the images to be; None: what suits the data."""

    image_size: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The height, width and channels that all images are brought to."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What the headers of some images say."""

    sizes: np.ndarray
    """(N, 2): width and height of the readable images."""
    gray: bool
    traits: Counter[str]
    """Trait -> images that have it."""


def choose_shape(surveys: Sequence[Survey], wanted: Wanted) -> Shape:
    """Choose square images: as they are if they are small squares, else 8 to 64 wide.

    Larger or mixed images get the median of their shorter sides, from 24 pixels up
    rounded to a multiple of 8; they are gray only if all of them are.
    """
    side = wanted.image_size
    if side is None:
        sizes = np.concatenate([survey.sizes for survey in surveys])
        shorter = int(np.median(sizes.min(axis=1))) if len(sizes) else SIDE_STEP
        rounded = (shorter + SIDE_STEP // 2) // SIDE_STEP * SIDE_STEP
        same = bool((sizes == shorter).all()) and shorter <= LARGEST_SIDE
        small = shorter < SMALLEST_ROUNDED
        side = shorter if same or small else min(rounded, LARGEST_SIDE)
    gray = all(survey.gray for survey in surveys)
    return Shape(side, side, wanted.channels or (1 if gray else 3))


def trait_notes(traits: Counter[str]) -> Iterator[str]:
    """Say how many images have which trait."""
    for trait, images in sorted(traits.items()):
        yield f"{plural(images, 'image')} {TRAITS[trait]}."


@contextlib.contextmanager
def mapper(files: int, cores: int) -> Iterator[Mapper]:
    """Map over jobs in this process, or in one process per core for many files.

    The processes are spawned: a fork may hang once a numeric library has threads.
    """
    if files <= FILES_FOR_A_POOL or cores < 2:
        yield map
        return
    pool = ProcessPoolExecutor(
        min(cores, MOST_PROCESSES),
        mp_context=processes.spawn_context(),
        initializer=_begin,
        initargs=(files >= FILES_FOR_TORCHVISION,),
    )
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)


def survey(part: Part) -> Survey:
    """Read the headers of about SAMPLE images of a split."""
    if isinstance(part, Arrays):
        count, height, width, channels = part.pixels.shape
        sizes = np.broadcast_to(np.array([width, height]), (count, 2))
        traits = Counter({"transparent": count} if channels == 4 else {})
        return Survey(sizes, channels == 1, traits)
    headers = []
    for path in part.paths[:: max(1, len(part.paths) // SAMPLE)]:
        with contextlib.suppress(DataError):  # decoding meets it again and tells
            headers.append(read_header(path))
    return _summarize(headers)


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some images of a split have been decoded."""

    images: int
    """With those that could not be read."""
    failures: dict[int, str]
    """Index in the split -> why the image could not be read; its row stays zero."""
    survey: Survey
    """Of those that could be read."""

    def to_json(self) -> str:
        """Write it as one line."""
        found = self.survey
        fields = [self.images, list(self.failures.items()), found.sizes.tolist()]
        return json.dumps([*fields, found.gray, found.traits])

    @classmethod
    def from_json(cls, line: str) -> "Chunk":
        """Read what `to_json` wrote."""
        images, failures, sizes, gray, traits = json.loads(line)
        found = Survey(np.array(sizes).reshape(-1, 2), gray, Counter(traits))
        return cls(images, dict(failures), found)


class Journal:
    """What of a split is decoded and on the disk, so that a crash costs a moment."""

    def __init__(self, target: Path, images: int, shape: Shape) -> None:
        self._target = target
        self._file = target.with_suffix(".journal")
        self.chunks: list[Chunk] = []
        """Those that are there already, in order."""
        self._new: list[Chunk] = []
        with contextlib.suppress(OSError, ValueError, EOFError):
            pixels = np.load(target, mmap_mode="r")
            if pixels.shape == (images, shape.height, shape.width, shape.channels):
                for line in self._file.read_text("utf-8").splitlines():
                    self.chunks.append(Chunk.from_json(line))
        if not self.chunks:
            create_pixels(target, images, shape)
        # A last line that a crash cut off goes.
        self._file.write_text(
            "".join(chunk.to_json() + "\n" for chunk in self.chunks), "utf-8"
        )

    def add(self, chunk: Chunk) -> None:
        """Note a chunk, the next one in order."""
        self._new.append(chunk)
        if len(self._new) == CHUNKS_A_NOTE:
            self.close()

    def close(self) -> None:
        """Bring the pixels to the disk first, then the note that they are there."""
        if not self._new:
            return
        durable.sync(self._target)
        with self._file.open("a", encoding="utf-8") as file:
            file.writelines(chunk.to_json() + "\n" for chunk in self._new)
        self._new.clear()


def decode_part(part: Part, shape: Shape, target: Path, run: Mapper) -> Iterator[Chunk]:
    """Decode a split into target, a uint8 .npy file (N, H, W, C).

    What an earlier call, broken off, has decoded into it is not decoded again.
    """
    if isinstance(part, Files):
        journal = Journal(target, len(part.labels), shape)
        yield from journal.chunks
        first = len(journal.chunks) * CHUNK
        jobs = (
            _DecodeJob(start, part.paths[start : start + CHUNK], shape, target)
            for start in range(first, len(part.paths), CHUNK)
        )
        with contextlib.closing(journal):
            for chunk in run(_decode_chunk, jobs):
                journal.add(chunk)
                yield chunk
        return
    pixels = create_pixels(target, len(part.labels), shape)
    for start in range(0, len(pixels), CHUNK):
        rows = Arrays(part.pixels[start : start + CHUNK], part.labels)
        pixels[start : start + CHUNK] = fit_array(
            rows.pixels, shape.height, shape.width, shape.channels
        )
        yield Chunk(len(rows.pixels), {}, survey(rows))


def create_pixels(path: Path, images: int, shape: Shape) -> Pixels:
    """Create a .npy file of pixels on disk and map it into memory.

    Raises:
        OSError: the disk is full; without the reservation, writing would kill us.
    """
    size = (images, shape.height, shape.width, shape.channels)
    pixels = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=size)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return pixels


@dataclass(frozen=True, slots=True)
class _DecodeJob:
    start: int
    paths: Sequence[str]
    shape: Shape
    target: Path


def _begin(many: bool) -> None:
    """Leave interrupts to the parent, and prepare for what is to come."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    processes.end_with_parent()
    if many:
        use_quick_decoder()


def _summarize(headers: Sequence[Header]) -> Survey:
    return Survey(
        np.array([(h.width, h.height) for h in headers]).reshape(-1, 2),
        all(header.gray for header in headers),
        Counter(trait for header in headers for trait in header.traits),
    )


def _decode_chunk(job: _DecodeJob) -> Chunk:
    pixels = np.load(job.target, mmap_mode="r+")
    shape = job.shape
    failures: dict[int, str] = {}
    headers: list[Header] = []
    for row, path in enumerate(job.paths, start=job.start):
        try:
            pixels[row], header = decode_with_header(
                path, shape.height, shape.width, shape.channels
            )
            headers.append(header)
        except DataError as error:
            failures[row] = error.problem.removeprefix("cannot read ")
    return Chunk(len(job.paths), failures, _summarize(headers))
