"""The layers a network is a sequence of. To add one, add its function to BLOCKS.

A function takes the incoming shape, (C, H, W) or (F,) without the batch, then the
arguments that a recipe writes after the layer's name. What it makes is written out by
an export as the call that makes it; so a class of our own keeps its arguments under
their names, as PyTorch's do.
"""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from autocnn.choices import Choice, pick
from autocnn.errors import RequestError
from autocnn.nets.activations import ACTIVATIONS

Shape = tuple[int, ...]
Maker = Callable[..., nn.Module]


def conv(
    shape: Shape,
    width: int,
    padding: str = "same",
    kernel: int = 3,
    stride: int = 1,
    bias: bool = True,
) -> nn.Module:
    """Convolve; `same` keeps the size (divided by the stride), `valid` pads nothing."""
    if padding not in {"same", "valid"}:
        raise RequestError(f"no padding '{padding}'", hint="write same or valid")
    pixels = (kernel - 1) // 2 if padding == "same" else 0
    convolution = nn.Conv2d(shape[0], width, kernel, stride, pixels, bias=bias)
    if padding == "same" and kernel % 2 == 0 and stride == 1:
        # An even kernel needs one pixel more on one side than on the other.
        return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), convolution)
    return convolution


def separable(
    shape: Shape, width: int, kernel: int = 3, stride: int = 1, bias: bool = True
) -> nn.Module:
    """Convolve each channel alone, then mix them (Chollet 2016, arXiv:1610.02357)."""
    channels = shape[0]
    pixels = (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv2d(
            channels, channels, kernel, stride, pixels, groups=channels, bias=False
        ),
        nn.Conv2d(channels, width, 1, bias=bias),
    )


class Residual(nn.Module):
    """Adds what its body makes of the input to the input (arXiv:1512.03385)."""

    def __init__(
        self, *, body: nn.Module, skip: nn.Module, activation: nn.Module
    ) -> None:
        super().__init__()
        self.body = body
        self.skip = skip
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, width, H / stride, W / stride)."""
        result: Tensor = self.activation(self.body(x) + self.skip(x))
        return result


def residual(
    shape: Shape,
    width: int,
    kernel: int = 3,
    stride: int = 1,
    norm: str = "batch_norm",
    activation: str = "relu",
) -> nn.Module:
    """Add the result of two convolutions to their input (arXiv:1512.03385)."""
    inner = (width, shape[1], shape[2])
    same = shape[0] == width and stride == 1
    return Residual(
        body=nn.Sequential(
            conv(shape, width, "same", kernel, stride, bias=norm == "none"),
            *_named(norm, inner),
            *_named(activation, inner),
            conv(inner, width, "same", kernel, bias=norm == "none"),
            *_named(norm, inner),
        ),
        skip=nn.Identity()
        if same
        else nn.Conv2d(shape[0], width, 1, stride, bias=False),
        activation=nn.Sequential(*_named(activation, inner)),
    )


class SqueezeExcite(nn.Module):
    """Weighs each channel by what all show (Hu et al. 2017, arXiv:1709.01507)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.channels = channels
        self.hidden = hidden
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, hidden, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        weighed: Tensor = x * self.gate(x)
        return weighed


def squeeze_excite(shape: Shape, ratio: float = 0.25) -> nn.Module:
    """Weigh each channel by what all show, through `ratio` times as many numbers."""
    return SqueezeExcite(shape[0], max(4, round(shape[0] * ratio)))


def batch_norm(
    shape: Shape, epsilon: float = 1e-5, momentum: float = 0.25
) -> nn.Module:
    """Normalize each channel over the batch (Ioffe & Szegedy 2015, arXiv:1502.03167).

    The momentum is above PyTorch's 0.1: in an epoch of ten steps the running
    statistics would else lag so far behind that the first scores mean nothing.
    """
    kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
    return kind(shape[0], eps=epsilon, momentum=momentum)


def group_norm(shape: Shape, channels_per_group: int = 8) -> nn.Module:
    """Normalize groups of channels per image (Wu & He 2018, arXiv:1803.08494)."""
    groups = max(1, shape[0] // channels_per_group)
    while shape[0] % groups:
        groups -= 1
    return nn.GroupNorm(groups, shape[0])


def max_pool(shape: Shape, size: int = 2) -> nn.Module:
    """Keep the largest of each `size` x `size` square."""
    return nn.MaxPool2d(size)


def avg_pool(shape: Shape, size: int = 2) -> nn.Module:
    """Keep the mean of each `size` x `size` square."""
    return nn.AvgPool2d(size)


def global_avg_pool(shape: Shape) -> nn.Module:
    """Keep the mean of each channel: (N, C, H, W) to (N, C)."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def global_max_pool(shape: Shape) -> nn.Module:
    """Keep the largest value of each channel: (N, C, H, W) to (N, C)."""
    return nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten())


def dropout(shape: Shape, rate: float = 0.5) -> nn.Module:
    """Silence single values (Srivastava et al. 2014); dear on feature maps on CPU."""
    return nn.Dropout(rate)


def dropout2d(shape: Shape, rate: float = 0.1) -> nn.Module:
    """Silence whole channels (Tompson et al. 2014, arXiv:1411.4280)."""
    return nn.Dropout2d(rate)


def flatten(shape: Shape) -> nn.Module:
    """(N, C, H, W) to (N, C * H * W)."""
    return nn.Flatten()


def dense(shape: Shape, units: int, bias: bool = True) -> nn.Module:
    """Connect everything with everything: (N, F) to (N, units)."""
    if len(shape) != 1:
        raise RequestError(
            "a dense layer takes flat input",
            hint="put flatten or global_avg_pool before it",
        )
    return nn.Linear(shape[0], units, bias=bias)


BLOCKS: Mapping[str, Maker] = {
    "conv": conv,
    "separable": separable,
    "residual": residual,
    "squeeze_excite": squeeze_excite,
    "batch_norm": batch_norm,
    "group_norm": group_norm,
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "global_avg_pool": global_avg_pool,
    "global_max_pool": global_max_pool,
    "dropout": dropout,
    "dropout2d": dropout2d,
    "flatten": flatten,
    "dense": dense,
}


def make(layer: Choice, shape: Shape) -> nn.Module:
    """Make one layer for input of this shape; RequestError if it cannot be."""
    if layer.name in ACTIVATIONS:
        maker = ACTIVATIONS[layer.name]
        bound = layer.bind(maker)
    else:
        maker = pick({**BLOCKS, **ACTIVATIONS}, layer.name, "layer")
        bound = layer.bind(maker, shape)
    return maker(*bound.args, **bound.kwargs)


def _named(name: str, shape: Shape) -> list[nn.Module]:
    return [] if name == "none" else [make(Choice(name), shape)]
