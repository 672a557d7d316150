"""The contract of every line of INITIALIZATIONS, and what the named ones promise."""

import math

import pytest
import torch
from torch import nn

from autocnn.nets.initializations import INITIALIZATIONS
from autocnn.nets.net import build
from autocnn.recipe import ImageShape

SHAPE = ImageShape(height=8, width=8, channels=3, classes=5)
LAYERS = [
    "conv 16",
    "batch_norm",
    "relu",
    "conv 16 bias=false",
    "separable 16",
    "residual 16",
    "flatten",
    "dense 64",
    "prelu",
]

every_initialization = pytest.mark.parametrize("name", INITIALIZATIONS)


@pytest.fixture
def built(make_recipe):
    def build_with(name: str, seed: int = 0) -> nn.Sequential:
        return build(make_recipe(LAYERS, initialization=name), SHAPE, seed=seed)

    return build_with


@every_initialization
def test_weights_begin_finite_and_tell_images_apart(built, name):
    logits = built(name)(torch.randn(4, 3, 8, 8))
    assert torch.isfinite(logits).all()
    assert logits.std(0).min() > 0


@every_initialization
def test_weights_follow_from_the_seed(built, name):
    first, same, other = (built(name, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], same[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", sorted(set(INITIALIZATIONS) - {"default"}))
def test_every_other_way_differs_from_pytorchs_own(built, name):
    own, changed = built("default").state_dict(), built(name).state_dict()
    assert not all(torch.equal(own[key], changed[key]) for key in own)


def test_glorot_weights_fill_their_bounds_and_biases_are_zero(built):
    for module in built("glorot_uniform").modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(module.weight)
            bound = math.sqrt(6 / (fan_in + fan_out))
            assert 0.9 * bound < module.weight.abs().max() <= bound
            assert module.bias is None or not module.bias.any()


def test_he_weights_have_the_variance_that_relus_keep(built):
    for module in built("he_normal").modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan_in, _ = nn.init._calculate_fan_in_and_fan_out(module.weight)
            expected = math.sqrt(2 / fan_in)
            assert module.weight.std().item() == pytest.approx(expected, rel=0.2)


def test_a_dirac_convolution_passes_its_input_on(built):
    second = built("dirac")[3]
    images = torch.randn(2, 16, 8, 8)
    assert torch.allclose(second(images), images)
