"""autocnn predict: label images with the best network of a study."""

import contextlib
import itertools
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autocnn.commands.options import (
    Place,
    device_option,
    ensemble_option,
    model_option,
    place_options,
    study_option,
)
from autocnn.commands.words import say
from autocnn.errors import DataError
from autocnn.quantities import plural

if TYPE_CHECKING:
    from autocnn.deliver.labels import Prediction
    from autocnn.deliver.predict import Network
    from autocnn.views.tables import Row


@click.command("predict")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@study_option
@model_option
@ensemble_option
@click.option(
    "--top",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="How many of the likeliest classes to list for each image.",
)
@device_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "jsonl", "csv"]),
    default="table",
    show_default=True,
    help="How to write the result; jsonl and csv line by line, as it comes.",
)
@place_options
def command(
    paths: tuple[str, ...],
    study: str | None,
    model: Path | None,
    ensemble: bool,
    top: int,
    device: str,
    form: str,
    place: Place,
) -> int:
    """Label images with their class and its probability.

    PATH is an image file, a folder (with all folders in it), a pattern in quotes such
    as 'photos/**/*.jpg', or - to read such paths from standard input, one a line or
    each ended by a null byte (find -print0). A file named twice is labeled once.

    An image that cannot be read is reported and the others are labeled; only when
    none can be read the command fails (exit 5).
    """
    from autocnn import device as devices
    from autocnn.commands.files import named_files
    from autocnn.commands.references import network_folder
    from autocnn.deliver.labels import Prediction
    from autocnn.deliver.predict import load
    from autocnn.views import predictions

    folder = network_folder(model, study, place, together=ensemble)
    named = named_files(paths, _standard_input)
    network = load(folder, devices.pick_device(device))
    for note in named.notes:
        _say(note)
    nothing = [
        Prediction(image=word, probabilities={}, error=problem)
        for word, problem in named.problems.items()
    ]
    # Lines on a terminal are progress enough; a bar would run into them.
    bar = form not in predictions.STREAMED or not sys.stdout.isatty()
    top = min(top, len(network.classes))
    unreadable: list[str] = []
    with contextlib.closing(_labeled(network, named.files, top, bar)) as batches:
        rows = _reported(itertools.chain([nothing], batches), unreadable)
        predictions.write(rows, form, top=top)
    total = len(nothing) + len(named.files)
    if len(unreadable) == total:
        raise DataError(
            f"none of {plural(total, 'image')} could be read"
            if total
            else "no image is named",
            hint="name image files, or folders that hold some",
        )
    return 0


def _labeled(
    network: "Network", files: Sequence[str], top: int, bar: bool
) -> Generator[list["Prediction"], None, None]:
    """Label, and show how far it is if that takes longer than a moment."""
    from autocnn.commands.progress import later, progress_of
    from autocnn.data.cache import ignore
    from autocnn.deliver.labels import predict

    progress = progress_of("images", _say) if bar else contextlib.nullcontext(ignore)
    done = 0
    with contextlib.closing(predict(network, files, top=top)) as batches, progress as p:
        show = later(p)
        for batch in batches:
            yield batch
            done += len(batch)
            show("labeling", done, len(files))


def _reported(
    batches: Iterable[list["Prediction"]], unreadable: list[str]
) -> Iterator[list["Row"]]:
    """Lay predictions out as rows, and say which images could not be read."""
    from autocnn.views.predictions import row

    for batch in batches:
        for each in batch:
            if each.error:
                unreadable.append(each.error)
                _say(f"skipped: {each.error}")
        yield [row(each.image, each.probabilities, each.error) for each in batch]


def _standard_input() -> bytes:
    return sys.stdin.buffer.read()


def _say(text: str) -> None:
    say(text, err=True)
