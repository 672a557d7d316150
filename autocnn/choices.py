"""Ranges, names and their arguments: the small words of recipes and spaces."""

import contextlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from autocnn.errors import RequestError, did_you_mean

Scalar = str | int | float | bool
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class FloatRange:
    """Real numbers from low to high, both included."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class IntRange:
    """Whole numbers from low to high, both included."""

    low: int
    high: int
    log: bool = False
    step: int = 1


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of the listed values."""

    choices: tuple[Scalar, ...]


Range = FloatRange | IntRange | OneOf


def pick(table: Mapping[str, Row], name: str, kind: str) -> Row:
    """Look a name up in a table; an unknown one is a RequestError with the nearest."""
    try:
        return table[name]
    except KeyError:
        raise RequestError(
            f"there is no {kind} called '{name}'", hint=did_you_mean(name, table)
        ) from None


def size(choice: Range) -> float:
    """Count the values a range holds; infinity for real numbers."""
    match choice:
        case FloatRange(low, high):
            return 1 if low == high else float("inf")
        case IntRange(low, high, log, step):
            return high - low + 1 if log else (high - low) // step + 1
        case OneOf(choices):
            return len(choices)


def describe(choice: Range) -> str:
    """Write a range as a person would: ``16 to 64 (log)`` or ``relu, gelu``."""
    match choice:
        case FloatRange(low, high, log):
            return f"{low:g} to {high:g}" + (" (log)" if log else "")
        case IntRange(low, high, log, step):
            steps = f" in steps of {step}" if step > 1 else ""
            return f"{low} to {high}{steps}" + (" (log)" if log else "")
        case OneOf(choices):
            return ", ".join(str(choice) for choice in choices)


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of a table with its arguments: what ``conv 32 valid stride=2`` says."""

    name: str
    arguments: tuple[Scalar, ...] = ()
    options: tuple[tuple[str, Scalar], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Choice":
        """Read ``NAME [ARGUMENT ...] [KEY=VALUE ...]``; RequestError if it is not."""
        words = text.split()
        if not words:
            raise RequestError("an empty line names nothing", hint="remove it")
        named = [word.partition("=") for word in words[1:] if "=" in word]
        return cls(
            words[0],
            tuple(_scalar(word) for word in words[1:] if "=" not in word),
            tuple((key, _scalar(value)) for key, _, value in named),
        )

    def __str__(self) -> str:
        words = [self.name, *map(_text, self.arguments)]
        return " ".join(
            words + [f"{key}={_text(value)}" for key, value in self.options]
        )

    def bind(
        self, function: Callable[..., object], *leading: object
    ) -> inspect.BoundArguments:
        """Fit the arguments to a function that takes `leading` first.

        RequestError if one is missing, unknown or too many.
        """
        signature = inspect.signature(function)
        try:
            return signature.bind(*leading, *self.arguments, **dict(self.options))
        except TypeError as error:
            names = list(signature.parameters.values())[len(leading) :]
            usage = " ".join([self.name, *(_usage(name) for name in names)])
            raise RequestError(
                f"'{self}' does not fit: {error}", hint=f"write it as: {usage}"
            ) from None


def _scalar(word: str) -> Scalar:
    if word in {"true", "false"}:
        return word == "true"
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(word)
    return word


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _usage(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name.upper()
    return f"[{parameter.name}={_text(parameter.default)}]"
