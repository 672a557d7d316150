"""What worker processes start from. Nothing here loads PyTorch: they do, meanwhile."""

import math
import multiprocessing
import os
import platform
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import (
    ForkServerContext,
    ForkServerProcess,
    SpawnContext,
    SpawnProcess,
)
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType, ModuleType

from autocnn.variables import PATIENCE_OF_THREADS, environment

# glibc: freed memory stays in the process instead of being faulted in at every step.
_ALLOCATORS = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
    "MALLOC_TOP_PAD_": "67108864",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
}


WORKER = "autocnn-worker-"
"""How the names of processes begin that train."""
CONTROL_GROUPS = Path("/sys/fs/cgroup")
"""Where Linux says how much of the machine a container may use."""
CPU_INFO = Path("/proc/cpuinfo")


def cores() -> int:
    """Count the CPU cores this process may use: a container's share is rounded up."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), _quota())))


def processor() -> str:
    """Name the model of this machine's CPU, as far as the system does."""
    try:
        told = CPU_INFO.read_text("utf-8", "replace")
    except OSError:  # there is such a file on Linux only
        told = ""
    named = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    return named[1] if named else platform.processor() or platform.machine()


def threads_of(workers: int) -> int:
    """Share the CPU cores out: threads for each of so many workers.

    A person's OMP_NUM_THREADS is what each of them has, however many they are.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if asked.isdecimal() and int(asked):
        return int(asked)
    return max(1, cores() // workers)


def worker_environment(threads: int) -> Mapping[str, str]:
    """Say what must be in a worker's environment before it starts."""
    count = str(threads)
    ours = {"OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count}
    return ours | PATIENCE_OF_THREADS | _ALLOCATORS


def _quota() -> float:
    """Read how many cores' time the control group has; infinity if it is not told."""
    for files in (["cpu.max"], ["cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"]):
        try:
            texts = [(CONTROL_GROUPS / name).read_text("ascii") for name in files]
            quota, period = map(int, " ".join(texts).split())
        except (OSError, ValueError):  # not there, or "max": no limit
            continue
        if quota > 0 and period > 0:
            return quota / period
    return math.inf


class _Apart(BaseProcess):
    """A process that does not run the program's own main module once more.

    Python would, to know what is defined there; and where a script does not guard its
    calls by ``__name__``, the search in it would begin again in each of its workers.
    """

    def start(self) -> None:
        """Start it."""
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            super().start()
        finally:
            sys.modules["__main__"] = main


class _SpawnedApart(_Apart, SpawnProcess):
    pass


class _ForkedApart(_Apart, ForkServerProcess):
    pass


class _SpawnContext(SpawnContext):
    Process = _SpawnedApart


class _ForkServerContext(ForkServerContext):
    Process = _ForkedApart


def spawn_context() -> SpawnContext:
    """Have what processes start from that load all they need themselves."""
    return _SpawnContext()


def worker_context(threads: int) -> SpawnContext | ForkServerContext:
    """Have what workers start from: with PyTorch loaded, where the system allows it.

    The fork server loads it in the background: call this as early as can be. Ctrl-C
    reaches neither it nor them: whoever starts them decides what it means.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return spawn_context()
    with environment(worker_environment(threads)), _interrupts_held():
        forkserver.set_forkserver_preload(["autocnn.engines.preload"])
        forkserver.ensure_running()
    return _ForkServerContext()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let no interrupt through to what starts now, for as long as that lives."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    resource_tracker.ensure_running()  # it lets interrupts through that are held here
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def when_to_save(then: Callable[[int, FrameType | None], None]) -> None:
    """Do this when this process is told, by SIGUSR1, to save what it works at."""
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, then)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})


def have_workers_save() -> bool:
    """Tell all workers of this process to save what they work at; False: none are."""
    children = multiprocessing.active_children()
    workers = [child for child in children if child.name.startswith(WORKER)]
    for child in workers:
        with suppress(ProcessLookupError):  # it has just died
            os.kill(child.pid or 0, signal.SIGUSR1)
    return bool(workers)


def be_first_to_go() -> None:
    """Have this process ended rather than others where the machine's memory is full.

    On Linux; else it may be the search itself, or what a person works with.
    """
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", "ascii")


def end_with_parent() -> None:
    """End this process when the one that started it has, however that ended."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
