"""From layers to a network: shapes, costs, seeds, and what does not fit."""

import gc

import pytest
import torch

from autocnn.errors import RequestError
from autocnn.nets.net import build, summarize
from autocnn.recipe import ImageShape

SHAPE = ImageShape(height=8, width=10, channels=3, classes=5)
LAYERS = [
    "conv 8 bias=false",
    "batch_norm",
    "gelu",
    "residual 16 stride=2",
    "squeeze_excite",
    "separable 12",
    "group_norm",
    "avg_pool 2",
    "dropout2d",
    "flatten",
    "dense 20",
    "prelu",
    "dropout",
]


def parameters() -> int:
    gc.collect()
    return sum(type(each) is torch.nn.Parameter for each in gc.get_objects())


def test_images_become_logits(make_recipe):
    net = build(make_recipe(LAYERS), SHAPE, seed=0)
    assert net(torch.randn(4, 3, 8, 10)).shape == (4, 5)


def test_the_summary_agrees_with_the_network(make_recipe):
    recipe = make_recipe(LAYERS)
    net, summary = build(recipe, SHAPE, seed=0), summarize(recipe, SHAPE)
    assert [layer.name for layer in summary.layers] == [*LAYERS, "dense 5"]
    assert summary.parameters == sum(p.numel() for p in net.parameters())
    x = torch.randn(2, 3, 8, 10)
    for layer, module in zip(summary.layers, net, strict=True):
        x = module(x)
        assert layer.output == x.shape[1:]
        assert layer.parameters == sum(p.numel() for p in module.parameters())


def test_running_statistics_are_counted_without_the_counter_of_batches(make_recipe):
    layers = summarize(make_recipe(LAYERS), SHAPE).layers
    assert [layer.buffers for layer in layers[:4]] == [0, 16, 0, 64]


def test_flops_are_two_for_each_multiplication_and_its_addition(make_recipe):
    gray = ImageShape(height=8, width=8, channels=1, classes=3)
    summary = summarize(make_recipe(["conv 4", "relu", "flatten"]), gray)
    convolution, classifier = 2 * 64 * 4 * 9, 2 * 256 * 3
    assert summary.flops == convolution + classifier


def test_a_seed_gives_the_weights(make_recipe):
    first, same, other = (
        torch.nn.utils.parameters_to_vector(
            build(make_recipe(LAYERS), SHAPE, seed=seed).parameters()
        )
        for seed in (3, 3, 4)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_building_leaves_pytorchs_own_generator_alone(make_recipe):
    before = torch.get_rng_state()
    build(make_recipe(LAYERS), SHAPE, seed=3)
    summarize(make_recipe(LAYERS), SHAPE)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_network_without_layers_of_its_own_is_linear(make_recipe):
    assert summarize(make_recipe(["flatten"]), SHAPE).parameters == 241 * 5


@pytest.mark.parametrize(
    ("layers", "problem"),
    [
        (["conv 8"], "the last layer gives maps of 8x8x10, not a flat vector"),
        (["conv 8", "dense 5"], r"layer 2, 'dense 5', on 8x8x10: a dense layer takes"),
        (
            ["max_pool 9"],
            r"layer 1, 'max_pool 9', on 3x8x10 (cannot be|leaves nothing)",
        ),
        (["conv 8 valid 9"], "layer 1, 'conv 8 valid 9', on 3x8x10 cannot be"),
        (["flatten", "conv 8"], "layer 2, 'conv 8', on 240 cannot be"),
        (["konv 8"], "layer 1, 'konv 8', on 3x8x10: there is no layer called 'konv'"),
        (["conv 2.5"], "layer 1, 'conv 2.5', on 3x8x10 cannot be"),
        (["conv wide"], "layer 1, 'conv wide', on 3x8x10 cannot be"),
        (["conv -4"], "layer 1, 'conv -4', on 3x8x10 cannot be"),
        (["conv 0"], "layer 1, 'conv 0', on 3x8x10"),
        (["flatten", "dense 0"], "layer 2, 'dense 0', on 240"),
        (["conv 8 kernel=0"], "layer 1, 'conv 8 kernel=0', on 3x8x10"),
        (["max_pool 0"], "layer 1, 'max_pool 0', on 3x8x10"),
        (["dropout 1.5"], "layer 1, 'dropout 1.5', on 3x8x10 cannot be"),
        (["group_norm 0"], "layer 1, 'group_norm 0', on 3x8x10 cannot be"),
        (["squeeze_excite many"], "layer 1, 'squeeze_excite many', on 3x8x10"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(make_recipe, layers, problem):
    with pytest.raises(RequestError, match=problem) as caught:
        summarize(make_recipe(layers), SHAPE)
    assert caught.value.hint


def test_an_unknown_initialization_is_refused(make_recipe):
    recipe = make_recipe(["flatten"], initialization="zeros")
    with pytest.raises(RequestError, match="no initialization called 'zeros'"):
        build(recipe, SHAPE, seed=0)


def test_nothing_stays_of_a_network_that_was_summarized(make_recipe):
    before = parameters()
    for width in range(3, 8):
        summarize(make_recipe([f"conv {width}", *LAYERS]), SHAPE)
    assert parameters() == before
