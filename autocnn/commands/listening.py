"""Options of commands that others can connect to."""

from collections.abc import Callable

import click

from autocnn.commands.options import Command


def listen_options(port: int, of: str = "") -> Callable[[Command], Command]:
    """Add --port, by default this one, and --host; `of` is the flag they belong to."""
    free, where = (f"Of {of}; ", f"Of {of}, where") if of else ("", "Where")

    def add(command: Command) -> Command:
        command = click.option(
            "--host",
            metavar="ADDRESS",
            default="127.0.0.1",
            show_default=True,
            help=f"{where} to listen; another one opens it to the network.",
        )(command)
        return click.option(
            "--port",
            type=click.IntRange(0, 65535),
            default=port,
            show_default=True,
            help=f"{free}0 takes any free one.",
        )(command)

    return add
