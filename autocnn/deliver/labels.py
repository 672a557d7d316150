"""Label image files with a kept network."""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from autocnn.data.decoding import Shape
from autocnn.data.images import Pixels
from autocnn.data.streaming import Decoded, decode_files
from autocnn.deliver.predict import Network
from autocnn.device import one_ahead, with_a_core_left


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a network says of one image; an unreadable one has an error instead."""

    image: str
    probabilities: dict[str, float]
    """Of the likeliest classes, best first."""
    error: str = ""


def predict(
    network: Network, files: Sequence[str], *, top: int
) -> Generator[list[Prediction], None, None]:
    """Label image files in order, batch by batch; unreadable ones are told.

    While the network works on a batch, the next ones are decoded.
    """
    with (
        contextlib.closing(decode_files(files, shape_of(network))) as batches,
        with_a_core_left(),
    ):
        for batch in one_ahead(batches):
            yield _label(network, batch, top)


def shape_of(network: Network) -> Shape:
    """Say what a network's images must be brought to."""
    wanted = network.card["preprocessing"]
    return Shape(wanted["height"], wanted["width"], wanted["channels"])


def _label(network: Network, batch: Decoded, top: int) -> list[Prediction]:
    likeliest = iter(_likeliest(network, batch.pixels, top))
    return [
        Prediction(image=path, probabilities={}, error=batch.failures[row])
        if row in batch.failures
        else Prediction(image=path, probabilities=next(likeliest))
        for row, path in enumerate(batch.paths)
    ]


def _likeliest(
    network: Network, pixels: Pixels, most: int
) -> Iterator[dict[str, float]]:
    """Give each image's likeliest classes, best first, with their probabilities."""
    if not len(pixels):
        return
    classes, shares = network.classes, network.probabilities(pixels)
    order = np.argsort(-shares, axis=1, kind="stable")[:, :most]
    best = np.take_along_axis(shares, order, axis=1)
    for row, values in zip(order.tolist(), best.tolist(), strict=True):
        yield dict(zip((classes[each] for each in row), values, strict=True))
