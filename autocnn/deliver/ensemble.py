"""Several networks that answer together: chosen greedily by their validation answers.

The forward selection with replacement of Caruana et al. (2004): begin with the best
network, then add again and again the one that helps most, and stop where it was best.
What that gains is measured on images that had no part in the choice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

MOST_STEPS = 30
PARTS = 5
"""In which the validation images are cut to measure the gain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which networks answer, and what is gained by it over the best one alone."""

    weights: Mapping[int, float]
    """By trial; their sum is 1."""
    val_accuracy: float
    """Of all together, on the images that they were chosen by."""
    single_accuracy: float
    """Of the best one, on the same."""
    gain: float
    """In accuracy, on images that had no part in the choice (cross-fitted)."""
    gain_error: float
    """Its standard error over images."""


def choose(answers: Mapping[int, np.ndarray], labels: np.ndarray) -> Chosen:
    """Choose among networks by their logits, (images, classes) each, and the labels."""
    trials = list(answers)
    probabilities = np.stack([_softmax(answers[trial]) for trial in trials])
    everything = np.arange(len(labels))
    counts = _select(probabilities, labels)
    right = _right(probabilities, counts, labels)
    singles = [_right(probabilities, Counter([n]), labels) for n in range(len(trials))]
    gains = np.zeros(len(labels))
    for part in np.array_split(np.random.default_rng(0).permutation(everything), PARTS):
        rest = np.setdiff1d(everything, part)
        fitted = _select(probabilities[:, rest], labels[rest])
        best = max(range(len(trials)), key=lambda n: singles[n][rest].mean())
        together = _right(probabilities[:, part], fitted, labels[part])
        gains[part] = together.astype(float) - singles[best][part]
    return Chosen(
        weights={trials[n]: count / counts.total() for n, count in counts.items()},
        val_accuracy=float(right.mean()),
        single_accuracy=float(max(single.mean() for single in singles)),
        gain=float(gains.mean()),
        gain_error=float(gains.std(ddof=1) / len(gains) ** 0.5),
    )


def _select(probabilities: np.ndarray, labels: np.ndarray) -> Counter[int]:
    """Choose greedily: how often each of the networks counts.

    By accuracy; of equals, by the mean log probability of the right class.
    """
    networks, images, _ = probabilities.shape
    rows = np.arange(images)

    def quality(mixed: np.ndarray) -> tuple[float, float]:
        of_right = np.maximum(mixed[rows, labels], 1e-12)
        return float((mixed.argmax(1) == labels).mean()), float(np.log(of_right).mean())

    steps: list[int] = []
    found: list[tuple[tuple[float, float], int]] = []
    total = np.zeros_like(probabilities[0])
    for size in range(1, MOST_STEPS + 1):
        tried = [quality((total + each) / size) for each in probabilities]
        best = max(range(networks), key=lambda n: tried[n])
        total = total + probabilities[best]
        steps.append(best)
        found.append((tried[best], -size))
    _, size = max(found)
    return Counter(steps[:-size])


def _right(
    probabilities: np.ndarray, counts: Counter[int], labels: np.ndarray
) -> np.ndarray:
    """Say which images are answered rightly together: bool (images,)."""
    mixed = sum(count * probabilities[n] for n, count in counts.items())
    right: np.ndarray = np.asarray(mixed).argmax(1) == labels
    return right


def _softmax(logits: np.ndarray) -> np.ndarray:
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    shares: np.ndarray = scaled / scaled.sum(axis=1, keepdims=True)
    return shares


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
