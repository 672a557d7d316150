"""The contract of every line of ACTIVATIONS."""

import pytest
import torch

from autocnn.choices import Choice
from autocnn.nets.activations import ACTIVATIONS, leaky_relu
from autocnn.nets.blocks import make

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)


@every_activation
def test_an_activation_keeps_the_shape_and_passes_finite_gradients(name):
    images = torch.linspace(-4, 4, 2 * 3 * 4 * 4).view(2, 3, 4, 4).requires_grad_()
    # Some work in place, as they may on what a convolution has just made.
    output = ACTIVATIONS[name]()(images * 1)
    output.sum().backward()
    assert output.shape == images.shape
    assert torch.isfinite(images.grad).all()
    assert images.grad.abs().sum() > 0


@every_activation
def test_an_activation_bends(name):
    numbers = torch.tensor([-1.0, 1.0])
    low, high = ACTIVATIONS[name]()(numbers.clone())
    assert high > 0
    assert not torch.isclose(low, -high) or name == "tanh"


@every_activation
def test_an_activation_is_a_layer_by_its_name(name):
    assert make(Choice(name), (3, 4, 4))(torch.ones(1, 3, 4, 4)).shape == (1, 3, 4, 4)


def test_a_leaky_relu_lets_its_slope_through():
    assert leaky_relu(0.3)(torch.tensor([-10.0, 10.0])).tolist() == [-3.0, 10.0]
