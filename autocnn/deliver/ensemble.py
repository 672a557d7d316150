"""Several networks that answer together: chosen greedily by their validation answers.

The forward selection with replacement of Caruana et al. (2004): begin with the best
network, then add again and again the one that helps most, and stop where it was best.
What that gains is measured on images that had no part in the choice.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autocnn import durable
from autocnn.data.cache import Prepared, open_search_images
from autocnn.data.splits import search_splits
from autocnn.deliver.networks import ENSEMBLE
from autocnn.deliver.predict import MEMBERS
from autocnn.errors import NoResultError, RequestError
from autocnn.quantities import plural
from autocnn.search.best import ANSWERS, check, read_card, written
from autocnn.search.kept import NETWORKS
from autocnn.search.study import StudyConfig
from autocnn.store.aim import standard_error
from autocnn.train.answers import load

OF_ONE = {
    *("seed", "epoch", "final", "fold", "folds", "corrected_by", "corrected_interval"),
    *("val_accuracy_corrected", "test_accuracy", "test_interval", "test_images"),
    "sha256",
}
"""What the card of a network alone says besides."""
MOST_STEPS = 30
PARTS = 5
"""In which the validation images are cut to measure the gain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which networks answer, and what is gained by it over the best one alone."""

    weights: Mapping[str, float]
    """By name; their sum is 1."""
    val_accuracy: float
    """Of all together, on the images that they were chosen by."""
    single_accuracy: float
    """Of the best one, on the same."""
    gain: float
    """In accuracy, on images that had no part in the choice (cross-fitted)."""
    gain_error: float
    """Its standard error over images."""
    left_out: tuple[str, ...] = ()
    """What is wrong with networks that are kept, but of no use."""


def build(home: Path, config: StudyConfig, data: Prepared) -> Chosen:
    """Choose among the kept networks of a study, and keep them together in its folder.

    NoResultError if fewer than two are kept; RequestError with folds, whose networks
    have no validation images in common.
    """
    if config.folds:
        raise RequestError(
            "cross-validated networks have no validation images in common",
            hint="search without --folds to put networks together",
        )
    images, groups = open_search_images(data.folder)
    given = data.info.given_val
    (split,) = search_splits(images.labels, groups, seed=config.seed, given_val=given)
    labels = images.labels[split.val]
    kept, left_out = _kept(home)
    found = {
        name: said.logits.float().numpy()
        for name, folder in kept.items()
        if (said := load(folder / ANSWERS)) is not None
        and len(said.logits) == len(labels)
    }
    if len(found) < 2:
        raise _too_few(home, len(found), left_out)
    chosen = dataclasses.replace(choose(found, labels), left_out=tuple(left_out))
    _keep(home, kept, chosen)
    return chosen


def _too_few(home: Path, found: int, left_out: list[str]) -> NoResultError:
    """Say how many networks there are, and what can be done for more."""
    there = (home / NETWORKS).is_dir()
    hint = "search on: the best finished trials' networks are kept"
    if not there:
        hint = "name the folder with --studies in which the search left its files"
    what = f"holds {plural(found, 'network')} to put together" if there else "is gone"
    problem = "; ".join([f"{home / NETWORKS} {what}", *left_out])
    return NoResultError(problem, hint=hint)


def _kept(home: Path) -> tuple[dict[str, Path], list[str]]:
    """Find the networks by their trials' numbers; that of the final training, too.

    And say what is wrong with those that are not whole.
    """
    folders = {each.name: each for each in sorted((home / NETWORKS).glob("*"))}
    known, left_out = {}, []
    for name, folder in (folders | {"final": home / "best"}).items():
        try:
            card = read_card(folder)
            check(folder, card, *card.get("sha256", ()))
            if name != "final" or card.get("final"):
                known[name] = folder
        except (OSError, ValueError) as error:
            if name != "final" and folder.is_dir():
                left_out.append(f"{folder} holds no network ({type(error).__name__})")
        except NoResultError as error:
            left_out.append(error.problem)
    return known, left_out


def _keep(home: Path, kept: Mapping[str, Path], chosen: Chosen) -> None:
    """Copy the chosen ones into a folder of their own, whole or not at all."""
    files = {
        f"{MEMBERS}/{name}/{path.name}": path.read_bytes()
        for name in chosen.weights
        for path in kept[name].iterdir()
    }
    cards = [read_card(kept[name]) for name in chosen.weights]
    best = max(cards, key=lambda card: float(card["val_accuracy"]))
    card = best | {
        "trial": None,
        "ensemble": dict(chosen.weights),
        "val_accuracy": chosen.val_accuracy,
        "val_standard_error": standard_error(chosen.val_accuracy, best["val_images"]),
        "parameters": sum(card["parameters"] for card in cards),
        "gain": chosen.gain,
        "gain_standard_error": chosen.gain_error,
    }
    card = {name: value for name, value in card.items() if name not in OF_ONE}
    durable.write_folder(home / ENSEMBLE, {**files, "card.json": written(card)})


def choose(answers: Mapping[str, np.ndarray], labels: np.ndarray) -> Chosen:
    """Choose among networks by their logits, (images, classes) each, and the labels."""
    names = list(answers)
    probabilities = np.stack([_softmax(answers[name]) for name in names])
    everything = np.arange(len(labels))
    counts = _select(probabilities, labels)
    right = _right(probabilities, counts, labels)
    singles = [_right(probabilities, Counter([n]), labels) for n in range(len(names))]
    gains = np.zeros(len(labels))
    for part in np.array_split(np.random.default_rng(0).permutation(everything), PARTS):
        rest = np.setdiff1d(everything, part)
        fitted = _select(probabilities[:, rest], labels[rest])
        best = max(range(len(names)), key=lambda n: singles[n][rest].mean())
        together = _right(probabilities[:, part], fitted, labels[part])
        gains[part] = together.astype(float) - singles[best][part]
    return Chosen(
        weights={names[n]: count / counts.total() for n, count in counts.items()},
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
    _, shorter = max(found)
    return Counter(steps[:-shorter])


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
