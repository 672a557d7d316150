"""The optimizers a network may learn with. To add one, add its line to OPTIMIZERS."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn, optim

from autocnn.choices import pick
from autocnn.recipe import TrainSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizer:
    """How an optimizer is made, and where a search for its learning rate begins."""

    make: Callable[..., optim.Optimizer]
    learning_rate: float
    """A good first guess at batch size 128."""
    fused: tuple[str, ...] = ()
    """Kinds of devices that have it as one kernel: 2 to 3.5 times as fast on CPU."""
    momentum: str = ""
    """The argument that `momentum` fills; empty: it has none."""
    options: Mapping[str, Any]


LONG_SINCE = 1e9
"""Steps after which Adam's corrections for its start are 1."""


def rmsprop(
    groups: list[dict[str, Any]],
    *,
    alpha: float,
    momentum: float = 0.0,
    fused: bool = False,
    capturable: bool = False,
    **options: Any,
) -> optim.Optimizer:
    """Divide by a running root mean square (Hinton 2012, lecture 6.5).

    Without momentum it is Adam without its first average and its corrections, which
    PyTorch has as one kernel, three times as fast as RMSprop's own.
    """
    options |= {"capturable": capturable, "foreach": not fused or bool(momentum)}
    if momentum:
        return optim.RMSprop(groups, alpha=alpha, momentum=momentum, **options)
    adam = optim.Adam(groups, betas=(0.0, alpha), fused=fused, **options)
    for group in adam.param_groups:
        for weights in group["params"]:
            home = weights.device if fused or capturable else torch.device("cpu")
            adam.state[weights] = {
                "step": torch.tensor(LONG_SINCE, device=home),
                "exp_avg": torch.zeros_like(weights),
                "exp_avg_sq": torch.zeros_like(weights),
            }
    return adam


OPTIMIZERS: Mapping[str, Optimizer] = {
    "sgd": Optimizer(
        make=optim.SGD,
        learning_rate=0.1,
        fused=("cpu", "cuda"),
        momentum="momentum",
        options={"nesterov": True, "momentum": 0.9},
    ),
    "adam": Optimizer(
        make=optim.Adam, learning_rate=2e-3, fused=("cpu", "cuda"), options={}
    ),
    "adamw": Optimizer(  # Loshchilov & Hutter 2017, arXiv:1711.05101
        make=optim.AdamW, learning_rate=2e-3, fused=("cpu", "cuda"), options={}
    ),
    "rmsprop": Optimizer(  # rho and epsilon as in Keras
        make=rmsprop,
        learning_rate=5e-4,
        fused=("cpu", "cuda"),
        momentum="momentum",
        options={"alpha": 0.9, "eps": 1e-7},
    ),
    "adamax": Optimizer(make=optim.Adamax, learning_rate=4e-3, options={}),
    "nadam": Optimizer(make=optim.NAdam, learning_rate=2e-3, options={}),
    "adagrad": Optimizer(  # on CUDA not fused in all versions
        make=optim.Adagrad, learning_rate=2e-2, fused=("cpu",), options={}
    ),
}


def make_optimizer(net: nn.Module, settings: TrainSettings) -> optim.Optimizer:
    """Make the optimizer a recipe names, for all weights of a network.

    Weight decay acts on matrices and kernels only: pulling biases and
    normalization scales to zero helps nobody.
    """
    row = pick(OPTIMIZERS, settings.optimizer, "optimizer")
    options = options_of(settings)
    rate: float | torch.Tensor = settings.learning_rate
    groups = decayed(net, settings.weight_decay)
    home = groups[0]["params"][0].device
    options |= {"fused": True} if home.type in row.fused else {"foreach": True}
    if home.type == "cuda":
        # A CUDA graph reads the rate where it is: in the device's memory.
        rate = torch.tensor(rate, device=home)
        if "capturable" in inspect.signature(row.make).parameters:
            options["capturable"] = True
    return row.make(groups, lr=rate, **options)


def options_of(settings: TrainSettings) -> dict[str, Any]:
    """Say how the optimizer is set, but for its rate and what its device asks for."""
    row = pick(OPTIMIZERS, settings.optimizer, "optimizer")
    options = dict(row.options)
    if settings.momentum is not None and row.momentum:
        options[row.momentum] = settings.momentum
        if row.make is optim.SGD:
            options["nesterov"] = settings.momentum > 0
    if settings.epsilon is not None and settings.optimizer != "sgd":
        options["eps"] = settings.epsilon
    return options


def set_learning_rate(optimizer: optim.Optimizer, learning_rate: float) -> None:
    """Set the rate of every group, before a step."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(learning_rate)
        else:
            group["lr"] = learning_rate


def decayed(net: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Group the weights: kernels and matrices are pulled to zero, others are not."""
    weights: list[torch.Tensor] = [p for p in net.parameters() if p.dim() > 1]
    others: list[torch.Tensor] = [p for p in net.parameters() if p.dim() <= 1]
    groups = [
        {"params": weights, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
