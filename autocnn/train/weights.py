"""A network's weights in a file that holds nothing but numbers."""

from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from autocnn import durable


def save_weights(path: Path, net: nn.Module) -> None:
    """Write weights and running statistics as safetensors, whole or not at all."""
    state = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in net.state_dict().items()
    }
    durable.write(path, safetensors.torch.save(state))


def load_weights(path: Path, net: nn.Module, device: torch.device) -> None:
    """Read what `save_weights` wrote into a network of the same recipe."""
    net.load_state_dict(safetensors.torch.load_file(path, device=str(device)))
