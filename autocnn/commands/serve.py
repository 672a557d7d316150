"""autocnn watch --serve: the screens in a browser, for this machine's eyes only."""

import asyncio
import os
import shlex
import socket
import sys
import threading
import time
from typing import Any

import click

from autocnn.commands.options import Place
from autocnn.errors import RequestError

HOST = "127.0.0.1"
INSTALL = "pip install 'autocnn[serve]'"
SERVER = "AUTOCNN_SERVER"
"""The variable that tells a visitor's process who started it."""


def serve(study: str, screen: str, place: Place, port: int) -> None:
    """Serve a study's screens until Ctrl-C; each visitor has a process of its own.

    RequestError if the port is taken, or what serves is not installed.
    """
    try:
        from aiohttp import web
        from textual_serve.server import Server
    except ImportError:
        raise RequestError(
            "textual-serve, which shows the screens in a browser, is not installed",
            hint=f"install it: {INSTALL}",
        ) from None

    port = _free(port)
    address = f"http://{HOST}:{port}"
    visits: set[Any] = set()

    class Local(Server):  # type: ignore[misc, unused-ignore]
        """It says what we say, and writes no line for every request."""

        def initialize_logging(self) -> None:
            pass

        async def on_startup(self, app: Any) -> None:  # noqa: ARG002 - its signature
            click.echo(f"study {study}: {address}/", err=True)
            click.echo("press Ctrl-C to end it; a running search goes on", err=True)

        async def handle_websocket(self, request: Any) -> Any:
            visit = asyncio.current_task()
            visits.add(visit)
            try:
                return await super().handle_websocket(request)
            finally:
                visits.discard(visit)

        async def on_shutdown(self, app: Any) -> None:  # noqa: ARG002
            for visit in visits:  # or aiohttp waits a minute for each
                visit.cancel()

        async def _make_app(self) -> Any:
            app = await super()._make_app()
            app.middlewares.append(_guard(web, port))
            return app

    # In the environment, for all users can read the arguments of processes.
    os.environ |= {
        "AUTOCNN_STORAGE": place.url,
        "AUTOCNN_STUDIES": str(place.studies),
        SERVER: str(os.getpid()),
    }
    words = [sys.executable, "-m", "autocnn", "watch", "--screen", screen, "--", study]
    command = f"exec {shlex.join(words)}" if os.name == "posix" else shlex.join(words)
    Local(command, host=HOST, port=port, title=f"autocnn {study}").serve()
    click.echo("the page ended", err=True)


def _guard(web: Any, port: int) -> Any:
    """Refuse the pages of other sites: they could steer the search through us."""
    hosts = {f"{HOST}:{port}", f"localhost:{port}"}

    @web.middleware  # type: ignore[untyped-decorator, unused-ignore]
    async def only_from_here(request: Any, handler: Any) -> Any:
        origin = request.headers.get("Origin", f"http://{HOST}:{port}")
        if request.host not in hosts or origin.removeprefix("http://") not in hosts:
            raise web.HTTPForbidden(text=f"open http://{HOST}:{port}/ on this machine")
        return await handler(request)

    return only_from_here


def end_with_server() -> None:
    """End this process when the server is gone: Textual would read its end for ever."""
    server = int(os.environ.get(SERVER) or 0)

    def wait() -> None:
        while os.getppid() == server:
            time.sleep(1.0)
        os._exit(0)

    if server and os.name == "posix":
        threading.Thread(target=wait, daemon=True).start()


def _free(port: int) -> int:
    """Make sure that a port can be listened on; 0 finds one."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, port))
        except OSError as error:
            raise RequestError(
                f"port {port} cannot be used: {error.strerror}",
                hint="choose another with --port, or 0 for any free one",
            ) from None
        found: int = tried.getsockname()[1]
        return found
