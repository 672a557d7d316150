"""What training a network costs on a machine: prices once measured, then added up."""

import dataclasses
import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from autocnn.nets.net import NetSummary
from autocnn.nets.operations import CONVOLUTION, DEPTHWISE, LINEAR, Operation
from autocnn.recipe import ImageShape, TrainSettings

SECONDS_OF_A_FLOP = 50e-12
"""Of a padded 3x3 convolution at the reference prices, its backward FLOPs included."""
FORWARD = 1 / 3
"""Of a training step's work; the backward pass is two thirds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The price of one convolution; of others it is interpolated."""

    kind: str
    incoming: int
    outgoing: int
    kernel: int
    side: int
    seconds: float
    """Of one forward FLOP with its backward ones."""

    def distance(self, other: Operation) -> float:
        """Say how unlike a convolution is, in doublings."""
        pairs = (
            (self.incoming, other.incoming),
            (self.outgoing, other.outgoing),
            (self.kernel, other.kernel),
            (self.side, other.side),
        )
        return math.sqrt(sum(math.log2(a / b) ** 2 for a, b in pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Seconds that each kind of work takes one worker of a search."""

    device: str
    workers: int
    """That were busy at once while this was measured."""
    convolutions: tuple[Point, ...]
    elements: Mapping[str, float]
    """Module class to seconds of a number, forward and backward."""
    parameters: Mapping[str, float]
    """Optimizer to seconds of a parameter, a step."""
    pixels: Mapping[str, float]
    """Augmentation to seconds of a value (H * W * C); the empty name: what all cost."""
    dispatch: Mapping[str, float]
    """Seconds an operation takes at least, a step; the empty name: all others."""
    step: float
    """Seconds that every step takes at least."""

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Calibration":
        """Read what `to_dict` wrote; TypeError or KeyError if it is something else."""
        points = tuple(Point(**point) for point in document["convolutions"])
        return cls(**{**document, "convolutions": points})


def step_seconds(
    prices: Calibration,
    summary: NetSummary,
    settings: TrainSettings,
    shape: ImageShape,
) -> float:
    """Predict a training step, from loading its images to moving the weights."""
    images = settings.batch_size
    values = shape.height * shape.width * shape.channels
    names = ["", *(choice.name for choice in settings.augmentation)]
    data = images * values * sum(prices.pixels.get(name, 0.0) for name in names)
    updates = prices.parameters
    usual = max(updates.values(), default=0.0)
    update = summary.parameters * updates.get(settings.optimizer, usual)
    dispatched = prices.step + sum(
        _dispatch(prices, operation) for operation in summary.operations
    )
    return images * image_seconds(prices, summary) + data + update + dispatched


def epoch_seconds(
    prices: Calibration,
    summary: NetSummary,
    settings: TrainSettings,
    shape: ImageShape,
    *,
    train_images: int,
    val_images: int,
) -> float:
    """Predict an epoch: all its steps, and scoring the validation images."""
    batch = min(settings.batch_size, train_images)
    per_step = step_seconds(
        prices, summary, dataclasses.replace(settings, batch_size=batch), shape
    )
    scoring = val_images * image_seconds(prices, summary) * FORWARD
    return train_images // batch * per_step + scoring


def image_seconds(prices: Calibration, summary: NetSummary) -> float:
    """Predict one image's way through the network and back."""
    return sum(operation_seconds(prices, each) for each in summary.operations)


def operation_seconds(prices: Calibration, operation: Operation) -> float:
    """Predict one operation on one image, forward and backward."""
    if operation.kind in {CONVOLUTION, DEPTHWISE, LINEAR}:
        return operation.flops * _price(prices, operation)
    usual = sorted(prices.elements.values())[len(prices.elements) // 2]
    return operation.elements * prices.elements.get(operation.kind, usual)


@functools.cache
def reference() -> Calibration:
    """Read the prices of one thread of an AMD Zen 3 core, two of them busy.

    By them networks are called dear everywhere alike, so that a space draws the same
    networks on every machine.
    """
    text = resources.files(__package__).joinpath("reference.json").read_text("utf-8")
    return Calibration.from_dict(json.loads(text))


def work(summary: NetSummary) -> int:
    """Say what an image costs in training, in FLOPs of a usual convolution.

    FLOPs alone misjudge a network by up to six times: a separable 5x5 convolution with
    Mish computes little and takes long.
    """
    return round(image_seconds(reference(), summary) / SECONDS_OF_A_FLOP)


def _dispatch(prices: Calibration, operation: Operation) -> float:
    kind = CONVOLUTION if operation.kind == DEPTHWISE else operation.kind
    return prices.dispatch.get(kind, prices.dispatch[""])


def _price(prices: Calibration, operation: Operation) -> float:
    """Interpolate between the measured convolutions, near ones first."""
    weights, total = 0.0, 0.0
    for point in prices.convolutions:
        if point.kind == operation.kind:
            weight = 1 / (0.1 + point.distance(operation)) ** 3
            weights += weight
            total += weight * math.log(point.seconds)
    return math.exp(total / weights)
