"""autocnn dashboard: the studies in a browser."""

import webbrowser

import click

from autocnn.commands.options import Place, place_options

MANY_TRIALS = 2000


@click.command("dashboard")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="0 takes any free one.",
)
@click.option("--open/--no-open", "show", default=False, help="Open a browser.")
@place_options
def command(port: int, show: bool, place: Place) -> None:
    """Serve optuna-dashboard on this machine (127.0.0.1) until Ctrl-C.

    It may run beside a search: it reads the same storage.
    """
    from autocnn.storage import hide_password, open_storage, study_names
    from autocnn.store.rows import find_study
    from autocnn.views.dashboard import HOST, make_dashboard

    storage = open_storage(place.url)
    largest = max(
        (
            len(find_study(storage, name).get_trials(deepcopy=False))
            for name in study_names(storage)
        ),
        default=0,
    )
    if largest > MANY_TRIALS:
        click.echo(f"a study has {largest} trials: its page will be slow", err=True)
    with make_dashboard(place.url, port) as server:
        address = f"http://{HOST}:{server.server_port}/"
        click.echo(f"dashboard: {address} on {hide_password(place.url)}", err=True)
        click.echo("press Ctrl-C to end it; a running search goes on", err=True)
        if show:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("dashboard ended", err=True)
