"""From drawn values to a recipe: what a trial's parameters really build and train."""

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from autocnn.choices import Choice, OneOf, Range, Scalar, describe
from autocnn.data.augmentations import AUGMENTATIONS
from autocnn.errors import RequestError, did_you_mean
from autocnn.nets.activations import ACTIVATIONS
from autocnn.nets.initializations import INITIALIZATIONS
from autocnn.nets.net import summarize
from autocnn.recipe import ImageShape, Recipe, TrainSettings
from autocnn.search.parameters import max_stages
from autocnn.train.cost import work
from autocnn.train.optimizers import OPTIMIZERS
from autocnn.train.schedules import SCHEDULES

AUGMENTATION_CHOICES: Mapping[str, str] = {
    "flip": "flip",
    "shift": "shift 0.1",
    "cutout": "cutout 0.25",
    "rotate": "rotate 10",
    "jitter": "jitter 0.2",
}
LARGEST_FLAT_MAP = 4
NARROWEST = 8
EARLY = "early_max"
EMA_DECAY = 0.99
SETTABLE = {"learning_rate", "epochs", "ema_decay"}
"""What no parameter draws, but a space may set."""


KNOWN: Mapping[str, Collection[str]] = {
    "activation": ACTIVATIONS,
    "augmentation": {"none", *AUGMENTATIONS},
    "block": {"plain", "residual", "separable", "squeeze_excite"},
    "head": {"global_avg_pool", "global_max_pool", "dense"},
    "initialization": INITIALIZATIONS,
    "norm": {"batch_norm", "group_norm", "none"},
    "optimizer": OPTIMIZERS,
    "pooling": {"max", "avg", "stride", EARLY},
    "schedule": SCHEDULES,
    "stem": {"conv", "patch"},
}


def check_choices(name: str, choice: Range, where: str) -> None:
    """Refuse a name that stands in no table, before a trial meets it."""
    known = KNOWN.get(name)
    if known is None:
        return
    names = choice.choices if isinstance(choice, OneOf) else ()
    for text in names or (describe(choice),):
        for part in str(text).split("+"):
            word = Choice.parse(part).name
            if word not in known:
                raise RequestError(
                    f"{where}: there is no {name} called '{word}'",
                    hint=did_you_mean(word, sorted(known)),
                )


def to_recipe(
    values: Mapping[str, Any],
    shape: ImageShape,
    *,
    epochs: int,
    max_flops: int,
    most_flops: float = math.inf,
) -> Recipe:
    """Write out the network and the training that drawn values stand for.

    Inactive values leave no trace. A network dearer than `max_flops`, in FLOPs of a
    usual convolution, or of more than `most_flops` of its own, is made narrower until
    it is not.
    """
    width = int(values["width"])
    train = _train(values, epochs)
    while True:
        recipe = Recipe(
            layers=tuple(map(Choice.parse, _layers({**values, "width": width}, shape))),
            train=train,
            shape=shape,
        )
        summary = summarize(recipe, shape)
        cost = max(work(summary) / max_flops, summary.flops / most_flops)
        if cost <= 1 or width <= NARROWEST:
            return recipe
        # Cost grows about with the square of the width.
        width = max(NARROWEST, min(width - 8, 8 * int(width / cost**0.5 / 8 + 0.5)))


def _layers(values: Mapping[str, Any], shape: ImageShape) -> list[str]:
    side = min(shape.height, shape.width)
    if values["stem"] == "patch":
        side //= 2
    most, width = max_stages(side), values["width"]
    early = values["pooling"] == EARLY and most > 1
    layers = _stem(values, _eights(width / 2) if early else width)
    stages = min(values["stages"], most - early)
    for stage in range(stages):
        channels = _eights(width * values["width_growth"] ** stage)
        halves = stage > 0 or early
        for number in range(values["convs_per_stage"]):
            layers += _block(values, channels, halve=halves and number == 0)
        side = side // 2 if halves else side
        if values["conv_dropout"] > _NEGLIGIBLE:
            layers.append(f"dropout2d {values['conv_dropout']:.3g}")
    return layers + _head(values, side)


