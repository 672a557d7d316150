"""What worker processes start from. Nothing here loads PyTorch: they do, meanwhile."""

import math
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path

# glibc: freed memory stays in the process instead of being faulted in at every step.
_ALLOCATORS = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
    "MALLOC_TOP_PAD_": "67108864",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
}


CONTROL_GROUPS = Path("/sys/fs/cgroup")
"""Where Linux says how much of the machine a container may use."""


def cores() -> int:
    """Count the CPU cores this process may use: a container's share is rounded up."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), _quota())))


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
    return {"OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count} | _ALLOCATORS


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


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set variables for processes that start now; what a person has set stays."""
    added = {name: value for name, value in settings.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def worker_context(threads: int) -> SpawnContext | ForkServerContext:
    """Have what workers start from: with PyTorch loaded, where the system allows it.

    The fork server loads it in the background: call this as early as can be. Ctrl-C
    reaches neither it nor them: whoever starts them decides what it means.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    with environment(worker_environment(threads)), _interrupts_held():
        forkserver.set_forkserver_preload(["autocnn.engines.preload"])
        forkserver.ensure_running()
    return multiprocessing.get_context("forkserver")


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let no interrupt through to what starts now, for as long as that lives."""
    resource_tracker.ensure_running()  # it would, if it were started within
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """End this process when the one that started it has, however that ended."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
