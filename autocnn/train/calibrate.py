"""Measure what each kind of work costs on this machine: a few seconds, once.

What is measured follows from the tables: a new activation, optimizer or augmentation
is priced without a line here.
"""

import logging
import statistics
import time
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from autocnn import device as devices
from autocnn.choices import Choice
from autocnn.data.augmentations import AUGMENTATIONS
from autocnn.data.batches import Batches
from autocnn.nets.activations import ACTIVATIONS
from autocnn.nets.blocks import make
from autocnn.nets.operations import CONVOLUTION, DEPTHWISE, LINEAR, describe
from autocnn.recipe import TrainSettings
from autocnn.train.cost import Calibration, Point
from autocnn.train.graphed import record
from autocnn.train.optimizers import OPTIMIZERS, make_optimizer

logger = logging.getLogger(__name__)
IMAGES = 64
MAPS = (32, 16, 16)
"""Channels, height and width at which operations on single numbers are timed."""
SECONDS = 0.04
"""Of each measurement, at least."""
REPEATS = 3
CHAIN = 8
"""Small operations in a row: what starts a backward pass is shared."""

# (incoming, outgoing, kernel, side of the result)
CONVOLUTIONS = (
    (3, 32, 3, 32), (3, 32, 4, 16), (3, 32, 5, 32), (1, 16, 3, 8),
    (16, 16, 3, 32), (32, 32, 3, 32), (32, 32, 3, 16), (16, 24, 3, 8),
    (64, 64, 3, 16), (48, 64, 3, 8), (128, 128, 3, 8), (96, 128, 3, 4),
    (24, 32, 5, 16), (64, 64, 5, 8), (64, 96, 1, 16), (32, 64, 1, 8),
)  # fmt: skip
DEPTHWISE_CONVOLUTIONS = (
    (32, 3, 32),
    (64, 3, 16),
    (128, 3, 8),
    (32, 5, 16),
    (96, 5, 8),
)
DENSE = ((256, 10), (1024, 256))
OTHERS = (
    "batch_norm",
    "group_norm",
    "max_pool 2",
    "avg_pool 2",
    "dropout",
    "dropout2d",
)
FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "Residual": lambda x: x + x.detach(),
    "SqueezeExcite": lambda x: x * x.mean((2, 3), keepdim=True),
    "AdaptiveAvgPool2d": lambda x: x.mean((2, 3)),
    "AdaptiveMaxPool2d": lambda x: x.amax((2, 3)),
    "Sigmoid": torch.sigmoid,
    "Flatten": lambda x: x.reshape(len(x), -1),
    "Identity": lambda x: x.view_as(x),
}


def measure(device: torch.device, workers: int) -> Calibration:
    """Time everything on this device, in this process."""
    dispatch = _dispatch(device)
    elements = dict(_elements(device, dispatch))
    return Calibration(
        device=devices.describe(device),
        workers=workers,
        convolutions=tuple(_points(device, dispatch)),
        elements=elements,
        parameters=_parameters(device),
        pixels=_pixels(device),
        dispatch=dispatch,
        step=_step(device),
    )


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """Time one call, the median of a few; the first does not count.

    As training does it: on CUDA recorded, a few in a row.
    """
    work()
    recorded = record(lambda: [work() for _ in range(CHAIN)], device)
    if recorded is None:
        return _median(work, device)
    run, _ = recorded
    return _median(run, device) / CHAIN


def _median(work: Callable[[], object], device: torch.device) -> float:
    work()
    devices.synchronize(device)
    times: list[float] = []
    while len(times) < REPEATS or sum(times) < SECONDS:
        started = time.perf_counter()
        work()
        devices.synchronize(device)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _both_ways(
    function: Callable[[Tensor], Tensor],
    shape: tuple[int, ...],
    device: torch.device,
    *,
    first: bool = False,
) -> float:
    """Time forward and backward; the first layer's images need no gradient."""
    x = torch.randn(shape, device=device)
    if x.dim() == 4:
        x = x.contiguous(memory_format=torch.channels_last)

    def forward(images: Tensor) -> Tensor:
        with devices.mixed_precision(device):
            return function(images)

    ones = torch.ones_like(forward(x))

    def work() -> None:
        forward(x).backward(ones)
        x.grad = None

    x.requires_grad_(not first)
    return _seconds(work, device)


