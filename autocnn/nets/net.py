"""From a recipe's layers to a network, and what the network costs."""

import warnings
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import nn

from autocnn.choices import Choice, pick
from autocnn.device import with_threads
from autocnn.errors import RequestError
from autocnn.nets.blocks import make
from autocnn.nets.initializations import INITIALIZATIONS
from autocnn.nets.operations import Operation, recorded
from autocnn.recipe import ImageShape, Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSummary:
    """One layer as it stands in the network."""

    name: str
    output: tuple[int, ...]
    """(C, H, W) or (F,), without the batch."""
    parameters: int
    """Trainable ones."""
    buffers: int
    """Running statistics of normalization; Keras counts them as parameters."""
    flops: int
    """Of one image's forward pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSummary:
    """What a network is made of and what one image costs it."""

    layers: tuple[LayerSummary, ...]
    parameters: int
    """Trainable ones."""
    flops: int
    """Of one image's forward pass; a multiplication and its addition count as two."""
    activation_bytes: int
    """What training keeps of one image until its backward pass, in float32."""
    operations: tuple[Operation, ...]


def build(recipe: Recipe, shape: ImageShape, *, seed: int) -> nn.Sequential:
    """Build the network: images (N, channels, H, W) to logits (N, classes).

    The weights follow from the seed alone. RequestError names the layer that does
    not fit the images.
    """
    steps = _walk(recipe, shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(*(make(step.layer, step.incoming) for step in steps))
        net.apply(pick(INITIALIZATIONS, recipe.train.initialization, "initialization"))
    return net


@lru_cache(maxsize=64)
def summarize(recipe: Recipe, shape: ImageShape) -> NetSummary:
    """Measure a network without its weights and without images.

    On one core: it is so little to compute that beside other programs several threads
    take ten times as long, since they wait for one another.
    """
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> None:
        # Gives nothing to be kept: a step that kept its own result were never freed.
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage

    with (
        with_threads(1),
        torch.autograd.graph.saved_tensors_hooks(keep, torch.as_tensor),  # unused
    ):
        steps = _walk(recipe, shape)
    for parameter in (p for step in steps for p in step.module.parameters()):
        kept.pop(parameter.untyped_storage()._cdata, None)
    layers = tuple(
        LayerSummary(
            name=str(step.layer),
            output=step.outgoing,
            parameters=sum(p.numel() for p in step.module.parameters()),
            buffers=sum(b.numel() for b in step.module.buffers() if b.dim()),
            flops=sum(each.flops for each in step.operations),
        )
        for step in steps
    )
    operations = tuple(each for step in steps for each in step.operations)
    return NetSummary(
        layers=layers,
        parameters=sum(layer.parameters for layer in layers),
        flops=sum(each.flops for each in operations),
        activation_bytes=sum(each.nbytes() for each in kept.values()) // _PROBE,
        operations=operations,
    )


# Batch normalization refuses to train on a single value per channel.
_PROBE = 2
_SMALLER = "use fewer or smaller pools and kernels, or larger images (--image-size)"


@dataclass(frozen=True, slots=True)
class _Step:
    """One layer, made for what the last one gives; its weights are no weights."""

    layer: Choice
    module: nn.Module
    incoming: tuple[int, ...]
    outgoing: tuple[int, ...]
    operations: tuple[Operation, ...]


def _walk(recipe: Recipe, shape: ImageShape) -> list[_Step]:
    """Send empty images through the layers, the classifier at the end."""
    images = torch.zeros(_PROBE, shape.channels, shape.height, shape.width)
    classifier = Choice("dense", (shape.classes,))
    steps: list[_Step] = []
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        # PyTorch only warns of a layer without weights.
        warnings.filterwarnings("error", "Initializing zero-element")
        for number, layer in enumerate([*recipe.layers, classifier], start=1):
            if layer is classifier and images.dim() != 2:
                raise RequestError(
                    f"the last layer gives maps of {_size(images)}, not a flat vector",
                    hint="end the layers with flatten or global_avg_pool",
                )
            incoming = tuple(images.shape[1:])
            module, images, operations = _next(layer, number, images)
            outgoing = tuple(images.shape[1:])
            steps.append(_Step(layer, module, incoming, outgoing, tuple(operations)))
    return steps


def _next(
    layer: Choice, number: int, images: torch.Tensor
) -> tuple[nn.Module, torch.Tensor, list[Operation]]:
    where = f"layer {number}, '{layer}', on {_size(images)}"
    try:
        with torch.device("meta"):
            module = make(layer, tuple(images.shape[1:]))
        images = _beside(module, images)
        with recorded(module) as operations:
            output: torch.Tensor = module(images)
    except RequestError as error:
        raise RequestError(f"{where}: {error.problem}", hint=error.hint) from None
    except (
        RuntimeError,
        ValueError,
        TypeError,
        IndexError,
        ArithmeticError,
        UserWarning,
    ) as error:
        reason = str(error).splitlines()[0]
        raise RequestError(f"{where} cannot be: {reason}", hint=_SMALLER) from None
    if 0 in output.shape:
        raise RequestError(f"{where} leaves nothing of the image", hint=_SMALLER)
    return module, output, operations


def _beside(module: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Put a layer from the meta device, and the images, where running it is quickest.

    That is the CPU, with zeros for weights: on the meta device PyTorch infers shapes in
    Python, 20 times as slowly. Only what is too large for that stays there.
    """
    numbers = sum(parameter.numel() for parameter in module.parameters())
    if images.is_meta or numbers > _MOST_WEIGHTS or images[0].numel() > _MOST_VALUES:
        return images.to("meta")
    for part in module.modules():
        for name, weight in part.named_parameters(recurse=False):
            setattr(part, name, nn.Parameter(torch.zeros(weight.shape)))
        for name, buffer in part.named_buffers(recurse=False):
            setattr(part, name, torch.zeros(buffer.shape, dtype=buffer.dtype))
    return images


_MOST_WEIGHTS = 20_000_000
_MOST_VALUES = 2_000_000


def _size(images: torch.Tensor) -> str:
    return "x".join(str(extent) for extent in images.shape[1:])
