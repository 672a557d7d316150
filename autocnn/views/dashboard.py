"""optuna-dashboard on a study storage, behind a guard: by itself it asks for nothing.

It has no password, and lets any page that reaches it delete studies.
"""

import socket
import socketserver
import warnings
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from autocnn.storage import open_storage
from autocnn.views.guard import HEADERS, LOOPBACK, Answer, Asked, Guard, unusable

COMMAND = "autocnn dashboard"
MOST_READ = 2**20
"""Bytes that are taken of what is refused: a browser hears the answer after them."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write no line for every request."""


class Dashboard(socketserver.ThreadingMixIn, WSGIServer):
    """Answers several requests at once: the page asks for many things."""

    daemon_threads = True
    guard: Guard

    @property
    def address(self) -> str:
        """What to open in a browser, with the secret that lets it in."""
        return self.guard.address


class _Dashboard6(Dashboard):
    address_family = socket.AF_INET6


def make_dashboard(
    url: str,
    port: int,
    artifacts: Path | None = None,
    *,
    host: str = LOOPBACK,
    write: bool = False,
) -> Dashboard:
    """Make the server; `serve_forever` runs it. Port 0 takes any free one.

    It shows the files that studies have in the folder of `artifacts`, and changes
    nothing but with `write`. It listens on this machine only, unless another `host` is
    named.
    """
    import optuna_dashboard
    from optuna.artifacts import FileSystemArtifactStore

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = FileSystemArtifactStore(artifacts) if artifacts else None
        app = optuna_dashboard.wsgi(open_storage(url), store)
    kind = _Dashboard6 if ":" in host else Dashboard
    try:
        server = make_server(host, port, app, server_class=kind, handler_class=_Quiet)
    except OSError as error:
        raise unusable(port, error) from None
    server.guard = Guard(
        port=server.server_port, host=host, command=COMMAND, write=write
    )
    server.set_app(guarded(app, server.guard))
    return server


def guarded(app: WSGIApplication, guard: Guard) -> WSGIApplication:
    """Put a guard before a WSGI application."""

    def answer(environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        refused = guard.judge(_asked(environment))
        if refused is not None:
            _take_body(environment)
            return _send(refused, start)

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            own, path = dict(HEADERS), environment.get("PATH_INFO", "")
            if not path.startswith("/static/"):
                own["Cache-Control"] = (
                    "no-cache"  # or what is shown outlives its cookie
                )
            if path.startswith("/artifacts/"):
                # A file of a study is looked at, and never runs as a page of ours.
                own["Content-Security-Policy"] = "sandbox"
                headers = [each for each in headers if not _opens(each[0])]
            return start(status, [*headers, *own.items()], *more)

        return app(environment, started)

    return answer


def _asked(environment: WSGIEnvironment) -> Asked:
    return Asked(
        method=environment["REQUEST_METHOD"],
        path=_text(environment.get("PATH_INFO", "/")),
        query=environment.get("QUERY_STRING", ""),
        host=environment.get("HTTP_HOST", ""),
        origin=environment.get("HTTP_ORIGIN"),
        cookies=environment.get("HTTP_COOKIE", ""),
        accepts=environment.get("HTTP_ACCEPT", ""),
    )


def _text(path: str) -> str:
    """Read what WSGI hands on byte by byte."""
    return path.encode("latin-1").decode("utf-8", "replace")


def _opens(header: str) -> bool:
    """Say whether a header opens what it comes with to pages of other sites."""
    return header.lower().startswith("access-control-")


def _take_body(environment: WSGIEnvironment) -> None:
    length = environment.get("CONTENT_LENGTH") or "0"
    if length.isdigit():
        environment["wsgi.input"].read(min(int(length), MOST_READ))


def _send(answer: Answer, start: StartResponse) -> Iterable[bytes]:
    headers = {
        **HEADERS,
        **answer.headers,
        "Content-Type": answer.kind,
        "Content-Length": str(len(answer.body)),
    }
    status = HTTPStatus(answer.status)
    start(f"{status.value} {status.phrase}", list(headers.items()))
    return [answer.body]
