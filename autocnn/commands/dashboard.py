"""autocnn dashboard: the studies in a browser."""

import contextlib
import webbrowser
from pathlib import Path

import click

from autocnn.commands.listening import listen_options
from autocnn.commands.options import Place, place_options
from autocnn.commands.words import say

MANY_TRIALS = 2000


@click.command("dashboard")
@listen_options(8080)
@click.option(
    "--write",
    is_flag=True,
    help="Let it change and delete: studies, trials, notes, files.",
)
@click.option("--open/--no-open", "show", default=False, help="Open a browser.")
@place_options
def command(port: int, host: str, write: bool, show: bool, place: Place) -> None:
    """Serve optuna-dashboard on this machine until Ctrl-C.

    Only who has the address that is printed may look: it ends in a secret, which is a
    new one each time. Nothing can be changed or deleted in it without --write.

    It may run beside a search: it reads the same storage. To each study it adds a
    note that sums it up, and pictures: the best so far, learning curves, the confusion
    matrix; to its best trials, their recipes and pictures of their own. All are kept up
    while a search runs. A note that you write yourself is left alone.
    """
    from autocnn.storage import hide_password, open_storage, study_names
    from autocnn.store.find import find_study
    from autocnn.views import guard
    from autocnn.views.dashboard import make_dashboard

    storage = open_storage(place.url)
    largest = max(
        (
            len(find_study(storage, name).get_trials(deepcopy=False))
            for name in study_names(storage)
        ),
        default=0,
    )
    if largest > MANY_TRIALS:
        say(f"a study has {largest} trials: its page will be slow", err=True)
    artifacts = _artifacts(place)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            make_dashboard(place.url, port, artifacts, host=host, write=write)
        )
        if artifacts is not None:
            from autocnn.commands.exhibition import exhibition

            stack.enter_context(exhibition(place, artifacts))
        say(f"dashboard: {server.address} on {hide_password(place.url)}", err=True)
        strangers = ", and can change and delete them" if write else ""
        if warning := guard.warning(host, server.server_port, changes=strangers):
            say(warning, err=True)
        say("press Ctrl-C to end it; a running search goes on", err=True)
        if show:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("dashboard ended", err=True)


def _artifacts(place: Place) -> Path | None:
    """Say where files lie that the dashboard shows; None if nothing can be written."""
    folder = place.studies / "artifacts"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        say(f"no notes and pictures: cannot write {folder}: {error.strerror}", err=True)
        return None
    return folder
