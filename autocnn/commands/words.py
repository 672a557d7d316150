"""The words that commands take and say: options by their names, lines for a person."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

import click

from autocnn.errors import RequestError
from autocnn.names import printable


def say(text: str, *, err: bool = False) -> None:
    """Write a line; what a name in it would do to a terminal is written out."""
    click.echo(printable(text), err=err)  # noqa: TID251 - here it belongs


def mute(stream: TextIO) -> None:
    """Write nothing there any more: what is left would change the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def read(command: click.Command, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read options as if they had been typed; RequestError says what is wrong.

    What is not given, or None, is what it is on the command line.
    """
    words: list[str] = []
    arguments: list[str] = []
    for parameter in command.params:
        value = given.get(parameter.name or "")
        if value is None:
            continue
        if isinstance(parameter, click.Argument):
            arguments.append(str(value))
        else:
            words += _option(parameter, value)
    name = command.name or ""
    try:
        with command.make_context(name, [*words, "--", *arguments]) as context:
            return context.params
    except click.ClickException as error:
        hint = f"see autocnn {name} --help: options have the same names and values"
        raise RequestError(sentence(error), hint=hint) from None


def sentence(error: click.ClickException) -> str:
    """Write click's message as ours are written: no capital, no full stop."""
    text = error.format_message().rstrip(".")
    return text[:1].lower() + text[1:]


def _option(option: click.Parameter, value: Any) -> Iterator[str]:
    long = next(name for name in option.opts if name.startswith("--"))
    if not getattr(option, "is_flag", False):
        yield f"{long}={value}"
    elif value:
        yield long
    elif option.secondary_opts:
        yield option.secondary_opts[0]
