"""Score a kept network on labeled images, and say which of them it has seen before."""

import contextlib
import dataclasses
import difflib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autocnn.data.build import digests_of
from autocnn.data.cache import find_prepared, open_search_images, open_test_images
from autocnn.data.decode import fit_array
from autocnn.data.decoding import Shape
from autocnn.data.images import Labels, Pixels
from autocnn.data.raw import Arrays, Files, Part, Raw, Source, listed
from autocnn.data.streaming import BATCH, decode_files
from autocnn.deliver.labels import shape_of
from autocnn.deliver.predict import Network
from autocnn.device import one_ahead, with_a_core_left
from autocnn.errors import DataError, did_you_mean
from autocnn.evaluation import Evaluation, evaluate, wilson

ROWS = 1024  # images in memory at a time, however many there are


@dataclass(frozen=True, slots=True)
class OwnImages:
    """The digests of the images that a network comes from."""

    search: frozenset[bytes]
    """It was trained on these, or chosen by them."""
    test: frozenset[bytes]
    """Sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A network's evaluation on a data set, and what that rests on."""

    evaluation: Evaluation
    seen: int | None = 0
    """Of its images, how many it was trained on or chosen by; None: not known."""
    unseen_accuracy: float | None = None
    """Without those; None where that tells nothing more."""
    unseen_interval: tuple[float, float] | None = None
    sealed: int = 0
    """Images left out, because they are of the network's sealed test set."""
    unreadable: tuple[str, ...] = ()
    """Why files could not be read, each with its path."""
    missing: tuple[str, ...] = ()
    """The network's classes of which the data have no image."""

    def others(self) -> dict[str, Any]:
        """Write all but the evaluation as plain types."""
        fields = dataclasses.asdict(self)
        return {name: fields[name] for name in fields if name != "evaluation"}


def own_images(network: Network) -> OwnImages | None:
    """Hash the images a network comes from; None if the cache does not have them."""
    data = network.card["data"]
    folder = find_prepared(data["name"], data["fingerprint"])
    if folder is None:
        return None
    search, _ = open_search_images(folder)
    # Only to keep them apart: nothing is scored on them.
    test = open_test_images(folder)
    return OwnImages(_digests(search.pixels), _digests(test.pixels))


def score(
    network: Network,
    source: Source,
    own: OwnImages | None,
    progress: Callable[[str, int, int], None],
) -> Scored | None:
    """Score a network on all images of a data set but those of its sealed test set.

    None if all of them are of the network's own data, and some are sealed.

    Raises:
        DataError: the data have classes that the network has not, or no image.
    """
    progress(f"reading {source.name}", 0, 0)
    raw = source.load()
    numbers = _class_numbers(source, raw, network.classes)
    parts = {"train": raw.train, "val": raw.val, "test": raw.test}
    total = sum(len(part.labels) for part in parts.values() if part)
    answers = _Answers()
    for split, part in parts.items():
        if part is None:
            continue
        name = split if raw.val or raw.test else "images"
        with (
            contextlib.closing(_batches(part, name, shape_of(network))) as batches,
            with_a_core_left(),
        ):
            for batch in one_ahead(batches):
                answers.add(network, batch, numbers, own)
                progress("scoring", answers.done, total)
    if answers.sealed and all(answers.seen):
        return None
    if not answers.names:
        raise DataError(
            f"none of {total:,} images of {source.source} could be read",
            hint="open one in an image viewer",
        )
    return _scored(answers, network.classes, own)


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Some images of a data set; `labels` and `names` are of those in `pixels`."""

    pixels: Pixels
    labels: Labels
    names: list[str]
    failures: list[str]


@dataclass(slots=True)
class _Answers:
    """What a network has said so far, in the order of the images."""

    probabilities: list[np.ndarray] = field(default_factory=list)
    labels: list[Labels] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    seen: list[bool] = field(default_factory=list)
    sealed: int = 0
    failures: list[str] = field(default_factory=list)
    done: int = 0

    def add(
        self, network: Network, batch: _Batch, numbers: Labels, own: OwnImages | None
    ) -> None:
        """Ask the network about a batch, without what is sealed."""
        digests = digests_of(batch.pixels) if own else []
        sealed = {row for row, each in enumerate(digests) if own and each in own.test}
        kept = [row for row in range(len(batch.names)) if row not in sealed]
        if kept:
            self.probabilities.append(network.probabilities(batch.pixels[kept]))
            self.labels.append(numbers[batch.labels[kept]])
            self.names += [batch.names[row] for row in kept]
            self.seen += [bool(own and digests[row] in own.search) for row in kept]
        self.sealed += len(sealed)
        self.failures += batch.failures
        self.done += len(batch.names) + len(batch.failures)


def _scored(answers: _Answers, classes: Sequence[str], own: OwnImages | None) -> Scored:
    labels = np.concatenate(answers.labels)
    probabilities = np.concatenate(answers.probabilities)
    unseen = ~np.array(answers.seen)
    right = probabilities.argmax(axis=1) == labels
    mixed = own is not None and unseen.any() and not unseen.all()
    hits, images = int(right[unseen].sum()), int(unseen.sum())
    present = set(labels.tolist())
    return Scored(
        evaluation=evaluate(
            probabilities, labels, classes=classes, names=answers.names
        ),
        seen=None if own is None else len(labels) - images,
        unseen_accuracy=hits / images if mixed else None,
        unseen_interval=wilson(hits, images) if mixed else None,
        sealed=answers.sealed,
        unreadable=tuple(answers.failures),
        missing=tuple(
            name for number, name in enumerate(classes) if number not in present
        ),
    )


def _class_numbers(source: Source, raw: Raw, classes: Sequence[str]) -> Labels:
    """Give the network's number of each class of the data, by its name."""
    unknown = [name for name in raw.classes if name not in classes]
    if unknown:
        near = [
            f"'{name}': {did_you_mean(name, classes)}"
            for name in unknown
            if difflib.get_close_matches(name, classes, n=1)
        ]
        raise DataError(
            f"{source.source} has classes that the network does not know: "
            + listed(unknown),
            hint="; ".join(near[:5]) or f"it tells apart {listed(classes, most=20)}",
        )
    return np.array([list(classes).index(name) for name in raw.classes])


def _batches(part: Part, split: str, shape: Shape) -> Generator[_Batch, None, None]:
    """Bring a split to a network's shape, batch by batch."""
    match part:
        case Files():
            yield from _decoded(part, shape)
        case Arrays():
            for start in range(0, len(part.labels), BATCH):
                rows = range(start, min(start + BATCH, len(part.labels)))
                pixels = fit_array(
                    part.pixels[start : rows.stop],
                    shape.height,
                    shape.width,
                    shape.channels,
                )
                names = [f"{split}[{row}]" for row in rows]
                pixels = np.ascontiguousarray(pixels)  # some sets are transposed
                yield _Batch(pixels, part.labels[start : rows.stop], names, [])


def _decoded(part: Files, shape: Shape) -> Generator[_Batch, None, None]:
    start = 0
    for batch in decode_files(part.paths, shape):
        readable = batch.readable
        yield _Batch(
            batch.pixels,
            part.labels[[start + row for row in readable]],
            [batch.paths[row] for row in readable],
            list(batch.failures.values()),
        )
        start += len(batch.paths)


def _digests(pixels: Pixels) -> frozenset[bytes]:
    chunks = (pixels[start : start + ROWS] for start in range(0, len(pixels), ROWS))
    return frozenset(each for chunk in chunks for each in digests_of(chunk))
