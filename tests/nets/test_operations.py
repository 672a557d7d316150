"""What a network does is noted operation by operation, on any device."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from autocnn.choices import Choice
from autocnn.nets.blocks import make
from autocnn.nets.net import build, summarize
from autocnn.nets.operations import CONVOLUTION, DEPTHWISE, recorded
from autocnn.recipe import ImageShape

SHAPE = ImageShape(height=8, width=8, channels=3, classes=5)
LAYERS = [
    "conv 8", "gelu", "residual 16 stride=2", "squeeze_excite", "separable 12",
    "max_pool 2", "flatten", "dense 20", "relu", "dropout",
]  # fmt: skip


def test_flops_are_those_that_pytorch_counts(make_recipe):
    recipe = make_recipe(LAYERS)
    net = build(recipe, SHAPE, seed=0).to("meta")
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(2, 3, 8, 8, device="meta"))
    assert summarize(recipe, SHAPE).flops == counter.get_total_flops() // 2


def test_every_part_of_a_block_is_noted():
    layer = make(Choice.parse("separable 6 kernel=5"), (4, 8, 8))
    with recorded(layer) as operations:
        layer(torch.randn(3, 4, 8, 8))
    alone, mixing = operations
    assert (alone.kind, alone.incoming, alone.kernel) == (DEPTHWISE, 4, 5)
    assert (mixing.kind, mixing.outgoing, mixing.side) == (CONVOLUTION, 6, 8)
    assert alone.flops == 2 * 25 * 4 * 64


def test_nothing_is_noted_afterwards():
    layer = make(Choice("relu"), (4, 8, 8))
    with recorded(layer) as operations:
        layer(torch.ones(1, 4, 8, 8))
    layer(torch.ones(1, 4, 8, 8))
    assert len(operations) == 1


@pytest.mark.parametrize("layers", [["conv 8", "gelu", "flatten"], LAYERS])
def test_what_training_keeps_of_an_image_is_what_autograd_saves(make_recipe, layers):
    recipe = make_recipe(layers)
    net = build(recipe, SHAPE, seed=0)
    weights = {p.untyped_storage().data_ptr() for p in net.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = net(torch.randn(2, 3, 8, 8))
    saved = sum(size for place, size in kept.items() if place not in weights) // 2
    assert result.shape == (2, 5)
    assert summarize(recipe, SHAPE).activation_bytes == pytest.approx(saved, rel=0.1)
