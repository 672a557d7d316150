"""autocnn studies: what a storage holds."""

import click

from autocnn.commands.options import Place, format_option, place_options


@click.command("studies")
@format_option
@place_options
def command(form: str, place: Place) -> None:
    """List the studies in a storage, the one made last at the end."""
    from autocnn.storage import open_storage, study_names
    from autocnn.store.rows import find_study, snapshot
    from autocnn.views import tables

    storage = open_storage(place.url)
    rows = []
    for name in study_names(storage):
        study = snapshot(find_study(storage, name))
        best = study.best()
        counts = study.counts()
        rows.append(
            {
                "study": name,
                "data": study.config.get("data", "-"),
                "epochs": study.config.get("epochs"),
                "trials": len(study.trials) - study.refused,
                "best": best.val_accuracy if best else None,
                "status": ", ".join(f"{n} {status}" for status, n in counts.items()),
            }
        )
    tables.write(
        rows, form, columns=("study", "data", "epochs", "trials", "best", "status")
    )
