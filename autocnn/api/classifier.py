"""A search as an estimator of scikit-learn."""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from math import ceil, isqrt
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from autocnn.data.images import Pixels
from autocnn.errors import DataError, RequestError
from autocnn.events import Emit

FILES = ("card.json", "recipe.toml", "model.safetensors")
SMALLEST_SIDE = 8
"""Smaller images are laid on black."""
BATCH = 512
WHOLE, FRACTIONS = "whole numbers", "fractions"
OPTIONS = (
    "trials", "timeout", "epochs", "space", "sampler", "pruner", "patience", "final",
    "max_params", "jobs", "device", "image_size",
)  # fmt: skip
"""Parameters that are those of autocnn.search."""


class AutoCNNClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Search for the best convolutional network for labeled images, and be it.

    Images are (N, H, W), (N, H, W, C), or flat (N, features): these are folded into
    `image_shape`, or if it is None into squares, gray or else of three colors, if that
    comes out even, and else padded with zeros to gray squares.

    Bytes (uint8) are taken as they are. Other numbers are scaled: the lowest of all
    that `fit` was given becomes black, the highest white; what lies beyond them in
    `predict` is cut off there.

    `fit` sets test images aside, as every search does, and never looks at them: about a
    seventh of them; and each class needs three different images.

    Args:
        image_shape: (H, W) or (H, W, C) of flat rows.
        studies: A folder in which every search leaves its study; None: nothing is left.
        progress: As in autocnn.search.
        random_state: A whole number is the search's seed.
        trials, timeout, epochs, space, sampler, pruner, patience, final, max_params,
        jobs, device, image_size: As in autocnn.search.

    Attributes:
        classes_: The labels, sorted.
        n_features_in_: Of flat rows their length, else the height.
        image_shape_: (H, W, C) of the images as `fit` saw them.
        scale_: What became black, and what white.
        values_: Of what kind those were: whole numbers, fractions, or just numbers.
        card_: What the network is: scores, preprocessing, versions.
        leaderboard_: The trials, best first, as plain values.
        files_: The network's files, by name: weights are bytes of safetensors.
    """

    def __init__(
        self,
        trials: int | str | None = 20,
        *,
        timeout: float | str | None = None,
        epochs: int | None = None,
        space: str | Path | Mapping[str, Any] | None = None,
        sampler: str | None = None,
        pruner: str | None = None,
        patience: int | Literal["auto"] | None = None,
        final: bool | None = None,
        max_params: float | str | None = None,
        jobs: int | Literal["auto"] = "auto",
        device: str = "auto",
        image_size: int | None = None,
        image_shape: tuple[int, ...] | None = None,
        studies: str | Path | None = None,
        progress: bool | Emit = False,
        random_state: Any = None,
    ) -> None:
        self.trials = trials
        self.timeout = timeout
        self.epochs = epochs
        self.space = space
        self.sampler = sampler
        self.pruner = pruner
        self.patience = patience
        self.final = final
        self.max_params = max_params
        self.jobs = jobs
        self.device = device
        self.image_size = image_size
        self.image_shape = image_shape
        self.studies = studies
        self.progress = progress
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Search with images X and labels y; ValueError if they cannot be used."""
        X, y = validate_data(self, X, y, allow_nd=True, ensure_min_samples=2)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        images = self._images(X)
        self.image_shape_ = images.shape[1:]
        black, white = (0, 255) if X.dtype == np.uint8 else (X.min(), X.max())
        self.scale_ = (float(black), float(white))
        self.values_ = _values(X)
        with _value_errors():
            self._search(self._pixels(images), y)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Label images."""
        best = self.predict_proba(X).argmax(axis=1)
        labels: np.ndarray = self.classes_[best]
        return labels

    def predict_proba(self, X: Any) -> np.ndarray:
        """Give the probability of each class, in the order of classes_."""
        from autocnn.api.arrays import named
        from autocnn.data.decode import fit_array

        check_is_fitted(self)
        X = validate_data(self, X, allow_nd=True, reset=False)
        self._check_scale(X)
        images = self._images(X)
        if images.shape[1:] != self.image_shape_:
            raise ValueError(
                f"X has images of {images.shape[1:]}, but AutoCNNClassifier is "
                f"expecting {self.image_shape_} as input"
            )
        wanted = self.card_["preprocessing"]
        shape = (wanted["height"], wanted["width"], wanted["channels"])
        pixels = fit_array(self._pixels(images), *shape)
        shares = np.concatenate(
            [
                self._network.probabilities(pixels[start : start + BATCH])
                for start in range(0, len(pixels), BATCH)
            ]
        ).astype(np.float64)
        names, _ = named(self.classes_)
        columns = [self.card_["classes"].index(name) for name in names]
        shares = shares[:, columns]
        shares /= shares.sum(axis=1, keepdims=True)
        return shares

    def _check_scale(self, X: np.ndarray) -> None:
        """Refuse bytes where `fit` was given fractions, and the reverse."""
        given = _values(X)
        if {given, self.values_} == {WHOLE, FRACTIONS}:
            black, white = self.scale_
            raise ValueError(
                f"X has {given} from {X.min():g} to {X.max():g}, but AutoCNNClassifier "
                f"was fitted with {self.values_} from {black:g} to {white:g}: scale X "
                "as they were"
            )

    def _search(self, pixels: Pixels, y: np.ndarray) -> None:
        """Search, and keep the network itself, not the files that a search leaves."""
        from autocnn.api.search import start

        seed = self.random_state
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(2**31 - 1)
        asked = {name: getattr(self, name) for name in OPTIONS} | {"seed": seed}
        with tempfile.TemporaryDirectory(
            prefix="autocnn-", ignore_cleanup_errors=True
        ) as name:
            home, cache = Path(self.studies or name), None
            if self.studies is None:
                cache = home / "cache"
            asked |= {"studies": home, "storage": home / "autocnn.db", "new": True}
            study = start((pixels, y), asked, progress=self.progress, cache_dir=cache)
            best = study.folder / "best"
            self.files_ = {file: (best / file).read_bytes() for file in FILES}
            self.leaderboard_ = study.rows
        self.card_ = json.loads(self.files_["card.json"])
        self._open()

    def _open(self) -> None:
        """Build the network from its files, on the device if this machine has it."""
        from autocnn import device as devices
        from autocnn.deliver.predict import load

        try:
            device = devices.pick_device(self.device)
        except RequestError:
            device = devices.pick_device()
        with tempfile.TemporaryDirectory(prefix="autocnn-") as name:
            for file, content in self.files_.items():
                (Path(name) / file).write_bytes(content)
            self._network = load(Path(name), device)

    def _images(self, X: np.ndarray) -> np.ndarray:
        """Fold flat rows into images; all as (N, H, W, C)."""
        if X.ndim == 2:
            count, features = X.shape
            shape = self.image_shape or _squares(features)
            if len(shape) not in (2, 3):
                raise ValueError(f"image_shape is (H, W) or (H, W, C), not {shape}")
            room = int(np.prod(shape))
            if self.image_shape is not None and room != features:
                raise ValueError(
                    f"X has {features} features, and images of {shape} have {room}"
                )
            X = np.pad(X, ((0, 0), (0, room - features))).reshape(count, *shape)
        if X.ndim == 3:
            X = X[..., None]
        if X.ndim != 4 or X.shape[3] not in (1, 3, 4):
            raise ValueError(
                f"X has shape {X.shape}; images are (N, H, W), (N, H, W, 1, 3 or 4) or "
                "flat (N, features)"
            )
        return X

    def _pixels(self, images: np.ndarray) -> Pixels:
        """Scale numbers to bytes, and lay small images on black."""
        black, white = self.scale_
        if images.dtype != np.uint8 or (black, white) != (0.0, 255.0):
            span = (white - black) or 1.0
            images = (images.astype(np.float64) - black) * (255 / span)
        height, width = (max(0, SMALLEST_SIDE - side) for side in images.shape[1:3])
        padding = ((0, 0), (0, height), (0, width), (0, 0))
        pixels: Pixels = np.rint(images).clip(0, 255).astype(np.uint8)
        return np.pad(pixels, padding)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_network"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "files_"):
            self._open()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


@contextlib.contextmanager
def _value_errors() -> Iterator[None]:
    """Raise what is wrong with parameters and data as scikit-learn does."""
    try:
        yield
    except (DataError, RequestError) as error:
        raise ValueError(str(error)) from error


def _values(X: np.ndarray) -> str:
    """Say of what kind numbers are, as far as that tells what they stand for."""
    whole = X.dtype.kind in "biu" or bool((np.rint(X) == X).all())
    if X.min() < 0 or (whole and X.max() <= 1):
        return "numbers"
    if whole:
        return WHOLE
    return FRACTIONS if X.max() <= 1 else "numbers"


def _squares(features: int) -> tuple[int, ...]:
    """Say which square images rows of so many numbers make."""
    if isqrt(features) ** 2 == features:
        return isqrt(features), isqrt(features)
    if features % 3 == 0 and isqrt(features // 3) ** 2 == features // 3:
        return isqrt(features // 3), isqrt(features // 3), 3
    side = ceil(features**0.5)
    return side, side
