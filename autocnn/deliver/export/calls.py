"""Modules and functions as the calls that a person would write."""

import inspect
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from autocnn.choices import Choice

WIDTH = 88
"""Of a line, at most."""
PLACES = ("device", "dtype")
"""Arguments that a module does not keep: it may be moved."""


@dataclass(frozen=True, slots=True)
class Call:
    """A name and its arguments; without a name, a tuple."""

    name: str
    arguments: tuple[tuple[str, "str | Call"], ...]
    """Keyword, or empty, and value."""

    def __str__(self) -> str:
        inside = ", ".join(_before(word) + str(value) for word, value in self.arguments)
        alone = not self.name and len(self.arguments) == 1
        return f"{self.name}({inside}{',' if alone else ''})"


def call_of(module: nn.Module) -> Call:
    """Say how a module is made: ``nn.Conv2d(3, 32, 3, padding=1)``.

    It must keep its arguments under their names, as PyTorch's do; what is as it is by
    default is left out.
    """
    kind = type(module)
    if kind is nn.Sequential:
        return Call("nn.Sequential", tuple(("", call_of(x)) for x in module.children()))
    name = kind.__name__ if _is_ours(kind) else f"nn.{kind.__name__}"
    return Call(name, tuple(_given(module)))


def classes_of(net: nn.Module) -> list[type[nn.Module]]:
    """List the classes that a network needs besides PyTorch's, each once."""
    kinds = dict.fromkeys(type(module) for module in net.modules())
    return [kind for kind in kinds if _is_ours(kind)]


def call(name: str, leading: Iterable[str], choice: Choice) -> Call:
    """Call a function, after what it takes first, with a choice's arguments."""
    return Call(
        name,
        (
            *(("", word) for word in leading),
            *(("", literal(value)) for value in choice.arguments),
            *((word, literal(value)) for word, value in choice.options),
        ),
    )


def tuple_of(values: Iterable[Any]) -> Call:
    """Write a tuple of plain values."""
    return Call("", tuple(("", literal(value)) for value in values))


def literal(value: Any) -> str:
    """Write a plain value, a string in double quotes."""
    return (
        json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    )


def written(value: str | Call, indent: int, before: str = "", after: str = "") -> str:
    """Write a call on one line or, where that is too long, an argument a line."""
    margin = " " * indent
    line = f"{margin}{before}{value}{after}"
    if len(line) <= WIDTH or isinstance(value, str):
        return line
    inside = [
        written(argument, indent + 4, _before(word), ",")
        for word, argument in value.arguments
    ]
    return "\n".join([f"{margin}{before}{value.name}(", *inside, f"{margin}){after}"])


def _is_ours(kind: type[nn.Module]) -> bool:
    return not kind.__module__.startswith("torch.")


def _before(word: str) -> str:
    return f"{word}=" if word else ""


def _given(module: nn.Module) -> Iterator[tuple[str, "str | Call"]]:
    """Go through the arguments that a module was made with, but for the usual ones."""
    for name, parameter in inspect.signature(type(module)).parameters.items():
        anything = (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if name in PLACES or parameter.kind in anything:
            continue
        value, usual = _said(module, name), parameter.default
        if name == "stride" and usual is None:
            usual = _said(module, "kernel_size")  # the stride of pools
        if value == usual:
            continue
        first = usual is parameter.empty and parameter.kind != parameter.KEYWORD_ONLY
        yield (
            "" if first else name,
            value if isinstance(value, Call) else literal(value),
        )


def _said(module: nn.Module, name: str) -> Any:
    """Bring what a module keeps to what was said: (3, 3) was 3, a bias was True."""
    value = getattr(module, name)
    if name == "bias":
        return value is not None
    if isinstance(value, nn.Module):
        return call_of(value)
    if isinstance(value, tuple) and len(value) == 2 and value[0] == value[1]:
        return value[0]
    return value
