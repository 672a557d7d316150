"""Label images with a kept network."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from autocnn import device as devices
from autocnn import recipe as recipes
from autocnn.data.batches import EVALUATION_BATCH
from autocnn.data.decode import decode
from autocnn.errors import DataError, NoResultError
from autocnn.nets.net import build
from autocnn.recipe import ImageShape
from autocnn.train.weights import load_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a network says of one image; an unreadable one has an error instead."""

    path: Path
    label: str = ""
    probability: float = 0.0
    probabilities: dict[str, float]
    """Of the likeliest classes, best first."""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A kept network with all that is needed to use it."""

    net: nn.Module
    card: dict[str, Any]
    device: torch.device

    @property
    def classes(self) -> list[str]:
        """Its classes, in the order of its logits."""
        return list(self.card["classes"])

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """Score images, uint8 (N, H, W, C), as probabilities (N, classes)."""
        preprocessing = self.card["preprocessing"]
        mean = torch.tensor(preprocessing["mean"], device=self.device)
        std = torch.tensor(preprocessing["std"], device=self.device).clamp_min(1e-3)
        images = torch.from_numpy(pixels).to(self.device).float().div_(255)
        images = images.sub_(mean).div_(std).permute(0, 3, 1, 2)
        self.net.eval()
        with torch.inference_mode(), devices.mixed_precision(self.device):
            scores: np.ndarray = self.net(images).float().softmax(1).cpu().numpy()
        return scores


def load(folder: Path, device: torch.device) -> Network:
    """Load a kept network; NoResultError if the folder holds none."""
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        recipe = recipes.read(folder / "recipe.toml")
        shape = ImageShape(
            **{name: card["preprocessing"][name] for name in ("height", "width")},
            channels=card["preprocessing"]["channels"],
            classes=len(card["classes"]),
        )
        net = devices.place(build(recipe, shape, seed=0), device)
        load_weights(folder / "model.safetensors", net, device)
    except (OSError, KeyError, ValueError) as error:
        raise NoResultError(
            f"{folder} holds no trained network ({type(error).__name__})",
            hint="make one with autocnn search, or name another with --model",
        ) from None
    return Network(net=net, card=card, device=device)


def predict(
    network: Network, paths: Sequence[Path], *, top: int
) -> Iterator[Prediction]:
    """Label image files, in batches; unreadable ones are reported, not raised."""
    for start in range(0, len(paths), EVALUATION_BATCH):
        yield from _predict_batch(network, paths[start : start + EVALUATION_BATCH], top)


def image_files(paths: Sequence[Path]) -> list[Path]:
    """List the files that are named, folders' contents included, hidden ones not."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(
                each
                for each in path.rglob("*")
                if each.is_file() and not each.name.startswith(".")
            )
        else:
            files.append(path)
    return files


def _predict_batch(
    network: Network, paths: Sequence[Path], top: int
) -> list[Prediction]:
    preprocessing = network.card["preprocessing"]
    height, width = preprocessing["height"], preprocessing["width"]
    decoded: dict[int, np.ndarray] = {}
    errors: dict[int, str] = {}
    for index, path in enumerate(paths):
        try:
            decoded[index] = decode(path, height, width, preprocessing["channels"])
        except DataError as error:
            errors[index] = error.problem
    scores: dict[int, np.ndarray] = {}
    if decoded:
        rows = network.probabilities(np.stack(list(decoded.values())))
        scores = dict(zip(decoded, rows, strict=True))
    return [
        Prediction(path=path, probabilities={}, error=errors[index])
        if index in errors
        else _named(path, scores[index], network.classes, top)
        for index, path in enumerate(paths)
    ]


def _named(path: Path, scores: np.ndarray, classes: list[str], top: int) -> Prediction:
    order = [int(index) for index in scores.argsort()[::-1][:top]]
    return Prediction(
        path=path,
        label=classes[order[0]],
        probability=float(scores[order[0]]),
        probabilities={classes[index]: float(scores[index]) for index in order},
    )
