"""autocnn reproduce: train again as a search did, and compare."""

import contextlib
import dataclasses
import math
import tempfile
from collections.abc import Mapping
from functools import partial
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
from autocnn.errors import NoResultError, RequestError

if TYPE_CHECKING:
    import torch

    from autocnn.deliver.reproduce import Comparison
    from autocnn.store.environment import Environment
    from autocnn.store.final import Final
    from autocnn.store.rows import StudySnapshot, TrialRow

FINAL = "final"


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
    """Train a TRIAL (17, best) or the final one again, as it was, and compare.

    It has the same recipe and seed, the study's data (their fingerprint is checked) and
    split, and as many threads as its worker had. On the same device with the same
    PyTorch every validation accuracy must be the same, and the weights where the study
    has kept them; else the last accuracy may be 3 standard errors off. The exit code is
    0 if it is reproduced, and 1 if it is not.

    For TRIAL write final to train the winner again as the search did in the end.
    """
    from autocnn import device as devices
    from autocnn.commands.images import images_of
    from autocnn.commands.references import study_folder
    from autocnn.deliver.reproduce import of_final, of_trial, reproduce, verdict
    from autocnn.engines.local import LocalEngine
    from autocnn.search.study import stored_config
    from autocnn.storage import open_storage
    from autocnn.store.environment import changes
    from autocnn.store.find import find_study
    from autocnn.store.rows import find_trial, snapshot
    from autocnn.views import plain

    target = devices.assign(devices.pick_device(device), 0)
    storage = open_storage(place.url)
    found = find_study(storage, study)
    config = stored_config(storage, found.study_name)
    assert config is not None
    told = snapshot(found)
    final = _final(told) if reference == FINAL else None
    if final is not None:
        row = find_trial(told, str(final.trial))
        begin = partial(of_final, final)
    else:
        row = _trained(find_trial(told, reference), found.study_name)
        begin = partial(of_trial, found.trials[row.trial].user_attrs["seed"])
    before, unknown = _surroundings(found.user_attrs, row, final)
    now = _here(target, before.threads if before else 1)
    data = images_of(config, found.study_name, data_dir)
    home = study_folder(found, place, "best", f"networks/{row.trial}")
    with (
        tempfile.TemporaryDirectory(prefix="autocnn-") as name,
        contextlib.closing(LocalEngine(target, 1, threads=now.threads)) as engine,
    ):
        training = begin(row, config, data, Path(name))
        _say_what(reference, row, training.name, data, home)
        compared = reproduce(training, home, engine, plain.write)
    _write(compared, form)
    changed = [*changes(before, now), *unknown] if before else None
    done, text = verdict(compared, changed)
    say(f"{training.name} in study {found.study_name}: {text}", err=True)
    return 0 if done else 1


def _here(target: "torch.device", threads: int) -> "Environment":
    from autocnn import device as devices
    from autocnn.store.environment import environment

    name = devices.describe(target)
    return environment(device=name, kind=target.type, jobs=1, threads=threads)


def _final(study: "StudySnapshot") -> "Final":
    """Find the final training; NoResultError if nothing of it can be compared."""
    final = study.final
    if final is None or not final.done:
        raise NoResultError(
            f"study '{study.name}' has no final training",
            hint="name a trial; autocnn search --final trains the winner in the end",
        )
    if final.status == "running":
        raise RequestError(
            f"the final training of study '{study.name}' goes on",
            hint="wait until it has ended, or name a trial",
        )
    if final.on_val:
        raise NoResultError(
            f"the final training of study '{study.name}' learned from the validation "
            "images, too: there is no accuracy to compare with",
            hint=f"name its trial: autocnn reproduce {final.trial}",
        )
    return final


def _surroundings(
    attributes: Mapping[str, Any], row: "TrialRow", final: "Final | None"
) -> tuple["Environment | None", list[str]]:
    """Say on and with what it was trained, and what of that cannot be had again."""
    from autocnn.store.environment import environment_at

    if final is None:
        return environment_at(attributes, row.started), []
    unknown = [f"its epochs were planned anew after {at}" for at, _ in final.replanned]
    known = environment_at(attributes, math.inf)
    if known is None:
        return None, unknown
    if final.threads is None:
        unknown.append("how many threads it had is not told")
    # It has all the cores, of which each worker had its share.
    threads = final.threads or known.threads * known.jobs
    return dataclasses.replace(known, threads=threads), unknown


def _say_what(
    reference: str, row: "TrialRow", name: str, data: Path, home: Path
) -> None:
    """Say what is trained on, and that it is not the network that is kept, if so."""
    from autocnn.search.best import read_card

    say(f"{name}, on the images as they were prepared: {data}", err=True)
    best = home / "best"
    if reference == "best":
        card: dict[str, Any] = {}
        # There may be none, or a damaged one.
        with contextlib.suppress(OSError, ValueError):
            card = read_card(best)
        if card.get("final") and card.get("trial") == row.trial:
            text = "the network that is kept is of its final training, which is another"
            say(f"{text}: autocnn reproduce final", err=True)


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
