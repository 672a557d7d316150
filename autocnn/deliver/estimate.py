"""What the best of many scores is worth: corrected for having been chosen.

The bootstrap bias correction of Tsamardinos, Greasidou & Borboudakis (2018,
arXiv:1708.07180): draw as many validation images as there are, with repetitions, choose
the best network by them, and score it on the images that were not drawn. The mean over
many draws is what choosing like this comes to on images that had no part in it.

That is about the choice. The network that was chosen may stand out among those that
could have been, and be as good as it looks: the interval reaches from the least that
the corrected score lets expect to the most that the score as it is lets expect.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from autocnn.search.best import ANSWERS, read_card
from autocnn.search.kept import NETWORKS
from autocnn.store.honest import Estimate
from autocnn.train import answers

DRAWS = 1_000
AT_ONCE = 100
"""Draws that are worked on together: it bounds the memory."""
LEVEL = 0.95


def estimate(folder: Path, test_images: int, *, seed: int = 0) -> Estimate | None:
    """Correct the score of a study's best network; None if its answers are not kept.

    `folder` is the study's own; `test_images` is how many the prediction is about.
    """
    found = list(_right(folder))
    if not found:
        return None
    right = np.concatenate(found)
    best = float(right.mean(axis=1).max())
    corrected = min(best, correct(right, seed=seed))  # more is the draws' chance alone
    return Estimate(
        val_accuracy=best,
        corrected=corrected,
        interval=expected(corrected, best, right.shape[1], test_images),
        test_images=test_images,
        networks=len(found),
        epochs=len(right),
    )


def correct(right: np.ndarray, *, seed: int = 0) -> float:
    """Correct the best row's mean of `right`, bool (candidates, images).

    Of candidates that are equally good on what was drawn, each counts the same.
    """
    generator = np.random.default_rng(seed)
    images = right.shape[1]
    hits = right.astype(np.float32)
    scores: list[np.ndarray] = []
    for _ in range(DRAWS // AT_ONCE):
        drawn = generator.multinomial(
            images, np.full(images, 1 / images), size=AT_ONCE
        ).astype(np.float32)
        left = (drawn == 0).astype(np.float32)
        inside = np.rint(hits @ drawn.T)  # (candidates, draws): hits among the drawn
        outside = (hits @ left.T) / np.maximum(1, left.sum(axis=1))
        best = inside == inside.max(axis=0)
        scores.append((outside * best).sum(axis=0) / best.sum(axis=0))
    return float(np.concatenate(scores).mean())


def expected(
    corrected: float, best: float, images: int, test_images: int
) -> tuple[float, float]:
    """Say where the accuracy on test images is expected, with at least 95 %."""
    least, _ = predicted(corrected, images, test_images)
    _, most = predicted(best, images, test_images)
    return least, most


def predicted(accuracy: float, images: int, test_images: int) -> tuple[float, float]:
    """Predict the accuracy on test images from that on others, with 95 %.

    By the beta-binomial distribution, from Jeffreys' prior: both sets are samples.
    """
    hits = accuracy * images
    both = stats.betabinom(test_images, hits + 0.5, images - hits + 0.5)
    low, high = both.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low / test_images), float(high / test_images)


def _right(folder: Path) -> Iterator[np.ndarray]:
    """Read which images the kept networks got right, epoch by epoch."""
    images: int | None = None
    for network in _different([folder / "best", *sorted(folder.glob(f"{NETWORKS}/*"))]):
        found = answers.load(network / ANSWERS)
        if found is None or not len(found.right):
            continue
        images = images or found.right.shape[1]
        if found.right.shape[1] == images:
            yield found.right.numpy()


def _different(folders: Iterable[Path]) -> Iterable[Path]:
    """Leave out what is there twice: the best trial's network has two places."""
    found: dict[tuple[Any, bool], Path] = {}
    for folder in folders:
        try:
            card = read_card(folder)
        except (OSError, ValueError):
            continue
        found[card.get("trial"), bool(card.get("final"))] = folder
    return found.values()
