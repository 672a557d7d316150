"""optuna-dashboard on a study storage, for this machine's eyes only."""

import socketserver
import warnings
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from autocnn.errors import RequestError
from autocnn.storage import open_storage

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write no line for every request."""


class _Threaded(socketserver.ThreadingMixIn, WSGIServer):
    """Answer several requests at once: the page asks for many things."""

    daemon_threads = True


def make_dashboard(url: str, port: int, artifacts: Path | None = None) -> WSGIServer:
    """Make the server; `serve_forever` runs it. Port 0 takes any free one.

    It shows the files that studies have in the folder of `artifacts`.

    It listens on the loopback address only: the dashboard knows no passwords, and
    whoever reaches it may delete studies.
    """
    import optuna_dashboard
    from optuna.artifacts import FileSystemArtifactStore

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = FileSystemArtifactStore(artifacts) if artifacts else None
        app = optuna_dashboard.wsgi(open_storage(url), store)
    try:
        return make_server(
            HOST, port, app, server_class=_Threaded, handler_class=_Quiet
        )
    except OSError as error:
        raise RequestError(
            f"port {port} cannot be used: {error.strerror}",
            hint="choose another with --port, or 0 for any free one",
        ) from None
