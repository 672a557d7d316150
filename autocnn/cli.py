"""The command line: which commands there are, and how an error is told."""

import gc
import importlib
import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from autocnn import __version__
from autocnn.commands.words import mute, say, sentence
from autocnn.durable import FULL
from autocnn.errors import AutocnnError, RequestError, UnavailableError, did_you_mean
from autocnn.variables import PATIENCE_OF_THREADS, environment

COMMANDS: Mapping[str, str] = {
    "search": "Search for the best network for your images.",
    "watch": "Watch a study live on the terminal, and steer it.",
    "replay": "Play a recorded study through the same screens.",
    "leaderboard": "Rank a study's trials.",
    "show": "Show a trial or a recipe file: layers, shapes, parameters.",
    "studies": "List the studies in a storage.",
    "train": "Train one recipe: a trial or a file.",
    "reproduce": "Train a trial again, and compare.",
    "ensemble": "Put networks of a study together, and say what that gains.",
    "evaluate": "Score a network on labeled images: classes, confusions, calibration.",
    "predict": "Label images with the best network of a study.",
    "export": "Hand a network on: ONNX, torch.export, safetensors, plain Python.",
    "report": "Write a study as one file: to mail, to keep, to print.",
    "dashboard": "Open a storage in optuna-dashboard.",
    "proxy": "Serve a storage to many viewers, who need not know its database.",
    "bench": "Compare search policies on a study's own learning curves.",
    "space": "Print what a search draws from.",
    "data": "Look at a data set before searching: classes, sizes, duplicates.",
}
ALIASES: Mapping[str, str] = {"monitor": "watch"}


class LazyGroup(click.Group):
    """Import a command's module only when it runs, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; an unknown name is answered with the nearest."""
        cmd_name = ALIASES.get(cmd_name, cmd_name)
        if cmd_name not in COMMANDS:
            raise click.UsageError(
                f"there is no command '{cmd_name}'; {did_you_mean(cmd_name, COMMANDS)}"
            )
        module = importlib.import_module(f"autocnn.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; that its reader has left (as `head` does) is no error."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            mute(sys.stdout)
            return 0
        except OSError as error:
            if error.errno not in FULL:
                raise
            mute(sys.stdout)
            raise UnavailableError(
                f"cannot write {error.filename or 'the output'}: {error.strerror}",
                hint="make room, then run the same command again",
            ) from error
        return code

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with: autocnn search --trials 50",
)
@click.version_option(__version__, prog_name="autocnn")
def cli() -> None:
    """Find the best convolutional network for your images."""


def main() -> None:
    """Run the command line and leave with the exit code it earned."""
    _have_streams()
    try:
        with environment(PATIENCE_OF_THREADS):  # of PyTorch's, which a command loads
            code = cli.main(prog_name="autocnn", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(0)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "autocnn"
        sys.exit(tell(RequestError(sentence(error), hint=f"see {path} --help")))
    except click.ClickException as error:
        sys.exit(tell(RequestError(sentence(error))))
    except AutocnnError as error:
        sys.exit(tell(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except ImportError as error:
        if not (error.path or "").endswith((".so", ".pyd")):
            raise
        problem = f"a library cannot be loaded: {error}"
        hint = "allow more memory (ulimit -v), or install autocnn anew"
        sys.exit(tell(AutocnnError(problem, hint=hint)))
    if "triton" not in sys.modules:  # which warns of what is left
        # Python would look through all of PyTorch for cycles, for a second.
        gc.freeze()
    sys.exit(code if isinstance(code, int) else 0)


def _have_streams() -> None:
    """Have what is read from and written to, and let any letter be written.

    Where one is closed, the next file that is opened would take its place. What an
    encoding lacks is spelt out as on standard error.
    """
    for name, mode in {"stdin": "r", "stdout": "w", "stderr": "w"}.items():
        stream = getattr(sys, name)
        if stream is None:
            nothing = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nothing)
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def tell(error: AutocnnError) -> int:
    """Say what was found and what to do, on standard error; return the exit code."""
    try:
        say(f"error: {error.problem}", err=True)
        if error.hint:
            say(f"  hint: {error.hint}", err=True)
    except OSError:  # a log on a full disk: the code says it too
        mute(sys.stderr)
    return error.exit_code
