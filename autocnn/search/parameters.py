"""What a trial draws. To add a hyperparameter, add its line to PARAMETERS.

Every trial draws all of them, whatever it then uses: the sampler's joint model covers
only parameters that all trials share. Names and choices are stored in every user's
studies, so they are never renamed.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autocnn.choices import FloatRange, IntRange, OneOf, Range, Scalar
from autocnn.recipe import ImageShape


@dataclass(frozen=True, slots=True)
class Parameter:
    """A range, the value the first trial takes, and what it means."""

    range: Range
    default: Scalar
    help: str


PARAMETERS: Mapping[str, Parameter] = {
    "stages": Parameter(
        IntRange(2, 4), 3, "groups of convolutions; each halves height and width"
    ),
    "convs_per_stage": Parameter(IntRange(1, 3), 2, "convolutions (or blocks) a stage"),
    "width": Parameter(IntRange(16, 64, step=8), 56, "channels of the first stage"),
    "width_growth": Parameter(
        FloatRange(1.0, 2.0), 1.8, "each stage's channels over the one before"
    ),
    "stem": Parameter(
        OneOf(("conv", "patch")), "patch", "first layer: full size, or 4x4 at half size"
    ),
    "kernel": Parameter(OneOf((3, 5)), 3, "side of the convolutions"),
    "block": Parameter(
        OneOf(("plain", "residual", "separable", "squeeze_excite")),
        "plain",
        "what a stage is made of",
    ),
    "norm": Parameter(
        OneOf(("batch_norm", "group_norm", "none")), "batch_norm", "normalization"
    ),
    "activation": Parameter(
        OneOf(("relu", "leaky_relu", "elu", "gelu", "silu", "mish")),
        "gelu",
        "activation",
    ),
    "pooling": Parameter(
        OneOf(("max", "avg", "stride", "early_max")),
        "early_max",
        "how a stage halves the size: first, or early: after its first convolution",
    ),
    "conv_dropout": Parameter(
        FloatRange(0.0, 0.3), 0.0, "channels silenced after each stage"
    ),
    "head": Parameter(
        OneOf(("global_avg_pool", "global_max_pool", "dense")),
        "global_max_pool",
        "from the last maps to a vector",
    ),
    "dense_units": Parameter(
        IntRange(64, 512, log=True), 256, "of the dense head's hidden layer"
    ),
    "dense_dropout": Parameter(
        FloatRange(0.0, 0.5), 0.0, "values silenced before the classifier"
    ),
    "optimizer": Parameter(
        OneOf(("sgd", "adam", "adamw", "rmsprop", "adamax", "nadam")),
        "sgd",
        "SGD is with Nesterov momentum",
    ),
    "learning_rate_factor": Parameter(
        FloatRange(0.1, 10.0, log=True), 1.0, "times the optimizer's usual rate"
    ),
    "momentum": Parameter(FloatRange(0.8, 0.97), 0.9, "of SGD and RMSprop"),
    "weight_decay": Parameter(
        FloatRange(1e-6, 1e-2, log=True), 5e-4, "pull of the weights to zero"
    ),
    "schedule": Parameter(
        OneOf(("one_cycle", "cosine", "step_down", "constant")),
        "one_cycle",
        "of the learning rate",
    ),
    "batch_size": Parameter(OneOf((32, 64, 128, 256)), 128, "images a step"),
    "label_smoothing": Parameter(
        FloatRange(0.0, 0.2), 0.05, "of the targets (arXiv:1512.00567)"
    ),
    "augmentation": Parameter(
        OneOf(
            (
                "none",
                "shift",
                "flip+shift",
                "flip+shift+cutout",
                "flip+shift+jitter",
                "shift+rotate",
                "flip",
            )
        ),
        "flip+shift",
        "random changes of the training images",
    ),
}

# What a space file may ask for, but no search draws by itself: without normalization a
# network learned nothing of CIFAR-10 in 4 epochs at the rates that suit all others.
LEFT_OUT: Mapping[str, tuple[Scalar, ...]] = {"norm": ("none",)}
# 5x5 convolutions cost a CPU twice as much and gained nothing there in 4 or 9 epochs.
LEFT_OUT_ON_CPU: Mapping[str, tuple[Scalar, ...]] = {"kernel": (5,)}

# In FLOPs of a usual convolution (train.cost.work): what is slow counts for more.
# A full CIFAR-10 trial at this bound takes about a quarter of an hour on a CPU core.
CPU_FLOPS = 40_000_000
GPU_FLOPS = 2_000_000_000
SMALLEST_MAP = 2
SMALLEST_FOR_PATCH = 24
LARGEST_FOR_CONV = 40


def suited_to(shape: ImageShape, *, accelerated: bool) -> Mapping[str, Parameter]:
    """Fit the table to the images and to what the device can afford."""
    side = min(shape.height, shape.width)
    most = max_stages(side)
    table = dict(PARAMETERS)
    left_out = LEFT_OUT if accelerated else {**LEFT_OUT, **LEFT_OUT_ON_CPU}
    for name, words in left_out.items():
        table[name] = _without(table[name], words)
    stages = table["stages"]
    table["stages"] = dataclasses.replace(
        stages, range=IntRange(min(2, most), min(4, most)), default=min(3, most)
    )
    if side < SMALLEST_FOR_PATCH:
        table["stem"] = _only(table["stem"], "conv")
    elif side > LARGEST_FOR_CONV and not accelerated:
        table["stem"] = _only(table["stem"], "patch")
    if accelerated:
        width = table["width"]
        table["width"] = dataclasses.replace(
            width, range=IntRange(32, 256, step=16), default=64
        )
    return table


def max_stages(side: int) -> int:
    """Count the halvings that leave at least a 2x2 map, plus one; from 1 up."""
    stages = 1
    while side >= 2 * SMALLEST_MAP:
        side //= 2
        stages += 1
    return stages


def max_flops(shape: ImageShape, *, accelerated: bool) -> int:
    """Bound a network's cost per image; smaller images need smaller networks."""
    bound = GPU_FLOPS if accelerated else CPU_FLOPS
    pixels = shape.height * shape.width / 1024
    return round(bound * min(1.0, max(0.1, pixels)))


def _without(parameter: Parameter, words: Sequence[Scalar]) -> Parameter:
    assert isinstance(parameter.range, OneOf)
    kept = tuple(word for word in parameter.range.choices if word not in words)
    return dataclasses.replace(parameter, range=OneOf(kept))


def _only(parameter: Parameter, value: Scalar) -> Parameter:
    return dataclasses.replace(parameter, range=OneOf((value,)), default=value)