# Less than one value in a hundred: not worth a pass over the maps.
_NEGLIGIBLE = 0.01


def _stem(values: Mapping[str, Any], width: int) -> list[str]:
    if values["stem"] == "patch":
        first = f"conv {width} kernel=4 stride=2"
    else:
        first = f"conv {width} kernel={values['kernel']}"
    return _normalized(first, values)


def _block(values: Mapping[str, Any], width: int, *, halve: bool) -> list[str]:
    """One block, at half the size if asked: by a stride, or by pooling.

    That comes before it; or right after its convolution, which then is dearer, but
    sees more, and all that follows is done at half the size.
    """
    before: list[str] = []
    after: list[str] = []
    size, pooling = f"kernel={values['kernel']}", values["pooling"]
    if halve and pooling == "stride":
        size += " stride=2"
    elif halve and pooling == EARLY and values["block"] != "residual":
        after = ["max_pool 2"]
    elif halve:
        before = ["max_pool 2" if pooling == EARLY else f"{pooling}_pool 2"]
    match values["block"]:
        case "residual":
            norm, activation = values["norm"], values["activation"]
            return [
                *before,
                f"residual {width} {size} norm={norm} activation={activation}",
            ]
        case "separable":
            return before + _normalized(f"separable {width} {size}", values, after)
        case "squeeze_excite":
            body = _normalized(f"conv {width} {size}", values, after)
            return [*before, *body, "squeeze_excite 0.25"]
        case _:
            return before + _normalized(f"conv {width} {size}", values, after)


def _normalized(
    convolution: str, values: Mapping[str, Any], after: Sequence[str] = ()
) -> list[str]:
    """Write a convolution out with what follows it; `after` comes first."""
    if values["norm"] == "none":
        return [convolution, *after, values["activation"]]
    return [f"{convolution} bias=false", *after, values["norm"], values["activation"]]


def _head(values: Mapping[str, Any], side: int) -> list[str]:
    layers: list[str] = []
    if values["head"] == "dense":
        if side > LARGEST_FLAT_MAP:
            layers.append(f"max_pool {side // LARGEST_FLAT_MAP}")
        layers += ["flatten", f"dense {values['dense_units']}", values["activation"]]
    else:
        layers.append(values["head"])
    if values["dense_dropout"] > _NEGLIGIBLE:
        layers.append(f"dropout {values['dense_dropout']:.3g}")
    return layers


def _train(values: Mapping[str, Any], epochs: int) -> TrainSettings:
    row = OPTIMIZERS[values["optimizer"]]
    settings: dict[str, Any] = {
        "optimizer": values["optimizer"],
        "learning_rate": _short(row.learning_rate * values["learning_rate_factor"]),
        "momentum": _short(values["momentum"]) if row.momentum else None,
        "weight_decay": _short(values["weight_decay"]),
        "schedule": Choice.parse(values["schedule"]),
        "batch_size": values["batch_size"],
        "epochs": epochs,
        "label_smoothing": _short(values["label_smoothing"]),
        "ema_decay": EMA_DECAY,
        "augmentation": _augmentation(values["augmentation"]),
    }
    return TrainSettings(**settings | _named_in_recipe(values, settings))


def _named_in_recipe(
    values: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Let a space set what the table does not draw: epochs, learning_rate, ..."""
    names = {field.name for field in dataclasses.fields(TrainSettings)}
    return {
        name: value
        for name, value in values.items()
        if name in names and (name not in settings or name in SETTABLE)
    }


def _augmentation(names: Scalar) -> tuple[Choice, ...]:
    """``flip+shift`` to its choices; a name with arguments stands for itself."""
    return tuple(
        Choice.parse(AUGMENTATION_CHOICES.get(name, name))
        for name in str(names).split("+")
        if name != "none"
    )


def _eights(width: float) -> int:
    """Round to a multiple of 8, which vector units like."""
    return max(8, 8 * round(width / 8))


def _short(value: float) -> float:
    """Keep three digits: nobody reads, or needs, more of a drawn rate."""
    return float(f"{value:.3g}")
