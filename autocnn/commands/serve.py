"""autocnn watch --serve: the screens in a browser, for who has their address."""

import asyncio
import os
import shlex
import sys
import threading
import time
from pathlib import Path
from typing import Any

from autocnn.commands.options import Place
from autocnn.commands.words import say
from autocnn.errors import RequestError
from autocnn.views.guard import HEADERS, LOOPBACK, Asked, Guard, free_port, warning

COMMAND = "autocnn watch --serve"
INSTALL = "pip install 'autocnn[serve]'"
SERVER = "AUTOCNN_SERVER"
"""The variable that tells a visitor's process who started it."""


def serve(
    study: str, screen: str, place: Place, port: int, host: str = LOOPBACK
) -> None:
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

    port = free_port(host, port)
    # Who sees the screens can steer the search: a key is no method of HTTP.
    guard = Guard(port=port, host=host, command=COMMAND, write=True)
    visits: set[Any] = set()

    class Guarded(Server):  # type: ignore[misc, unused-ignore]
        """It says what we say, and writes no line for every request."""

        def initialize_logging(self) -> None:
            pass

        async def on_startup(self, app: Any) -> None:  # noqa: ARG002 - its signature
            beyond = warning(host, port, changes=", and can steer its search")
            end = "press Ctrl-C to end it; a running search goes on"
            for line in filter(None, (f"study {study}: {guard.address}", beyond, end)):
                say(line, err=True)

        async def handle_index(self, request: Any) -> Any:
            # Through a tunnel it has another name, and cookies are of a name.
            self.public_url = f"{request.scheme}://{request.host}"
            return await super().handle_index(request)

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
            app.middlewares.append(_guarded(web, guard))
            return app

    _tell_visitors(place)
    command, title = _command(screen, study), f"autocnn {study}"
    pages = Path(__file__).with_name("served")
    Guarded(command, host=host, port=port, title=title, templates_path=pages).serve()
    say("the page ended", err=True)


def _tell_visitors(place: Place) -> None:
    """In the environment, for all users can read the arguments of processes."""
    os.environ |= {
        "AUTOCNN_STORAGE": place.url,
        "AUTOCNN_STUDIES": str(place.studies),
        SERVER: str(os.getpid()),
    }


def _command(screen: str, study: str) -> str:
    """Write what a shell starts for each visitor."""
    words = [sys.executable, "-m", "autocnn", "watch", "--screen", screen, "--", study]
    if os.name == "posix":
        return f"exec {shlex.join(words)}"
    from autocnn.search.study import check_name

    check_name(study)  # that shell has no way to quote everything
    return shlex.join(words)


def _guarded(web: Any, guard: Guard) -> Any:
    """Put a guard before the pages: those of other sites could steer the search."""

    @web.middleware  # type: ignore[untyped-decorator, unused-ignore]
    async def only_who_may(request: Any, handler: Any) -> Any:
        told = request.headers
        refused = guard.judge(
            Asked(
                method=request.method,
                path=request.path,
                query=request.query_string,
                host=request.host,
                origin=told.get("Origin"),
                cookies=told.get("Cookie", ""),
                accepts=told.get("Accept", ""),
            )
        )
        if refused is None:
            return await handler(request)
        return web.Response(
            status=refused.status,
            body=refused.body,
            headers={**HEADERS, **refused.headers, "Content-Type": refused.kind},
        )

    return only_who_may


def end_with_server() -> None:
    """End this process when the server is gone: Textual would read its end for ever."""
    server = int(os.environ.get(SERVER) or 0)

    def wait() -> None:
        while os.getppid() == server:
            time.sleep(1.0)
        os._exit(0)

    if server and os.name == "posix":
        threading.Thread(target=wait, daemon=True).start()
