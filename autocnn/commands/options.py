"""Options that several commands share, and the kinds of value they take."""

import functools
import math
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from autocnn.errors import RequestError
from autocnn.names import folder_name
from autocnn.quantities import read_count, read_duration

Command = TypeVar("Command", bound=Callable[..., Any])


class Duration(click.ParamType):  # type: ignore[type-arg]
    """Seconds, or numbers with units: ``90``, ``30m``, ``2h30m``."""

    name = "time"

    def __init__(self, unit: str = "s") -> None:
        self.unit = unit

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a duration in seconds; it must be above 0."""
        if isinstance(value, float):
            return value
        try:
            seconds = read_duration(str(value), unit=self.unit)
        except ValueError:
            examples = "20, 20ms or 0.5s" if self.unit == "ms" else "90, 30m or 2h30m"
            self.fail(f"'{value}' is no time; write {examples}.", param, ctx)
        if seconds <= 0:
            self.fail(f"'{value}' is no time above 0.", param, ctx)
        return seconds


class Count(click.ParamType):  # type: ignore[type-arg]
    """A whole number: ``300000``, ``300k``, ``1.5M``."""

    name = "n"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read a count from 1 up."""
        if isinstance(value, int):
            return value
        try:
            return read_count(str(value))
        except ValueError:
            self.fail(f"'{value}' is no count; write 300k, 2M or 1.5G.", param, ctx)


class Limit(click.ParamType):  # type: ignore[type-arg]
    """A value of another kind, or ``none``, which lifts a limit that a study has."""

    def __init__(self, kind: Duration | Count) -> None:
        self.kind = kind
        self.name = kind.name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a limit; none is infinity."""
        lifted = str(value).strip().lower() == "none"
        return math.inf if lifted else self.kind.convert(value, param, ctx)


@dataclass(frozen=True, slots=True)
class Trials:
    """How many trials a study shall have: in total, or more than it has."""

    count: int
    more: bool = False

    def __str__(self) -> str:
        return f"+{self.count}" if self.more else f"{self.count}"

    def total(self, done: int) -> int:
        """Say how many trials the study is to reach."""
        return done + self.count if self.more else self.count


class PatienceType(click.ParamType):  # type: ignore[type-arg]
    """A number of trials, or ``auto``."""

    name = "n|auto"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Read a count from 1 up."""
        text = str(value).lower()
        if text == "auto":
            return text
        if not text.isdigit() or int(text) < 1:
            self.fail(
                f"'{value}' is no number of trials; write 20, or auto.", param, ctx
            )
        return int(text)


class TrialCount(click.ParamType):  # type: ignore[type-arg]
    """A total, ``50``, or an addition, ``+20``."""

    name = "n"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Trials:
        """Read a count from 1 up."""
        if isinstance(value, Trials):
            return value
        text = str(value)
        if not re.fullmatch(r"\+?\d+", text) or int(text) < 1:
            self.fail(
                f"'{value}' is no number of trials; write 50 for a total, "
                "+20 for 20 more.",
                param,
                ctx,
            )
        return Trials(int(text), text.startswith("+"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where studies are: a folder for their files and a storage for their trials."""

    studies: Path
    url: str
    typed: str = ""
    """The options that lead here, for commands that a person is to type next."""

    def folder(self, study: str) -> Path:
        """Say where a study's files are: inside, however the study is called."""
        return self.studies / folder_name(study)


def place_options(command: Command) -> Command:
    """Add --studies and --storage; the command takes them as `place`."""

    @click.option(
        "--storage",
        envvar="AUTOCNN_STORAGE",
        metavar="URL",
        help="Optuna storage: a URL or an SQLite file.  [default: STUDIES/autocnn.db]",
    )
    @click.option(
        "--studies",
        envvar="AUTOCNN_STUDIES",
        type=click.Path(path_type=Path),
        help="Folder of the studies' files.  [default: studies, or beside --storage]",
    )
    @functools.wraps(command)
    def wrapped(
        *args: Any, storage: str | None, studies: Path | None, **kwargs: Any
    ) -> Any:
        return command(*args, place=place_of(storage, studies), **kwargs)

    return wrapped  # type: ignore[return-value]


def place_of(storage: str | None, studies: Path | None) -> Place:
    """Find the storage and the folder; by default, files lie beside their database.

    So they are found from any current folder, and two databases never share them.
    """
    from autocnn.storage import hide_password, sqlite_file, storage_url

    if storage is not None and not storage.strip():
        raise RequestError(
            "--storage is empty", hint="name a file or a database, or leave it out"
        )
    folder = studies or Path("studies")
    if studies is not None and studies.exists() and not studies.is_dir():
        raise RequestError(
            f"--studies {studies} is a file", hint="name a folder, or leave it out"
        )
    url = storage_url(storage or str(folder / "autocnn.db"))
    file = sqlite_file(url)
    if storage and studies is None and file is not None:
        own = file.stem if file.suffix else f"{file.name}-files"
        folder = file.parent if file.stem == "autocnn" else file.parent / own
    words = ["--storage", hide_password(storage)] if storage else []
    words += ["--studies", str(studies)] if studies else []
    return Place(folder, url, shlex.join(words))


study_option = click.option(
    "--study", metavar="NAME", help="The study.  [default: the one active last]"
)


def study_argument(command: Command) -> Command:
    """Take the study by its name alone, or as everywhere with --study."""

    @click.argument("named", metavar="[STUDY]", required=False)
    @study_option
    @functools.wraps(command)
    def with_study(*, named: str | None, study: str | None, **options: Any) -> Any:
        if named and study and named != study:
            raise click.UsageError(f"'{named}' and --study {study} are two studies")
        return command(study=named or study, **options)

    return with_study  # type: ignore[return-value]


model_option = click.option(
    "--model",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of a kept network.  [default: the study's best/]",
)

ensemble_option = click.option(
    "--ensemble", is_flag=True, help="Let the study's ensemble answer, several as one."
)

device_option = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, mps."
)

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to write the result.",
)

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where named data sets are, or are downloaded to.",
)

data_options_list = (
    data_dir_option,
    click.option(
        "--image-size",
        type=click.IntRange(4, 1024),
        metavar="PIXELS",
        help="Side the images are resized to.  [default: their median, at most 64]",
    ),
)


limit_options_list = (
    click.option(
        "--max-params",
        type=Limit(Count()),
        help="Train no network with more parameters: 300k, 2M.  [none lifts a limit]",
    ),
    click.option(
        "--max-flops",
        type=Limit(Count()),
        help="Nor one that needs more FLOPs for an image: 40M.",
    ),
    click.option(
        "--max-latency",
        type=Limit(Duration("ms")),
        metavar="MS",
        help="Nor one that takes longer for one image: measured on the device, with "
        "one thread.",
    ),
    click.option(
        "--max-epoch-time",
        type=Limit(Duration()),
        help="Nor one whose epoch is predicted to take longer: 20, 2m.",
    ),
)


def limit_options(command: Command) -> Command:
    """Add the limits on what a trial's network may be."""
    for option in reversed(limit_options_list):
        command = option(command)
    return command


def data_options(command: Command) -> Command:
    """Add --data-dir and --image-size."""
    for option in reversed(data_options_list):
        command = option(command)
    return command
