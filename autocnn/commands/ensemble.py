"""autocnn ensemble: the networks of a study that answer best together."""

from pathlib import Path

import click

from autocnn.commands.options import (
    Place,
    data_dir_option,
    format_option,
    place_options,
    study_option,
)
from autocnn.commands.words import say


@click.command("ensemble")
@study_option
@data_dir_option
@format_option
@place_options
def command(study: str | None, data_dir: Path | None, form: str, place: Place) -> int:
    """Put networks of a study together, and say what that gains.

    Chosen greedily by their validation answers (Caruana et al. 2004) among those of
    its best finished trials. The gain is measured on images that had no part in the
    choice. They are one network to autocnn predict --ensemble, evaluate --ensemble
    and export ensemble.
    """
    from autocnn.commands.images import images_of
    from autocnn.commands.references import study_folder
    from autocnn.data.cache import reopen
    from autocnn.deliver.ensemble import build
    from autocnn.deliver.networks import ENSEMBLE
    from autocnn.errors import NoResultError
    from autocnn.search.study import stored_config
    from autocnn.storage import open_storage
    from autocnn.store.find import find_study
    from autocnn.views import tables

    storage = open_storage(place.url)
    found = find_study(storage, study)
    name = found.study_name
    config = stored_config(storage, name)
    if config is None:
        raise NoResultError(
            f"study '{name}' was not made by autocnn search",
            hint="name another with --study; autocnn studies lists them",
        )
    data = reopen(images_of(config, name, data_dir))
    home = study_folder(found, place)
    chosen = build(home, config, data)
    for problem in chosen.left_out:
        say(f"left out: {problem}", err=True)
    heaviest = sorted(chosen.weights.items(), key=lambda item: -item[1])
    rows = [{"network": name, "weight": round(weight, 3)} for name, weight in heaviest]
    tables.write(rows, form, columns=("network", "weight"))
    say(
        f"validation accuracy together {tables.accuracy(chosen.val_accuracy)}, the "
        f"best one alone {tables.accuracy(chosen.single_accuracy)}; on images of no "
        f"part in the choice it gains {100 * chosen.gain:.2f} ± "
        f"{100 * chosen.gain_error:.2f} points",
        err=form != "table",
    )
    say(f"kept in {home / ENSEMBLE}", err=True)
    return 0
