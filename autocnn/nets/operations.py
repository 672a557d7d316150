"""What a network does to an image, one operation after the other: what it will cost."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from autocnn.nets.blocks import Residual, SqueezeExcite

CONVOLUTION, DEPTHWISE, LINEAR = "Conv2d", "Depthwise", "Linear"
# Blocks that compute something themselves, besides what their parts do.
WITH_OWN_WORK = (Residual, SqueezeExcite)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation on one image."""

    kind: str
    """The module's class; Depthwise is a convolution of each channel alone."""
    flops: int
    """Forward, where they can be counted: convolutions and dense layers."""
    elements: int
    """Numbers that come out; of pooling and flattening, that go in."""
    incoming: int = 1
    """Channels."""
    outgoing: int = 1
    kernel: int = 1
    side: int = 1
    """Of the maps that come out, in pixels."""


@contextlib.contextmanager
def recorded(module: nn.Module) -> Iterator[list[Operation]]:
    """Note what a module does while it is run, on any device."""
    found: list[Operation] = []

    def note(part: nn.Module, given: tuple[Any, ...], result: Tensor) -> None:
        found.append(describe(part, given[0], result))

    hooks = [
        part.register_forward_hook(note)
        for part in module.modules()
        if isinstance(part, WITH_OWN_WORK) or not list(part.children())
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def describe(part: nn.Module, given: Tensor, result: Tensor) -> Operation:
    """Say what a module did to one of the images of a batch."""
    count = len(given)
    elements = max(given.numel(), result.numel()) // count
    if isinstance(part, nn.Linear):
        flops = 2 * part.in_features * part.out_features
        return Operation(
            kind=LINEAR,
            flops=flops,
            elements=elements,
            incoming=part.in_features,
            outgoing=part.out_features,
        )
    if isinstance(part, nn.Conv2d):
        outputs, kernel = result.numel() // count, part.kernel_size[0]
        alone = part.groups == part.in_channels > 1
        return Operation(
            kind=DEPTHWISE if alone else CONVOLUTION,
            flops=2 * outputs * kernel * kernel * part.in_channels // part.groups,
            elements=elements,
            incoming=part.in_channels,
            outgoing=part.out_channels,
            kernel=kernel,
            side=result.shape[-1],
        )
    return Operation(kind=type(part).__name__, flops=0, elements=elements)
