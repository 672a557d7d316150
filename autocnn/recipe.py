"""A recipe: a network and how to train it, written out in full as plain data."""

import dataclasses
import errno
import hashlib
import json
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import tomli_w

from autocnn.choices import Choice, Scalar
from autocnn.durable import is_pipe
from autocnn.errors import RequestError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageShape:
    """The images a network takes and the classes it tells apart."""

    height: int
    width: int
    channels: int
    classes: int

    def __str__(self) -> str:
        return f"{self.height}x{self.width}x{self.channels}, {self.classes} classes"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """How a network learns. Everything that changes its weights is here."""

    optimizer: str = "sgd"
    learning_rate: float = 0.05
    momentum: float | None = None
    """None: the optimizer's own default."""
    weight_decay: float = 0.0
    epsilon: float | None = None
    """The optimizer's stabilizer; None: its own default."""
    schedule: Choice = Choice("constant")
    batch_size: int = 128
    epochs: int = 10
    label_smoothing: float = 0.0
    ema_decay: float = 0.0
    """Of a step, for the weights' moving average, which is what is scored and kept;
    0: they are themselves."""
    augmentation: tuple[Choice, ...] = ()
    initialization: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A network, layer by layer, and its training."""

    layers: tuple[Choice, ...]
    """The classifier's last dense layer is not listed: it follows from the data."""
    train: TrainSettings
    shape: ImageShape | None = None
    """What the recipe was written for; None: whatever the data are."""

    @property
    def key(self) -> str:
        """What is really built and trained, as 16 hex digits."""
        text = json.dumps(to_dict(dataclasses.replace(self, shape=None)))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """Write a recipe as plain values: what TOML and JSON can hold, no None."""
    train = {
        field.name: _plain(getattr(recipe.train, field.name))
        for field in dataclasses.fields(TrainSettings)
        if getattr(recipe.train, field.name) is not None
    }
    document = {"layers": [str(layer) for layer in recipe.layers], "train": train}
    if recipe.shape is not None:
        document["input"] = dataclasses.asdict(recipe.shape)
    return document


def from_dict(document: dict[str, Any], *, where: str = "the recipe") -> Recipe:
    """Read a recipe; RequestError names the key that is wrong and where it stands."""
    _refuse_unknown(document, {"layers", "train", "input"}, where)
    layers = document.get("layers")
    if not isinstance(layers, list) or not all(isinstance(x, str) for x in layers):
        raise RequestError(
            f"{where} has no list of layers",
            hint='write one as: layers = ["conv 32", "relu", "max_pool 2", "flatten"]',
        )
    train = {
        name: check_setting(name, value, where)
        for name, value in _table(document, "train", where).items()
    }
    shape = _table(document, "input", where)
    return Recipe(
        layers=tuple(Choice.parse(layer) for layer in layers),
        train=TrainSettings(**train),
        shape=_shape(shape, where) if shape else None,
    )


def read(path: Path) -> Recipe:
    """Read a recipe from a TOML file."""
    return from_dict(read_toml(path), where=str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; RequestError if it is missing or malformed."""
    try:
        if is_pipe(path):
            raise OSError(errno.EINVAL, "it is a pipe or a device")  # noqa: TRY301
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestError(
            f"cannot read {path}: {error.strerror}", hint="check the path"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(
            f"{path} is not TOML: {error}", hint="mend that line and try again"
        ) from None


def loads(text: str) -> Recipe:
    """Read a recipe from TOML text that `dumps` wrote."""
    return from_dict(tomllib.loads(text))


def dumps(recipe: Recipe) -> str:
    """Write a recipe as TOML, one layer a line."""
    return tomli_w.dumps(to_dict(recipe))


TRAIN_TYPES: dict[str, Any] = get_type_hints(TrainSettings)


def _plain(value: Any) -> Any:
    if isinstance(value, Choice):
        return str(value)
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return value


def _table(document: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise RequestError(f"{where}: '{name}' is not a table", hint=f"write [{name}]")
    return table


def _refuse_unknown(table: dict[str, Any], known: set[str], where: str) -> None:
    for name in table:
        if name not in known:
            raise RequestError(
                f"{where} has no use for '{name}'", hint=did_you_mean(name, known)
            )


def _shape(table: dict[str, Any], where: str) -> ImageShape:
    names = {field.name for field in dataclasses.fields(ImageShape)}
    _refuse_unknown(table, names, f"{where}: [input]")
    if set(table) != names or not all(
        isinstance(value, int) and value >= 1 for value in table.values()
    ):
        raise RequestError(
            f"{where}: [input] is incomplete",
            hint="give height, width, channels and classes as whole numbers from 1",
        )
    return ImageShape(**table)


POSITIVE = {"learning_rate", "epsilon", "batch_size", "epochs"}
FRACTIONS = {"momentum", "label_smoothing", "ema_decay"}


def check_setting(name: str, value: Any, where: str) -> Any:
    """Check one training setting and give it its Python type."""
    if name not in TRAIN_TYPES:
        raise RequestError(
            f"{where}: [train] has no use for '{name}'",
            hint=did_you_mean(name, TRAIN_TYPES),
        )
    kind = TRAIN_TYPES[name]
    if kind is Choice and isinstance(value, str):
        return Choice.parse(value)
    if name == "augmentation" and isinstance(value, list):
        return tuple(Choice.parse(str(item)) for item in value)
    kinds = get_args(kind) or (kind,)
    if float in kinds and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) not in kinds:
        expected = kinds[0].__name__ if kinds[0] is not Choice else "str"
        raise RequestError(
            f"{where}: [train] {name} = {value!r} is of the wrong kind",
            hint=f"it takes a value of type {expected}",
        )
    _check_range(name, value, where)
    return value


def _check_range(name: str, value: Scalar, where: str) -> None:
    if not isinstance(value, int | float):
        return
    if name in POSITIVE and value <= 0:
        raise RequestError(
            f"{where}: {name} = {value} must be above 0", hint="raise it"
        )
    if name in FRACTIONS and not 0 <= value < 1:
        raise RequestError(
            f"{where}: {name} = {value} is out of range",
            hint="it goes from 0 to below 1",
        )
    check_not_negative(name, value, where)


def check_not_negative(name: str, value: float, where: str) -> None:
    """Refuse a number below 0, and one that is not finite."""
    if not 0 <= value < math.inf:
        raise RequestError(
            f"{where}: {name} = {value} is out of range",
            hint="it is 0 or more, and finite",
        )
