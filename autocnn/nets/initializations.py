"""How weights begin. To add a way, add its line to INITIALIZATIONS."""

from collections.abc import Callable, Mapping

from torch import Tensor, nn


def keep(module: nn.Module) -> None:
    """Leave PyTorch's own: uniform with bound 1 / sqrt(fan in)."""


def glorot_uniform(module: nn.Module) -> None:
    """Keras's default: Glorot & Bengio 2010 for weights, zero for biases."""
    _weights(module, nn.init.xavier_uniform_)


def he_normal(module: nn.Module) -> None:
    """Keep the variance through ReLUs (He et al. 2015, arXiv:1502.01852)."""
    _weights(
        module, lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu")
    )


def dirac(module: nn.Module) -> None:
    """Let convolutions begin by passing their input on (airbench's start)."""
    if isinstance(module, nn.Conv2d) and module.groups == 1:
        weight = module.weight
        if weight.shape[0] >= weight.shape[1] > 3:
            nn.init.dirac_(weight[: weight.shape[1]])


INITIALIZATIONS: Mapping[str, Callable[[nn.Module], None]] = {
    "default": keep,
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "dirac": dirac,
}


def _weights(module: nn.Module, fill: Callable[[Tensor], object]) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        fill(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
