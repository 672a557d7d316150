"""How well a network tells classes apart: its probabilities beside the truth."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

BINS = 15  # of equal width, as in Guo et al. 2017, arXiv:1706.04599
WORST = 10
TOP = 5
"""With more classes than these, the truth may also be among the likeliest of them."""
NORMAL_95 = 1.959963984540054
"""So many standard deviations from the mean lie 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How well one class is told from the others; None where nothing tells."""

    name: str
    images: int
    precision: float | None
    """Of the images that are said to be of this class, how many are."""
    recall: float | None
    """Of the images that are of this class, how many are said to be."""
    f1: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """The images of which a network is about equally sure."""

    images: int
    confidence: float
    """The mean of their highest probabilities."""
    accuracy: float


@dataclass(frozen=True, slots=True)
class Mistake:
    """An image of which a network was sure, and wrong."""

    image: str
    truth: str
    label: str
    probability: float
    """Of the label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a network's answers on some images come to."""

    images: int
    accuracy: float
    interval: tuple[float, float]
    """Wilson's, 95 %."""
    loss: float
    """Mean cross entropy, in nats."""
    top5_accuracy: float | None
    """None for five classes or fewer."""
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Images of each class (row) that are said to be of each class (column)."""
    confidence: float
    """The mean of the highest probabilities: what it believes its accuracy to be."""
    calibration_error: float
    """How far confidence and accuracy lie apart, on average over the bins' images."""
    bins: tuple[Bin, ...]
    mistakes: tuple[Mistake, ...]
    """The worst ones, the most confident first."""

    def to_dict(self) -> dict[str, Any]:
        """Write the fields as plain types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Evaluation":
        """Read what `to_dict` wrote, also by way of JSON."""
        rows = {"classes": ClassScore, "bins": Bin, "mistakes": Mistake}
        read = {
            name: tuple(kind(**row) for row in fields[name])
            for name, kind in rows.items()
        }
        read["interval"] = tuple(fields["interval"])
        read["confusion"] = tuple(tuple(row) for row in fields["confusion"])
        return cls(**{**fields, **read})


def evaluate(
    probabilities: np.ndarray,
    labels: np.ndarray,
    *,
    classes: Sequence[str],
    names: Sequence[str],
) -> Evaluation:
    """Compare probabilities (N, classes) with labels (N,); N is at least 1.

    Args:
        probabilities: Of each image; the rows sum to 1.
        labels: The indices of the true classes.
        classes: Their names.
        names: What each image is called.
    """
    from sklearn import metrics

    shares = probabilities.astype(np.float64)
    said, confidence = shares.argmax(axis=1), shares.max(axis=1)
    right = said == labels
    numbers = list(range(len(classes)))
    scores = metrics.precision_recall_fscore_support(
        labels, said, labels=numbers, zero_division=np.nan
    )
    top5 = None
    if len(classes) > TOP:
        top5 = metrics.top_k_accuracy_score(labels, shares, k=TOP, labels=numbers)
    bins = _bins(confidence, right)
    wrong = np.flatnonzero(~right)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:WORST]
    told = zip(classes, scores[3], *scores[:3], strict=True)
    return Evaluation(
        images=len(labels),
        accuracy=float(right.mean()),
        interval=wilson(int(right.sum()), len(labels)),
        loss=_cross_entropy(shares, labels),
        top5_accuracy=None if top5 is None else float(top5),
        classes=tuple(
            ClassScore(name, int(images), *map(_known, of_class))
            for name, images, *of_class in told
        ),
        confusion=tuple(
            tuple(row)
            for row in metrics.confusion_matrix(labels, said, labels=numbers).tolist()
        ),
        confidence=float(confidence.mean()),
        calibration_error=sum(
            each.images * abs(each.accuracy - each.confidence) for each in bins
        )
        / len(labels),
        bins=bins,
        mistakes=tuple(
            Mistake(
                names[row],
                classes[int(labels[row])],
                classes[int(said[row])],
                float(confidence[row]),
            )
            for row in worst
        ),
    )


def wilson(hits: int, images: int) -> tuple[float, float]:
    """Say between which fractions the true accuracy lies, with 95 % (Wilson 1927)."""
    if not images:
        return 0.0, 1.0
    share, square = hits / images, NORMAL_95**2 / images
    middle = (share + square / 2) / (1 + square)
    spread = share * (1 - share) / images + square / (4 * images)
    half = NORMAL_95 * math.sqrt(spread) / (1 + square)
    low = 0.0 if hits == 0 else middle - half
    return low, 1.0 if hits == images else middle + half


def _cross_entropy(shares: np.ndarray, labels: np.ndarray) -> float:
    """Take the mean; what float32 rounded to nothing counts as its smallest number."""
    of_truth = shares[np.arange(len(labels)), labels]
    return float(-np.log(of_truth.clip(np.finfo(np.float32).tiny)).mean())


def _bins(confidence: np.ndarray, right: np.ndarray) -> tuple[Bin, ...]:
    """Sort images into bins by confidence, each open below; empty ones are left out."""
    number = np.ceil(confidence * BINS).clip(1, BINS)
    members = (number == each for each in range(1, BINS + 1))
    return tuple(
        Bin(
            int(inside.sum()),
            float(confidence[inside].mean()),
            float(right[inside].mean()),
        )
        for inside in members
        if inside.any()
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
