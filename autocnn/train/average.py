"""A moving average of a network's weights, without the noise of the last steps.

While the learning rate is high it scores several points above the weights themselves,
and in the end as they do (Polyak & Juditsky 1992; Tarvainen & Valpola 2017,
arXiv:1703.01780).
"""

import copy

import torch
from torch import nn

EVERY = 5
"""Steps from one update to the next: it costs little, but not nothing."""


class Average:
    """Follows a network; `net` is a network of its own, with the averaged weights."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        """`decay` is that of a step: of 0.99, about the last hundred steps count."""
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def follow(self, net: nn.Module, step: int) -> None:
        """Take the weights after so many steps in, at every fifth.

        While that is less, only about the last ninth of all steps counts.
        """
        if step % EVERY:
            return
        share = 1 - min(self._decay, step / (step + 9)) ** EVERY
        averaged, current = (_floats(each) for each in (self.net, net))
        torch._foreach_lerp_(averaged, current, share)


def _floats(net: nn.Module) -> list[torch.Tensor]:
    """List weights, and what normalization has measured of its inputs."""
    tensors: list[torch.Tensor] = [*net.parameters(), *net.buffers()]
    return [each.detach() for each in tensors if each.is_floating_point()]
