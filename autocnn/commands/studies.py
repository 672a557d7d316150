"""autocnn studies: what a storage holds."""

from typing import Any

import click

from autocnn.commands.options import Place, format_option, place_options
from autocnn.errors import RequestError, StudyError

COLUMNS = ("study", "data", "epochs", "trials", "best", "status")


@click.command("studies")
@format_option
@place_options
def command(form: str, place: Place) -> None:
    """List the studies in a storage, the one made last at the end."""
    from autocnn.storage import open_storage, study_names
    from autocnn.store.find import find_study
    from autocnn.store.rows import snapshot
    from autocnn.views import tables

    storage = open_storage(place.url)
    rows: list[dict[str, Any]] = []
    for name in study_names(storage):
        try:
            study = snapshot(find_study(storage, name))
        except (RequestError, StudyError) as error:
            told = {"study": name, "status": error.problem}
            rows.append({**dict.fromkeys(COLUMNS), **told})
            continue
        best = study.best()
        counts = study.counts()
        rows.append(
            {
                "study": name,
                "data": study.config.get("data", "-"),
                "epochs": study.config.get("epochs"),
                "trials": study.total,
                "best": best.val_accuracy if best else None,
                "status": ", ".join(f"{n} {status}" for status, n in counts.items()),
            }
        )
    tables.write(rows, form, columns=COLUMNS)
