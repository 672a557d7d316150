"""Everything that depends on the device: which one, its precision, its settings."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping

import torch
from torch import nn

from autocnn.errors import RequestError

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
        return torch.device(name)
    except RuntimeError:
        raise RequestError(
            f"there is no device called '{name}'", hint=f"choose {kind} or {kind}:0"
        ) from None


def cores() -> int:
    """Count the CPU cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_jobs(device: torch.device) -> int:
    """One worker per CPU core, or per GPU."""
    if device.type == "cuda":
        named = device.index is not None
        return 1 if named else torch.cuda.device_count()
    return cores() if device.type == "cpu" else 1


def assign(device: torch.device, slot: int) -> torch.device:
    """Give a worker its own GPU, in turn, unless one was named."""
    if device.type == "cuda" and device.index is None:
        return torch.device("cuda", slot % torch.cuda.device_count())
    return device


# Freed memory stays in the process instead of being faulted in anew at every step.
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
    "MALLOC_TOP_PAD_": "67108864",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


def worker_environment(device: torch.device, threads: int) -> Mapping[str, str]:
    """Set what must be in a worker's environment before it starts."""
    settings = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    if device.type == "cuda":
        settings["PYTORCH_CUDA_ALLOC_CONF"] = "expandable_segments:True"
    return settings | _ALLOCATOR


def prepare(device: torch.device, threads: int) -> None:
    """Set this process up for training on a device; call it once, before training."""
    torch.set_num_threads(threads)
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
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


def place(net: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to its device, in the layout convolutions are fastest in."""
    return net.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def describe(device: torch.device) -> str:
    """Name a device as a person knows it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{cores()} CPU cores" if device.type == "cpu" else device.type
