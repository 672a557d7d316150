"""Weights in a file: all of them, nothing else, whole or not at all."""

import pytest
import torch
from safetensors import safe_open

from autocnn.device import place
from autocnn.nets.net import build
from autocnn.train.weights import load_weights, save_weights

CPU = torch.device("cpu")


@pytest.fixture
def nets(make_recipe, tiny_shape):
    """Two networks of one recipe with different weights."""
    return [place(build(make_recipe(), tiny_shape, seed=s), CPU) for s in (0, 1)]


def test_weights_and_running_statistics_survive(nets, tmp_path):
    saved, loaded = nets
    saved(torch.randn(8, 1, 8, 8))
    save_weights(tmp_path / "a" / "model.safetensors", saved)
    load_weights(tmp_path / "a" / "model.safetensors", loaded, CPU)
    state = loaded.state_dict()
    for name, value in saved.state_dict().items():
        assert torch.equal(value, state[name]), name


def test_the_file_holds_every_tensor_by_name(nets, tmp_path):
    save_weights(tmp_path / "model.safetensors", nets[0])
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(nets[0].state_dict())
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
