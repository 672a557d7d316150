"""A space: a recipe with ranges. A sampler draws from it; a file may change it."""

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna

from autocnn import recipe as recipes
from autocnn.choices import FloatRange, IntRange, OneOf, Range, Scalar
from autocnn.errors import RequestError, did_you_mean
from autocnn.recipe import ImageShape, Recipe
from autocnn.search import compile as compiler
from autocnn.search import parameters
from autocnn.search.ranges import (
    check_number,
    check_value,
    clip,
    parse_range,
    range_to_dict,
    read_prior,
    single,
)

FLOPS = FloatRange(0.0, float("inf"))
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Everything a study's trials may differ in, and what they all share."""

    ranges: Mapping[str, Range]
    """What is drawn, in this order."""
    fixed: Mapping[str, Scalar]
    """What is set once for all trials."""
    defaults: Mapping[str, Scalar]
    """The first trial: a known good start, within the ranges."""
    template: str | None = None
    """A recipe (as JSON) with ``{placeholders}``; None: networks by PARAMETERS."""
    priors: Mapping[str, Scalar] = field(default_factory=dict)
    """What a person believes to be good: the first trials lie around it."""
    max_flops: int = 0
    """What an image may cost, by train.cost.work, for networks by PARAMETERS."""


def default_space(shape: ImageShape, *, accelerated: bool) -> Space:
    """The space for images of this shape on this kind of device."""
    return adjusted({}, shape, accelerated=accelerated, where="the default space")


def read_space(path: Path, shape: ImageShape, *, accelerated: bool) -> Space:
    """Read a space from a TOML file; RequestError names the file and the key.

    With ``recipe = "FILE"`` (or layers of its own) the space is that recipe with
    ranges; without, it is the default space, narrowed, fixed or extended.
    """
    document = recipes.read_toml(path)
    changes = document.pop("space", {})
    if not isinstance(changes, dict):
        raise RequestError(
            f"{path}: 'space' is not a table", hint="write it as [space]"
        )
    if "recipe" in document:
        base = recipes.read_toml(path.parent / str(document.pop("recipe")))
        train = base.get("train", {}) | document.pop("train", {})
        document = base | {"train": train} | document
    if "layers" in document:
        return _from_template(document, changes, where=str(path))
    if "max_flops" in document:
        changes["max_flops"] = document.pop("max_flops")
    for name in document:
        raise RequestError(
            f"{path} has no use for '{name}'",
            hint=did_you_mean(
                name, ("space", "recipe", "layers", "train", "max_flops")
            ),
        )
    return adjusted(changes, shape, accelerated=accelerated, where=str(path))


def declared_shape(path: Path) -> ImageShape | None:
    """Say which images a recipe or space file was written for, if it does."""
    document = recipes.read_toml(path)
    if "recipe" in document:
        return declared_shape(path.parent / str(document["recipe"]))
    if "input" not in document:
        return None
    return recipes.from_dict({"layers": [], "input": document["input"]}).shape


def adjusted(
    changes: Mapping[str, Any], shape: ImageShape, *, accelerated: bool, where: str
) -> Space:
    """Change the default space: a range, a list of choices or one value a name."""
    table = parameters.suited_to(shape, accelerated=accelerated)
    ranges = {name: parameter.range for name, parameter in table.items()}
    defaults = {name: parameter.default for name, parameter in table.items()}
    flops = parameters.max_flops(shape, accelerated=accelerated)
    fixed: dict[str, Scalar] = {}
    priors: dict[str, Scalar] = {}
    for name, change in changes.items():
        if name == "max_flops":
            check_number(name, check_value(name, change, where), FLOPS, where)
            flops = int(change)
            continue
        _refuse_unknown(name, list({**table, **recipes.TRAIN_TYPES}), where)
        likeness = table[name].range if name in table else None
        ranges[name], start = parse_range(name, change, likeness, where)
        if start is not None:
            defaults[name] = start
        if (prior := read_prior(name, change, ranges[name], where)) is not None:
            priors[name] = prior
        compiler.check_choices(name, ranges[name], where)
        _check_ends(name, ranges[name], likeness, where)
    for name, choice in list(ranges.items()):
        if (value := single(choice)) is not None:
            fixed[name] = value
            del ranges[name]
    return Space(
        ranges=ranges,
        fixed=fixed,
        defaults={name: clip(defaults.get(name), ranges[name]) for name in ranges},
        priors=priors,
        max_flops=flops,
    )


