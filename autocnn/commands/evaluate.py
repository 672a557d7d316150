"""autocnn evaluate: score a kept network on images whose classes are known."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autocnn.commands.options import (
    Place,
    data_dir_option,
    device_option,
    ensemble_option,
    format_option,
    model_option,
    place_options,
    study_option,
)
from autocnn.commands.words import say
from autocnn.quantities import plural

if TYPE_CHECKING:
    from autocnn.deliver.evaluate import Scored
    from autocnn.deliver.predict import Network
    from autocnn.evaluation import Evaluation

LISTED = 5


@click.command("evaluate")
@click.argument("data", required=False)
@study_option
@model_option
@ensemble_option
@data_dir_option
@device_option
@click.option(
    "--again", is_flag=True, help="Score the test set once more, and note that."
)
@format_option
@place_options
def command(
    data: str | None,
    study: str | None,
    model: Path | None,
    ensemble: bool,
    data_dir: Path | None,
    device: str,
    again: bool,
    form: str,
    place: Place,
) -> int:
    """Score a network on DATA: accuracy, classes, confusions, calibration, mistakes.

    DATA is whatever a search takes: a name, a folder of images (class/img or
    train|val|test/class/img), a CSV file of path,label, or an .npz file. All of its
    images are scored, at the network's size, but for those of the network's own sealed
    test set; and it is said how many of them the network has learned from. Its classes
    must be named as the network's are; some may be missing.

    Without DATA, the sealed test set of the network's own data is opened. That is done
    once and written into the study: asked again, the record is shown.

    As csv, a line a class is written.
    """
    from autocnn import device as devices
    from autocnn.commands.references import network_folder
    from autocnn.deliver.predict import load
    from autocnn.views import evaluation as view

    folder = network_folder(model, study, place, together=ensemble)
    network = load(folder, devices.pick_device(device))
    told = score_on(data, network, folder, place, data_dir, again=again)
    evaluation, others, remarks = told
    view.write(evaluation, form, others=others)
    for sentence in remarks:
        say(sentence, err=form != "table")
    if form == "table":
        for sentence in view.summary(evaluation, "image"):
            say(sentence)
    return 0


def score_on(
    data: str | None,
    network: "Network",
    folder: Path,
    place: Place,
    data_dir: Path | None = None,
    *,
    again: bool = False,
) -> tuple["Evaluation", dict[str, Any], list[str]]:
    """Score the network in a folder on data, or on its own sealed test set.

    Returns:
        What it came to, what else is to be known of that, and the same in sentences.
    """
    from autocnn.commands.progress import progress_of
    from autocnn.commands.unseal import unseal
    from autocnn.data.cache import default_cache_dir
    from autocnn.data.datasets import find
    from autocnn.deliver.evaluate import own_images, score

    scored: Scored | None = None
    if data is not None:
        sets = data_dir or default_cache_dir() / "datasets"
        source = find(data, sets.expanduser().absolute())
        if source.source != network.card["data"]["source"]:
            with progress_of("images", lambda text: say(text, err=True)) as show:
                scored = score(network, source, own_images(network), show)
    if scored is not None:
        return scored.evaluation, scored.others(), list(_remarks(scored))
    told = unseal(folder, network, place, data_dir, again=again)
    return told.evaluation, {"set": "sealed test set"}, [told.remark]


def _remarks(scored: "Scored") -> Iterator[str]:
    """Say what the scores rest on, a sentence a line."""
    from autocnn.data.raw import listed
    from autocnn.views import tables
    from autocnn.views.evaluation import interval

    if scored.unreadable:
        shown = "; ".join(scored.unreadable[:LISTED])
        more = len(scored.unreadable) - LISTED
        yield f"{plural(len(scored.unreadable), 'file')} left out: {shown}" + (
            f" and {more} more" if more > 0 else ""
        )
    if scored.missing:
        yield f"no image is of class {listed(scored.missing)}"
    if scored.sealed:
        yield f"{plural(scored.sealed, 'image')} of its sealed test set left out"
    seen, images = scored.seen, scored.evaluation.images
    if seen is None:
        yield (
            "whether it has seen some of these images is not known: its own are no "
            "longer in the cache"
        )
    elif scored.unseen_accuracy is not None and scored.unseen_interval is not None:
        yield (
            f"{seen} of the {images} images it has learned from or was chosen by; on "
            f"the others: accuracy {tables.accuracy(scored.unseen_accuracy)} "
            f"(95 %: {interval(scored.unseen_interval)})"
        )
    elif seen:
        yield (
            f"it has learned from all of these {images} images, or was chosen by them: "
            "this says nothing of new ones"
        )
