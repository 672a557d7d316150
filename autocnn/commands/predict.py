"""autocnn predict: label images with the best network of a study."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autocnn.commands.options import Place, format_option, place_options, study_option
from autocnn.errors import DataError

if TYPE_CHECKING:
    from autocnn.deliver.predict import Prediction


@click.command("predict")
@click.argument(
    "paths",
    metavar="IMAGE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@study_option
@click.option(
    "--model",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of a kept network.  [default: the study's best/]",
)
@click.option(
    "--top",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="How many classes to list for each image (json, csv).",
)
@click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, mps."
)
@format_option
@place_options
def command(
    paths: tuple[Path, ...],
    study: str | None,
    model: Path | None,
    top: int,
    device: str,
    form: str,
    place: Place,
) -> int:
    """Label image files, or all in a folder, with their probability.

    An image that cannot be read is reported and the others are labeled; only when
    none can be read the command fails (exit 5).
    """
    from autocnn import device as devices
    from autocnn.deliver.predict import image_files, load, predict
    from autocnn.storage import open_storage
    from autocnn.store.rows import find_study
    from autocnn.views import tables

    if model is None:
        name = find_study(open_storage(place.url), study).study_name
        model = place.folder(name) / "best"
    network = load(model, devices.pick_device(device))
    predictions = list(predict(network, image_files(paths), top=top))
    readable = [each for each in predictions if not each.error]
    for each in predictions:
        if each.error:
            click.echo(f"skipped: {each.error}", err=True)
    if not readable:
        raise DataError(
            f"none of {len(predictions)} images could be read",
            hint="name image files, or folders that hold some",
        )
    listed = readable if form == "table" else predictions
    rows = [_row(each) for each in listed]
    tables.write(rows, form, columns=("image", "label", "probability"))
    return 0


def _row(prediction: "Prediction") -> dict[str, Any]:
    row: dict[str, Any] = {
        "image": str(prediction.path),
        "label": prediction.label or None,
        "probability": prediction.probability if prediction.label else None,
        "probabilities": prediction.probabilities,
    }
    return row | ({"error": prediction.error} if prediction.error else {})
