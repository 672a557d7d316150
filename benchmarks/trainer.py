"""The trainer against the naive loop and against the machine's limit."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from autocnn.processes import cores
from benchmarks.images import write_cache, write_files
from benchmarks.networks import NETWORKS
from benchmarks.report import Bar, Measured, OtherLoad
from benchmarks.side import Side

BARS = {
    "model7_vs_naive0": Bar(1.6, 2.2, unit="x", what="trainer / naive loop"),
    "vgg6_vs_naive0": Bar(1.5, 1.9, unit="x", what="trainer / naive loop"),
    "airbench_vs_naive0": Bar(1.9, 2.3, unit="x", what="trainer / naive loop"),
    "model7_vs_naive2": Bar(1.3, 1.6, unit="x", what="the same, 2 loader processes"),
    "vgg6_vs_naive2": Bar(1.4, 1.6, unit="x", what="the same, 2 loader processes"),
    "airbench_vs_naive2": Bar(2.0, 2.4, unit="x", what="the same, 2 loader processes"),
    "model7_of_limit": Bar(0.30, 0.45, what="trainer / sgemm, FLOP/s"),
    "vgg6_of_limit": Bar(0.50, 0.60, what="trainer / sgemm, FLOP/s"),
    "airbench_of_limit": Bar(0.50, 0.60, what="trainer / sgemm, FLOP/s"),
    "data_path_vs_imagefolder": Bar(40, 60, unit="x", what="batches / ImageFolder"),
    "data_share": Bar(0.03, 0.01, least=False, what="of a step, for data (VGG6)"),
    "two_workers_vs_two_threads": Bar(1.05, 1.15, unit="x", what="VGG6, all cores"),
}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Sides:
    ours: Side
    naive: Side
    single: list[Side]
    """One worker of one thread for each core."""


@contextmanager
def _sides(folder: Path, images: int) -> Iterator[_Sides]:
    files = write_files(folder / "files", images)
    cache = write_cache(folder / "prepared", images)
    with ExitStack() as stack:

        def start(kind: str, place: Path, threads: int) -> Side:
            return stack.enter_context(Side(kind, place, threads))

        yield _Sides(
            start("ours", cache, cores()),
            start("naive", files, cores()),
            [start("ours", cache, 1) for _ in range(cores())],
        )


def measure(
    pairs: int, seconds: float, images: int, say: Say
) -> tuple[dict[str, Measured], float]:
    """Take every measure so many times, in turns; with the load of other processes."""
    measured = {name: Measured() for name in BARS}
    load = OtherLoad()
    with (
        tempfile.TemporaryDirectory() as folder,
        _sides(Path(folder), images) as sides,
    ):
        flops = {name: sides.ours.ask("flops", name) for name in NETWORKS}
        say("warming up")
        _take(sides, flops, seconds / 8)
        for pair in range(pairs):
            say(f"pair {pair + 1} of {pairs}")
            for name, value in _take(sides, flops, seconds).items():
                measured[name].values.append(value)
        return measured, load.cores()


def _take(sides: _Sides, flops: dict[str, float], seconds: float) -> dict[str, float]:
    """Take every measure once, each beside what it is compared with."""
    ours: dict[str, float] = {}
    found: dict[str, float] = {}
    for name in NETWORKS:
        ours[name] = sides.ours.ask("train", name, seconds)
        for workers in (0, 2):
            naive = sides.naive.ask("train", name, seconds, workers)
            found[f"{name}_vs_naive{workers}"] = ours[name] / naive
        limit = sides.ours.ask("sgemm", seconds / 4)
        found[f"{name}_of_limit"] = ours[name] * flops[name] / limit
    batches = sides.ours.ask("load", seconds / 2)
    files = sides.naive.ask("load", seconds / 2)
    found["data_path_vs_imagefolder"] = batches / files
    found["data_share"] = ours["vgg6"] / batches
    for side in sides.single:
        side.begin("train", "vgg6", seconds)
    together = sum(side.answer() for side in sides.single)
    found["two_workers_vs_two_threads"] = together / sides.ours.ask(
        "train", "vgg6", seconds
    )
    return {name: found[name] for name in BARS}
