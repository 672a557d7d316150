"""A kept network, with all that is needed to use it."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from autocnn import device as devices
from autocnn import recipe as recipes
from autocnn.errors import NoResultError
from autocnn.nets.net import build
from autocnn.recipe import ImageShape, Recipe
from autocnn.search import best
from autocnn.train.weights import load_weights

MEMBERS = "members"
"""In an ensemble's folder: its networks, by their trials."""
DAMAGES = (
    AttributeError,
    KeyError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
)
"""What reading files raises that are not what a network is kept in."""


class Classifier(nn.Module):
    """A network behind its preprocessing: pixels, uint8 (N, H, W, C), to logits."""

    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor(std).clamp_min(1e-3))

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels as they are decoded, 0 to 255, to logits (N, classes)."""
        images = (pixels.float() / 255 - self.mean) / self.std
        logits: Tensor = self.net(images.permute(0, 3, 1, 2))
        return logits


class Together(nn.Module):
    """Networks as one: its logits are those of the mean of their probabilities."""

    def __init__(self, nets: Sequence[nn.Module], weights: Sequence[float]) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.weights = [*weights]

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, classes)."""
        shares = [
            weight * net(x).float().softmax(1)
            for weight, net in zip(self.weights, self.nets, strict=True)
        ]
        return torch.stack(shares).sum(0).clamp_min(1e-30).log()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A kept network with all that is needed to use it."""

    net: nn.Module
    """Ready to score normalized images (N, C, H, W)."""
    card: dict[str, Any]
    recipe: Recipe
    """With the shape of its images; of several networks the first one's."""
    device: torch.device

    @property
    def classes(self) -> list[str]:
        """Its classes, in the order of its logits."""
        return list(self.card["classes"])

    @property
    def classifier(self) -> Classifier:
        """The same network, with its preprocessing before it."""
        preprocessing = self.card["preprocessing"]
        whole = Classifier(self.net, preprocessing["mean"], preprocessing["std"])
        return whole.to(self.device).eval()

    def logits(self, pixels: np.ndarray) -> Tensor:
        """Score images, uint8 (N, H, W, C), as logits (N, classes), on the CPU."""
        images = torch.from_numpy(pixels).to(self.device)
        with torch.inference_mode(), devices.mixed_precision(self.device):
            scores: Tensor = self.classifier(images).float().cpu()
        return scores

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """Score images, uint8 (N, H, W, C), as probabilities (N, classes)."""
        shares: np.ndarray = self.logits(pixels).softmax(1).numpy()
        return shares


def load(folder: Path, device: torch.device) -> Network:
    """Load a kept network; NoResultError if the folder holds none, or a damaged one."""
    try:
        card = best.read_card(folder)
        if members := card.get("ensemble"):
            return _together(folder, card, members, device)
        best.check(folder, card, "model.safetensors", "recipe.toml")
        card.pop("sha256", None)  # of files that others are made of
        recipe = recipes.read(folder / "recipe.toml")
        shape = ImageShape(
            **{name: card["preprocessing"][name] for name in ("height", "width")},
            channels=card["preprocessing"]["channels"],
            classes=len(card["classes"]),
        )
        net = devices.place(build(recipe, shape, seed=0), device)
        load_weights(folder / "model.safetensors", net, device)
    except OSError as error:
        why = f"{Path(error.filename or folder).name}: {error.strerror or error}"
        raise NoResultError(
            f"{folder} holds no trained network ({why})",
            hint="make one with autocnn search, or name another with --model",
        ) from None
    except DAMAGES:
        raise NoResultError(
            f"the network in {folder} is damaged: its files do not fit together",
            hint="make it again with autocnn train, or name another with --model",
        ) from None
    recipe = dataclasses.replace(recipe, shape=shape)
    return Network(net=net.eval(), card=card, recipe=recipe, device=device)


def _together(
    folder: Path, card: dict[str, Any], weights: dict[str, float], device: torch.device
) -> Network:
    """Load the networks of an ensemble as one; NoResultError if one is damaged."""
    try:
        parts = [load(folder / MEMBERS / name, device) for name in weights]
    except NoResultError as error:
        hint = "put them together again with autocnn ensemble"
        raise NoResultError(error.problem, hint=hint) from None
    net = Together([part.net for part in parts], list(weights.values())).eval()
    return Network(net=net, card=card, recipe=parts[0].recipe, device=device)
