"""autocnn proxy: a storage for many who look, and need not know its database."""

import contextlib

import click

from autocnn.commands.listening import listen_options
from autocnn.commands.options import Place, place_options
from autocnn.commands.words import say


@click.command("proxy")
@listen_options(13000)
@click.option(
    "--write", is_flag=True, help="Let viewers steer searches, change and delete them."
)
@place_options
def command(port: int, host: str, write: bool, place: Place) -> None:
    """Serve a storage to many viewers until Ctrl-C, through Optuna's gRPC proxy.

    They need neither the database's password nor a connection of their own, only the
    address that is printed: it ends in a secret, which is a new one each time. With it
    as --storage, or in AUTOCNN_STORAGE, they watch, replay, rank, report and open the
    dashboard. A search itself writes to the database.
    """
    from autocnn.storage import hide_password, open_storage
    from autocnn.views import guard
    from autocnn.views.proxy import Proxy

    storage = open_storage(place.url)
    with contextlib.closing(Proxy(storage, port, host=host, write=write)) as proxy:
        say(f"proxy: {proxy.address} of {hide_password(place.url)}", err=True)
        strangers = ", and can change and delete them" if write else ""
        if warning := guard.warning(host, proxy.port, changes=strangers):
            say(warning, err=True)
        say("press Ctrl-C to end it; a running search goes on", err=True)
        try:
            proxy.wait()
        except KeyboardInterrupt:
            say("proxy ended", err=True)
