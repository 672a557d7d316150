"""Everything that depends on the device: which one, its precision, its settings."""

import contextlib
import logging
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor, nn

from autocnn.errors import RequestError
from autocnn.processes import cores

logger = logging.getLogger(__name__)
DEVICES = ("auto", "cpu", "cuda", "mps")


def pick_device(name: str = "auto") -> torch.device:
    """Find the device a name stands for; `auto` takes the fastest there is.

    RequestError if PyTorch cannot use it here.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, there in available.items() if there))
    kind = name.partition(":")[0]
    if kind not in available:
        raise RequestError(
            f"there is no device called '{name}'", hint="choose auto, cpu, cuda or mps"
        )
    if not available[kind]:
        raise RequestError(
            f"PyTorch finds no {kind} device on this machine",
            hint="use --device cpu, or install a PyTorch build for the device",
        )
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    # PyTorch takes any index for the CPU, and then means all of it.
    if device is None or (kind == "cpu" and device.index):
        raise RequestError(
            f"there is no device called '{name}'", hint=f"choose {kind} or {kind}:0"
        )
    return torch.device("cpu") if kind == "cpu" else device


def default_jobs(device: torch.device) -> int:
    """One worker per CPU core, or per GPU."""
    if device.type == "cuda":
        named = device.index is not None
        return 1 if named else torch.cuda.device_count()
    return cores() if device.type == "cpu" else 1


FORMAT = "--format=csv,noheader,nounits"
CONTEXT_BYTES = 600 * 2**20
"""What a process takes on a GPU before it computes anything, about."""
TRIED = 3
"""Ways that cuDNN tries for each convolution. On an H100, the first epoch of a new
recipe so takes half as long as with ten (its default), and the others the same; without
trying, residual networks and small batches take a fifth longer."""
MOST_PER_GPU = 4
"""More of them only wait for each other."""


def workers_that_fit(free: int, taken: int) -> int:
    """Say how many trainings of so many bytes share a GPU, a tenth kept as reserve."""
    fit = int(0.9 * (free + CONTEXT_BYTES)) // (taken + CONTEXT_BYTES)
    return max(1, min(fit, MOST_PER_GPU, cores()))


def free_bytes(device: torch.device) -> int:
    """Say how much memory the device has free; of a CPU's nothing is known."""
    if device.type != "cuda":
        return 0
    free, _ = torch.cuda.mem_get_info(device)
    return free


def occupied() -> tuple[int, int]:
    """Ask for the bytes in use and in all on this machine's NVIDIA GPUs; else zeros.

    PyTorch would have to open the device for that, and take some of it.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0, 0
    try:
        said = subprocess.run(  # noqa: S603 - NVIDIA's own program
            [program, "--query-gpu=memory.used,memory.total", FORMAT],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        ).stdout
        rows = [line.split(",") for line in said.splitlines()]
        used, total = (sum(int(row[n]) for row in rows) for n in (0, 1))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        logger.info("nvidia-smi does not tell what the GPUs hold: %s", error)
        return 0, 0
    return used * 2**20, total * 2**20


def holds(device: torch.device, size: int) -> bool:
    """Say whether the device may keep so many bytes of images to itself."""
    if device.type == "cuda":
        return size * 4 <= free_bytes(device)
    return device.type == "mps" and size < 2**30


def brought(
    batches: Iterator[tuple[Tensor, Tensor]], device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Bring batches to the device; to a GPU while it still works on the one before."""
    if device.type != "cuda":
        for images, labels in batches:
            yield images.to(device), labels.to(device)
        return
    stream = torch.cuda.Stream(device)

    def bring(batch: tuple[Tensor, Tensor]) -> list[Tensor]:
        with torch.cuda.stream(stream):
            return [each.pin_memory().to(device, non_blocking=True) for each in batch]

    for images, labels in one_ahead(map(bring, batches)):
        torch.cuda.current_stream(device).wait_stream(stream)
        for each in (images, labels):
            # Its memory is not for others until this stream has read it.
            each.record_stream(torch.cuda.current_stream(device))
        yield images, labels


Item = TypeVar("Item")


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the same items, each made in another thread while the last one is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


@contextlib.contextmanager
def with_threads(count: int) -> Iterator[None]:
    """Compute on so many CPU cores for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def with_a_core_left() -> contextlib.AbstractContextManager[None]:
    """Compute on all CPU cores but one, for a thread that prepares what comes next.

    With as many threads as cores, all of them wait for the one that was pushed aside.
    """
    return with_threads(max(1, min(torch.get_num_threads(), cores() - 1)))


def assign(device: torch.device, slot: int) -> torch.device:
    """Give a worker its own GPU, in turn, unless one was named."""
    if device.type == "cuda" and device.index is None:
        return torch.device("cuda", slot % torch.cuda.device_count())
    return device


def prepare(device: torch.device, threads: int) -> None:
    """Set this process up for training on a device; call it once, before training."""
    torch.set_num_threads(threads)
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.benchmark_limit = TRIED
        torch.cuda.set_device(device)


@contextlib.contextmanager
def mixed_precision(device: torch.device) -> Iterator[None]:
    """Compute in half precision where that is fast: CUDA only."""
    if device.type != "cuda":
        yield
        return
    with torch.autocast("cuda", dtype=half_precision(device)):
        yield


def half_precision(device: torch.device) -> torch.dtype:
    """bfloat16 from compute capability 8.0, float16 (with scaling) below."""
    capable = torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.bfloat16 if capable else torch.float16


def scaler(device: torch.device) -> torch.amp.GradScaler:
    """Scale the loss where float16 would lose its gradients; else do nothing."""
    enabled = device.type == "cuda" and half_precision(device) is torch.float16
    return torch.amp.GradScaler(device.type, enabled=enabled)


def noise(device: torch.device) -> dict[str, Tensor]:
    """Read the states of PyTorch's own generators: the CPU's and the device's."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_noise(states: Mapping[str, Tensor]) -> None:
    """Bring the generators that this machine has to the states that were read."""
    if "cpu" in states:
        torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
    if "mps" in states and torch.backends.mps.is_available():
        torch.mps.set_rng_state(states["mps"])


def place(net: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to its device, in the layout convolutions are fastest in."""
    return net.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def free_memory(device: torch.device) -> None:
    """Give back what PyTorch keeps for later but does not use."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def describe(device: torch.device) -> str:
    """Name a device as a person knows it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{cores()} CPU cores" if device.type == "cpu" else device.type