def _points(device: torch.device, dispatch: Mapping[str, float]) -> Iterator[Point]:
    for incoming, outgoing, kernel, side in CONVOLUTIONS:
        stride = 2 if kernel == 4 else 1
        layer = nn.Conv2d(incoming, outgoing, kernel, stride, (kernel - 1) // 2)
        shape = (IMAGES, incoming, side * stride, side * stride)
        yield _point(layer, shape, device, dispatch, first=incoming <= 4)
    for channels, kernel, side in DEPTHWISE_CONVOLUTIONS:
        layer = nn.Conv2d(
            channels, channels, kernel, padding=kernel // 2, groups=channels
        )
        yield _point(layer, (IMAGES, channels, side, side), device, dispatch)
    for incoming, outgoing in DENSE:
        dense = nn.Linear(incoming, outgoing)
        yield _point(dense, (IMAGES, incoming), device, dispatch)


def _point(
    layer: nn.Module,
    shape: tuple[int, ...],
    device: torch.device,
    dispatch: Mapping[str, float],
    *,
    first: bool = False,
) -> Point:
    layer = devices.place(layer, device)
    operation = describe(
        layer, torch.empty(shape), layer(torch.zeros(shape, device=device))
    )
    assert operation.kind in {CONVOLUTION, DEPTHWISE, LINEAR}
    seconds = _both_ways(layer, shape, device, first=first)
    least = dispatch["" if operation.kind == LINEAR else CONVOLUTION]
    return Point(
        kind=operation.kind,
        incoming=operation.incoming,
        outgoing=operation.outgoing,
        kernel=operation.kernel,
        side=operation.side,
        seconds=max(seconds - least, seconds / 4) / (operation.flops * IMAGES),
    )


def _elements(
    device: torch.device, dispatch: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    """Time what works on single numbers."""
    shape = (IMAGES, *MAPS)
    count = IMAGES * MAPS[0] * MAPS[1] * MAPS[2]
    functions: dict[str, Callable[[Tensor], Tensor]] = dict(FUNCTIONS)
    for text in (*ACTIVATIONS, *OTHERS):
        layer = devices.place(make(Choice.parse(text), MAPS), device).train()
        functions[type(layer).__name__] = layer
    # Of a copy: what works in place may not write over the images themselves.
    copying = _both_ways(torch.clone, shape, device)
    for name, function in functions.items():
        seconds = _both_ways(_of_a_copy(function), shape, device)
        least = dispatch.get(name, dispatch[""])
        yield name, max(0.0, seconds - copying - least) / count


def _of_a_copy(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda images: function(images.clone())


def _dispatch(device: torch.device) -> dict[str, float]:
    """Time operations on next to nothing, a few in a row: what they take at least."""
    shape = (8, 2, 2)

    def each(text: str) -> float:
        layers = [make(Choice.parse(text), shape) for _ in range(CHAIN)]
        chain = devices.place(nn.Sequential(*layers), device).train()
        return _both_ways(chain, (2, *shape), device) / CHAIN

    return {
        CONVOLUTION: each("conv 8"),
        "BatchNorm2d": each("batch_norm"),
        "": each("gelu"),
    }


def _step(device: torch.device) -> float:
    """Time the loss of a step, on next to nothing."""
    labels = torch.zeros(IMAGES, dtype=torch.long, device=device)

    def loss(logits: Tensor) -> Tensor:
        return nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)

    return _both_ways(loss, (IMAGES, 10), device)


def _parameters(device: torch.device) -> dict[str, float]:
    net = devices.place(nn.Sequential(*(nn.Linear(160, 160) for _ in range(8))), device)
    count = sum(parameter.numel() for parameter in net.parameters())
    for parameter in net.parameters():
        parameter.grad = torch.randn_like(parameter)
    found = {}
    for name in OPTIMIZERS:
        settings = TrainSettings(optimizer=name, momentum=0.9)
        try:
            seconds = _seconds(make_optimizer(net, settings).step, device)
        except (RuntimeError, NotImplementedError) as error:
            logger.warning("%s cannot be measured here: %s", name, error)
        else:
            found[name] = seconds / count
    return found


def _pixels(device: torch.device) -> dict[str, float]:
    """Time batches with each augmentation, and what it adds to those without."""
    side, count = 32, 1024
    values = count * side * side * 3
    home = device if devices.holds(device, values) else torch.device("cpu")
    pixels = torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8)
    batches = Batches(
        pixels=pixels.to(home),
        labels=torch.zeros(count, dtype=torch.long, device=home),
        indices=torch.arange(count, device=home),
        scale=torch.ones(3, device=device),
        offset=torch.zeros(3, device=device),
    )

    def run(*names: str) -> float:
        augmentation = tuple(map(Choice, names))

        def work() -> None:
            for _ in batches.shuffled(128, augmentation, seed=0):
                pass

        return _median(work, device) / values

    plain = run()
    return {"": plain} | {name: max(0.0, run(name) - plain) for name in AUGMENTATIONS}
