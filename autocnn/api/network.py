"""A trained network in a program's hands: images in, labels out."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autocnn.errors import DataError
from autocnn.views.tables import accuracy

if TYPE_CHECKING:
    from torch import nn

    from autocnn.deliver import predict


def load(folder: str | Path, *, device: str = "auto") -> "Network":
    """Load a kept network from its folder, as STUDY/best or what an export wrote.

    AutocnnError if the folder holds none.
    """
    from autocnn import device as devices
    from autocnn.deliver import predict

    return Network(predict.load(Path(folder), devices.pick_device(device)))


class Network:
    """A trained network with all that is needed to use it."""

    def __init__(
        self, network: "predict.Network", labels: Mapping[str, Any] | None = None
    ) -> None:
        """`labels` is what its class names stand for, where they are not the labels."""
        self._network = network
        self._labels = labels or {}

    def __repr__(self) -> str:
        card = self._network.card
        height, width, channels = self._shape
        return (
            f"<Network of {len(self.classes)} classes, for images of {height}x{width}x"
            f"{channels}: {accuracy(card['val_accuracy'])} validation accuracy>"
        )

    @property
    def classes(self) -> list[Any]:
        """The labels, in the order of the probabilities' columns."""
        return [self._labels.get(name, name) for name in self._network.classes]

    @property
    def card(self) -> dict[str, Any]:
        """What it is: classes, preprocessing, scores, data, seed, versions."""
        return dict(self._network.card)

    @property
    def recipe(self) -> str:
        """Its layers and how it was trained, as TOML."""
        from autocnn import recipe as recipes

        return recipes.dumps(self._network.recipe)

    @property
    def module(self) -> "nn.Module":
        """The PyTorch module: pixels, uint8 (N, H, W, C), to logits (N, classes)."""
        return self._network.classifier

    def predict(self, images: Any) -> np.ndarray:
        """Label images: see `predict_proba` for what they may be."""
        best = self.predict_proba(images).argmax(axis=1)
        labels: np.ndarray = np.array(self.classes)[best]
        return labels

    def predict_proba(self, images: Any) -> np.ndarray:
        """Give the probability of each class, float32 (N, classes).

        Images are what `autocnn.search` takes, resized to the network's size: an array
        (N, H, W) or (N, H, W, C), or a sequence of Pillow's images; or the path of an
        image file, or several. DataError if one cannot be read.
        """
        shares = [self._network.probabilities(batch) for batch in self._batches(images)]
        return np.concatenate(shares)

    def export(self, form: str, folder: str | Path) -> dict[str, Any]:
        """Write it in a format of `autocnn export`, checked; return its card."""
        from autocnn.choices import pick
        from autocnn.deliver.export.check import sample
        from autocnn.deliver.export.formats import FORMATS
        from autocnn.deliver.export.make import export

        pick(FORMATS, form, "format")
        checked = sample(self._network.card, None)
        return export(self._network, form, Path(folder), checked)

    @property
    def _shape(self) -> tuple[int, int, int]:
        wanted = self._network.card["preprocessing"]
        return wanted["height"], wanted["width"], wanted["channels"]

    def _batches(self, images: Any) -> Iterator[np.ndarray]:
        from autocnn.api.arrays import is_picture, pixels_of
        from autocnn.data.batches import EVALUATION_BATCH
        from autocnn.data.decode import fit_array, to_pixels

        if isinstance(images, str | Path):
            images = [images]
        if isinstance(images, list | tuple) and images:
            if all(isinstance(image, str | Path) for image in images):
                yield from self._files([str(image) for image in images])
                return
            if all(is_picture(image) for image in images):
                images = [to_pixels(image.copy(), *self._shape) for image in images]
        pixels = pixels_of(images)
        for start in range(0, len(pixels), EVALUATION_BATCH):
            yield fit_array(pixels[start : start + EVALUATION_BATCH], *self._shape)

    def _files(self, paths: Sequence[str]) -> Iterator[np.ndarray]:
        from autocnn.data.decoding import Shape
        from autocnn.data.streaming import decode_files

        for batch in decode_files(paths, Shape(*self._shape)):
            for problem in batch.failures.values():
                raise DataError(problem, hint="leave it out, or mend it")
            yield batch.pixels
