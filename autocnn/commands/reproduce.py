"""autocnn reproduce: train a trial again and compare."""

import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autocnn.commands.options import (
    Place,
    data_dir_option,
    device_option,
    format_option,
    place_options,
    study_option,
)
from autocnn.commands.words import say
from autocnn.errors import DataError, NoResultError, RequestError

if TYPE_CHECKING:
    from autocnn.deliver.reproduce import Comparison
    from autocnn.search.jobs import Job
    from autocnn.search.study import StudyConfig
    from autocnn.store.rows import TrialRow


@click.command("reproduce")
@click.argument("reference", metavar="TRIAL")
@study_option
@data_dir_option
@device_option
@format_option
@place_options
def command(
    reference: str,
    study: str | None,
    data_dir: Path | None,
    device: str,
    form: str,
    place: Place,
) -> int:
    """Train a TRIAL (17, best) again, as it was trained, and compare epoch by epoch.

    It has the same recipe and seed, the study's data (their fingerprint is checked) and
    split, and as many threads as its worker had. On the same device with the same
    PyTorch every validation accuracy must be the same, and the weights where the study
    has kept them; else the last accuracy may be 3 standard errors off. The exit code is
    0 if the trial is reproduced, and 1 if it is not.
    """
    from autocnn import device as devices
    from autocnn.deliver.reproduce import Comparison, reproduce, verdict
    from autocnn.engines.local import LocalEngine
    from autocnn.search.study import stored_config
    from autocnn.storage import open_storage
    from autocnn.store.environment import changes, environment, environment_at
    from autocnn.store.rows import find_study, find_trial, snapshot
    from autocnn.views import plain

    target = devices.assign(devices.pick_device(device), 0)
    storage = open_storage(place.url)
    found = find_study(storage, study)
    config = stored_config(storage, found.study_name)
    assert config is not None
    row = _trained(find_trial(snapshot(found), reference), found.study_name)
    before = environment_at(found.user_attrs, row.started)
    now = environment(
        device=devices.describe(target),
        kind=target.type,
        jobs=1,
        threads=before.threads if before else 1,
    )
    data = _data(config, found.study_name, data_dir)
    _say_what(reference, row, data, place.folder(found.study_name))
    home = place.folder(found.study_name)
    with (
        tempfile.TemporaryDirectory(prefix="autocnn-") as work,
        contextlib.closing(LocalEngine(target, 1, threads=now.threads)) as engine,
    ):
        attributes = found.trials[row.trial].user_attrs
        job = _job(row, attributes, config, data, Path(work))
        again, same_weights = reproduce(job, row.curve, home, engine, plain.write)
    compared = Comparison(
        before=row.curve,
        again=again,
        same_weights=same_weights,
        val_images=config.val_images,
        unit="fold" if config.folds else "epoch",
    )
    _write(compared, form)
    done, text = verdict(compared, list(changes(before, now)) if before else None)
    say(f"trial {row.trial} of study {found.study_name}: {text}", err=True)
    return 0 if done else 1


def _say_what(reference: str, row: "TrialRow", data: Path, home: Path) -> None:
    """Say what is trained on, and that it is not the network that is kept, if so."""
    from autocnn.search.best import read_card

    say(f"trial {row.trial}, on the images as they were prepared: {data}", err=True)
    best = home / "best"
    if reference == "best" and (best / "card.json").exists():
        card = read_card(best)
        if card.get("final") and card.get("trial") == row.trial:
            text = "the network that is kept is of its final training, which is another"
            say(text, err=True)


def _write(compared: "Comparison", form: str) -> None:
    from autocnn.views import tables

    rows = compared.rows()
    if form == "table":
        rows = [
            row
            | {
                "again": tables.accuracy(row["again"]),
                "difference": f"{100 * row['difference']:+.2f}",
            }
            for row in rows
        ]
    tables.write(rows, form)


def _trained(row: "TrialRow", study: str) -> "TrialRow":
    if not row.curve:
        raise NoResultError(
            f"trial {row.trial} of study '{study}' has no epoch to compare with",
            hint="name one that was trained: see autocnn leaderboard",
        )
    if row.status == "running":
        raise RequestError(
            f"trial {row.trial} of study '{study}' is being trained",
            hint="wait until it has ended, or name another",
        )
    return row


def _data(config: "StudyConfig", study: str, data_dir: Path | None) -> Path:
    """Find the prepared data with the study's fingerprint, or prepare them again."""
    from autocnn.commands.progress import decoding_progress
    from autocnn.data.cache import find_prepared, prepare

    if (known := find_prepared(config.data, config.fingerprint)) is not None:
        return known
    with decoding_progress(lambda text: say(text, err=True)) as progress:
        prepared = prepare(
            config.source,
            data_dir=data_dir,
            image_size=config.shape.height,
            channels=config.shape.channels,
            progress=progress,
        )
    if prepared.info.fingerprint != config.fingerprint:
        raise DataError(
            f"the images of {config.source} are not those of study '{study}': their "
            f"fingerprint is {prepared.info.fingerprint[:12]}, the study's "
            f"{config.fingerprint[:12]}",
            hint="put the images back that were there when the study began",
        )
    return prepared.folder


def _job(
    row: "TrialRow",
    attributes: Mapping[str, Any],
    config: "StudyConfig",
    data: Path,
    folder: Path,
) -> "Job":
    """Describe the training as the search did, from its first epoch on."""
    from autocnn import recipe as recipes
    from autocnn.search.jobs import Job

    return Job(
        trial=row.trial,
        recipe=recipes.loads(row.recipe),
        shape=config.shape,
        data=data,
        folder=folder,
        seed=attributes["seed"],
        split_seed=config.seed,
        folds=config.folds,
    )
