"""Ranges a value can be drawn from, and how a name is looked up in a table."""

from collections.abc import Mapping
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
