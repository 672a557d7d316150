"""How a range is written in a space file, and what is refused there."""

import math
from collections.abc import Mapping
from typing import Any

from autocnn.choices import FloatRange, IntRange, OneOf, Range, Scalar
from autocnn.errors import RequestError, did_you_mean
from autocnn.recipe import check_not_negative

MOST = 10_000
KEYS = ("min", "max", "log", "step", "default", "prior")


def parse_range(
    name: str, value: Any, likeness: Range | None, where: str
) -> tuple[Range, Scalar | None]:
    """Read one value, a list of choices, or a table with min and max.

    `likeness` is the range it replaces: a float range stays one when whole numbers
    are given, and where no ends are, they stay. Returns the range and where it starts,
    if that was given: its `prior`, or its `default`.
    """
    if isinstance(value, dict):
        start = value.get("prior", value.get("default"))
        return _from_table(name, value, likeness, where), start
    items = value if isinstance(value, list) else [value]
    if not items:
        raise RequestError(
            f"{where}: the range of {name} is empty", hint="list at least one value"
        )
    choices = tuple(check_value(name, item, where) for item in items)
    if len(set(choices)) < len(choices):
        raise RequestError(
            f"{where}: the choices of {name} repeat a value", hint="list each once"
        )
    return OneOf(choices), None


def read_prior(name: str, value: Any, choice: Range, where: str) -> Scalar | None:
    """Read the ``prior`` of a range: what is believed to be a good value."""
    if not isinstance(value, dict) or "prior" not in value:
        return None
    assert not isinstance(choice, OneOf)
    prior = value["prior"]
    number = isinstance(prior, int | float) and not isinstance(prior, bool)
    if not number or not choice.low <= prior <= choice.high:
        raise RequestError(
            f"{where}: the prior of {name} cannot be {prior!r}",
            hint=f"it is a value from {choice.low:g} to {choice.high:g}",
        )
    return float(prior) if isinstance(choice, FloatRange) else int(prior)


def single(choice: Range) -> Scalar | None:
    """Give the only value of a range that holds one; None if it holds more."""
    match choice:
        case FloatRange(low, high) | IntRange(low, high):
            return low if low == high else None
        case OneOf(choices):
            return choices[0] if len(choices) == 1 else None


def clip(value: Any, choice: Range) -> Scalar:
    """Bring a value into a range; what cannot be is replaced by the middle."""
    match choice:
        case OneOf(choices):
            return value if value in choices else choices[0]
        case FloatRange(low, high, log) | IntRange(low, high, log):
            if not isinstance(value, int | float):
                value = math.sqrt(low * high) if log else (low + high) / 2
            inside: float = min(max(value, low), high)
            if isinstance(choice, FloatRange):
                return inside
            steps = (choice.high - choice.low) // choice.step
            nearest = round((inside - choice.low) / choice.step)
            return choice.low + choice.step * min(steps, nearest)


def check_number(name: str, value: Scalar, likeness: Range | None, where: str) -> None:
    """Refuse a value that the parameter's network or training could not take."""
    wrong = ""
    match likeness:
        case IntRange() if type(value) is not int or not 1 <= value <= MOST:
            wrong = f"a whole number from 1 to {MOST}"
        case FloatRange() if isinstance(value, str | bool):
            wrong = "a number"
        case FloatRange(high=high) if high < 1 <= float(value):
            wrong = "a fraction below 1"
        case OneOf(choices) if type(value) is not type(choices[0]):
            wrong = f"of the kind of {choices[0]!r}"
        case _:
            pass
    if name == "kernel" and isinstance(value, int) and value % 2 == 0:
        wrong = "odd, so that maps keep their size"
    if wrong:
        raise RequestError(
            f"{where}: {name} = {value!r} cannot be", hint=f"it must be {wrong}"
        )


def range_to_dict(choice: Range) -> Any:
    """Write a range so that `parse_range` reads it back."""
    match choice:
        case OneOf(choices):
            return list(choices)
        case FloatRange(low, high, log):
            return {"min": float(low), "max": float(high), "log": log}
        case IntRange(low, high, log, step):
            return {"min": low, "max": high, "log": log, "step": step}


def check_value(name: str, value: Any, where: str) -> Any:
    """Let through what a parameter can be: text, a truth value, a number from 0."""
    if not isinstance(value, str | int | float | bool):
        raise RequestError(
            f"{where}: {name} = {value!r} is neither a number nor a name",
            hint="give a value, a list of values, or { min = ..., max = ... }",
        )
    if isinstance(value, int | float):
        check_not_negative(name, value, where)
    return value


def _from_table(
    name: str, table: Mapping[str, Any], likeness: Range | None, where: str
) -> Range:
    for key in table:
        if key not in KEYS:
            raise RequestError(
                f"{where}: a range has no '{key}' ({name})",
                hint=did_you_mean(key, KEYS),
            )
    if isinstance(likeness, FloatRange | IntRange) and not {"min", "max"} & set(table):
        table = {**range_to_dict(likeness), **table}
    if "min" not in table or "max" not in table:
        raise RequestError(
            f"{where}: the range of {name} lacks min or max",
            hint=f"write {name} = {{ min = 1, max = 4 }}",
        )
    low, high = (check_value(name, table[key], where) for key in ("min", "max"))
    log, step = bool(table.get("log", False)), table.get("step", 1)
    if type(step) is not int or step < 1 or (log and step > 1):
        raise RequestError(
            f"{where}: the step of {name} cannot be {step!r}",
            hint="it must be a whole number from 1 up, and 1 on a log scale",
        )
    if isinstance(low, str) or isinstance(high, str) or low > high:
        raise RequestError(
            f"{where}: the range of {name} is empty: {low} to {high}",
            hint="min must be a number no larger than max",
        )
    if log and low <= 0:
        raise RequestError(
            f"{where}: {name} cannot be drawn on a log scale from {low}",
            hint="let min be above 0, or drop log",
        )
    whole = isinstance(low, int) and isinstance(high, int)
    if whole and not isinstance(likeness, FloatRange):
        return IntRange(low, high, log, step)
    return FloatRange(float(low), float(high), log)
