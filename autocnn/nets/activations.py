"""The activations a network may use. To add one, add its line to ACTIVATIONS."""

from collections.abc import Callable, Mapping

from torch import nn


def leaky_relu(slope: float = 0.01) -> nn.Module:
    """Let a fraction of the negative side through (Maas et al. 2013)."""
    return nn.LeakyReLU(slope, inplace=True)


ACTIVATIONS: Mapping[str, Callable[..., nn.Module]] = {
    "relu": lambda: nn.ReLU(inplace=True),
    "leaky_relu": leaky_relu,
    "prelu": nn.PReLU,  # He et al. 2015, arXiv:1502.01852
    "elu": lambda: nn.ELU(inplace=True),  # Clevert et al. 2015, arXiv:1511.07289
    "selu": nn.SELU,  # Klambauer et al. 2017, arXiv:1706.02515
    "gelu": nn.GELU,  # Hendrycks & Gimpel 2016, arXiv:1606.08415
    "silu": nn.SiLU,  # Elfwing et al. 2017, arXiv:1702.03118
    "mish": nn.Mish,  # Misra 2019, arXiv:1908.08681; dear on CPU
    "hardswish": nn.Hardswish,  # Howard et al. 2019, arXiv:1905.02244
    "tanh": nn.Tanh,
}