def _from_template(
    document: dict[str, Any], changes: Mapping[str, Any], where: str
) -> Space:
    text = json.dumps(document)
    names = set(PLACEHOLDER.findall(text))
    ranges: dict[str, Range] = {}
    defaults: dict[str, Scalar] = {}
    priors: dict[str, Scalar] = {}
    for name, change in changes.items():
        _refuse_unknown(name, [*sorted(names), *recipes.TRAIN_TYPES], where)
        ranges[name], start = parse_range(name, change, None, where)
        if (prior := read_prior(name, change, ranges[name], where)) is not None:
            priors[name] = prior
        _check_ends(name, ranges[name], None, where)
        own = document.get("train", {}).get(name, start)
        defaults[name] = start if start is not None else own
    for name in sorted(names - set(changes)):
        raise RequestError(
            f"{where} uses {{{name}}} but gives it no range",
            hint=f"add under [space]: {name} = [0.1, 0.2]",
        )
    space = Space(
        ranges=ranges,
        fixed={},
        defaults={name: clip(defaults[name], ranges[name]) for name in ranges},
        template=text,
        priors=priors,
    )
    _fill(space, space.defaults, epochs=1, where=where)
    return space


def draw(space: Space, trial: optuna.trial.Trial) -> dict[str, Scalar]:
    """Let the study's sampler draw every value there is, always in the same order."""
    values: dict[str, Scalar] = {}
    for name, choice in space.ranges.items():
        match choice:
            case FloatRange(low, high, log):
                values[name] = trial.suggest_float(name, low, high, log=log)
            case IntRange(low, high, log, step):
                values[name] = trial.suggest_int(name, low, high, step=step, log=log)
            case OneOf(choices):
                drawn = trial.suggest_categorical(name, choices)
                assert drawn is not None
                values[name] = drawn
    return values


def to_recipe(
    space: Space,
    values: Mapping[str, Any],
    shape: ImageShape,
    *,
    epochs: int,
    most_flops: float = math.inf,
) -> Recipe:
    """Write out the recipe that drawn values stand for.

    Networks by PARAMETERS are made narrower to keep `most_flops`, if they can be.
    """
    if space.template is not None:
        recipe = _fill(space, values, epochs=epochs, where="the space")
        return dataclasses.replace(recipe, shape=shape)
    return compiler.to_recipe(
        {**space.fixed, **values},
        shape,
        epochs=epochs,
        max_flops=space.max_flops,
        most_flops=most_flops,
    )


def most_epochs(space: Space, epochs: int) -> int:
    """Say how long the longest trial is; `epochs` if the space does not say."""
    drawn = space.ranges.get("epochs")
    match drawn:
        case OneOf(choices):
            return max(int(choice) for choice in choices)
        case IntRange() | FloatRange():
            return int(drawn.high)
        case None:
            train = json.loads(space.template or "{}").get("train", {})
            return int(space.fixed.get("epochs", train.get("epochs", epochs)))


def to_dict(space: Space) -> dict[str, Any]:
    """Write a space as plain values, for the study that keeps it."""
    return {
        "ranges": {
            name: range_to_dict(choice) for name, choice in space.ranges.items()
        },
        "fixed": dict(space.fixed),
        "defaults": dict(space.defaults),
        "template": space.template,
        "priors": dict(space.priors),
        "max_flops": space.max_flops,
    }


def from_dict(document: Mapping[str, Any]) -> Space:
    """Read a space that a study keeps."""
    return Space(
        ranges={
            name: parse_range(name, choice, None, "the study's space")[0]
            for name, choice in document["ranges"].items()
        },
        fixed=document["fixed"],
        defaults=document["defaults"],
        template=document["template"],
        priors=document.get("priors", {}),
        max_flops=document["max_flops"],
    )


def _check_ends(name: str, choice: Range, likeness: Range | None, where: str) -> None:
    """Refuse values that no trial could use; a range is as good as its two ends."""
    ends = choice.choices if isinstance(choice, OneOf) else (choice.low, choice.high)
    for value in ends:
        check_number(name, value, likeness, where)
        if name in recipes.TRAIN_TYPES and name not in compiler.KNOWN:
            recipes.check_setting(name, value, where)


def _fill(
    space: Space, values: Mapping[str, Any], *, epochs: int, where: str
) -> Recipe:
    """Put values into the template's placeholders and its training settings."""
    assert space.template is not None
    text = PLACEHOLDER.sub(lambda found: str(values[found[1]]), space.template)
    document = json.loads(text)
    train = document.get("train", {})
    train.setdefault("epochs", epochs)
    train |= {name: values[name] for name in values if name in recipes.TRAIN_TYPES}
    return recipes.from_dict({**document, "train": train}, where=where)


def _refuse_unknown(name: str, known: list[str], where: str) -> None:
    if name not in known:
        raise RequestError(
            f"{where}: there is no parameter called '{name}'",
            hint=did_you_mean(name, known),
        )
