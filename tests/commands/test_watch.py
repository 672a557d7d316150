"""Watching on a real terminal, replaying there, and in a browser."""

import asyncio
import dataclasses
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import types
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from autocnn.commands import serve
from autocnn.views.guard import Guard
from benchmarks.studies import make_study
from benchmarks.terminal import Terminal

WORDS = ("--epochs", "4000", "--trials", "1", "--jobs", "1", "--pruner", "none")


@pytest.fixture
def storage(tmp_path):
    """Sixty trials, of which two were left running."""
    return make_study(tmp_path / "made.db", 60, running=2)


def terminal(*words: str) -> Terminal:
    return Terminal([sys.executable, "-m", "autocnn", *words])


def test_watch_draws_a_study_and_follows_its_window(storage, here):
    with terminal("watch", "large", "--storage", storage) as shown:
        shown.wait_for("60 of 60 trials", "best val", "Quit")
        shown.read_for(1.0)
        for columns, lines in ((80, 24), (200, 60), (100, 30)):
            shown.forget()
            shown.resize(columns, lines)
            shown.wait_for("60 of 60 trials", "Quit")
            shown.read_for(0.5)
            assert lines in _drawn_lines(shown)
            shown.forget()
            shown.read_for(1.2)
            assert max(_drawn_lines(shown), default=0) <= lines
        shown.press("q")
        assert shown.wait_for_end() == 0


def test_of_a_picture_that_cannot_be_taken_now_it_is_not_said_that_it_will_be(
    storage, here, run
):
    file = storage.removeprefix("sqlite:///")
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("PRAGMA journal_mode=DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    ran = run("watch", "--storage", storage, "--screenshot", "x.svg")
    holder.close()
    assert ran.code == 75
    assert "database is locked" in ran.err
    assert "tried again" not in ran.err
    assert "run the same command again later" in ran.err


def _drawn_lines(shown: Terminal) -> list[int]:
    """Name the lines that the cursor went to."""
    return [int(line) for line in re.findall(r"\x1b\[(\d+);\d+H", shown.raw)]


def test_replay_plays_in_a_terminal(storage, here):
    with terminal("replay", "--storage", storage, "--speed", "600") as shown:
        shown.wait_for("REPLAY", r"▶ 0:\d\d:\d\d / 1:06:00", "600x")
        shown.press("\x1b[F")  # the end key
        shown.wait_for("60 of 60 trials", "‖ 1:06:00", "REPLAY held")
        shown.press("q")
        assert shown.wait_for_end() == 0


@pytest.mark.parametrize("command", ["watch", "replay"])
def test_without_a_terminal_it_is_said_what_to_do(run, storage, command):
    ran = run(command, "--storage", storage)
    assert ran.code == 2
    assert f"{command} needs a terminal" in ran.err
    assert "--screenshot" in ran.err


@pytest.mark.parametrize("command", ["watch", "replay"])
def test_a_terminal_that_cannot_show_screens_is_refused(storage, here, command):
    dumb = ["env", "TERM=dumb", sys.executable, "-m", "autocnn", command]
    with Terminal([*dumb, "--storage", storage]) as shown:
        shown.wait_for("needs a terminal that can move its cursor", "leaderboard")
        assert shown.wait_for_end() == 2


def test_a_picture_is_an_svg_file(run, storage):
    ran = run("watch", "--storage", storage, "--screenshot", "x.png")
    assert ran.code == 2
    assert "name it x.svg" in ran.err
    assert not Path("x.png").exists()


@pytest.mark.parametrize("size", ["5000x5000", "5x5", "wide"])
def test_a_size_that_cannot_be_says_what_can(run, storage, size):
    picture = ("--screenshot", "x.svg", "--size", size)
    ran = run("watch", "--storage", storage, *picture)
    assert ran.code == 2
    assert "from 10x10 to 999x999" in ran.err


def test_a_size_may_be_written_with_a_large_x(run, storage):
    picture = ("--screenshot", "x.svg", "--size", "80X24")
    assert run("watch", "--storage", storage, *picture).code == 0


def test_a_folder_is_no_storage(run, here):
    ran = run("watch", "--storage", here, "--screenshot", "x.svg")
    assert ran.code == 2
    assert "is a folder, not a database" in ran.err
    assert "autocnn.db" in ran.err


@pytest.fixture
def search(here, image_folder):
    """A real search as a process of its own, stopped at the end as Ctrl-C does."""
    command = [sys.executable, "-m", "autocnn", "search", str(image_folder), "--json"]
    with Path("events").open("wb") as events:
        process = subprocess.Popen(
            [*command, "--space", "small.toml", *WORDS],
            stdout=events,
            stderr=subprocess.DEVNULL,
        )
    yield process
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=240) == 75


def test_killing_the_screen_leaves_the_search_alone(search):
    _wait_for_epochs(1)
    with terminal("watch", "stripes") as shown:
        shown.wait_for("LIVE", "1 of 1 trials")
        os.kill(shown.process.pid, signal.SIGKILL)
        shown.process.wait(timeout=240)
    _wait_for_epochs(_epochs() + 5)
    with terminal("watch", "stripes") as again:
        again.wait_for("LIVE", "1 of 1 trials")
    assert search.poll() is None


def _epochs() -> int:
    """Count the epochs that the search has trained."""
    return Path("events").read_text().count('"epoch_ended"')


def _wait_for_epochs(count: int) -> None:
    limit = time.monotonic() + 120  # the first start measures the machine
    while _epochs() < count:
        assert time.monotonic() < limit
        time.sleep(0.1)


def test_without_its_extra_serve_says_how_to_install_it(run, storage, monkeypatch):
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    ran = run("watch", "--serve", "--storage", storage)
    assert ran.code == 2
    assert "textual-serve" in ran.err
    assert "pip install 'autocnn[serve]'" in ran.err


def _opened(visitor, address: str) -> str:
    """Read a page; who serves it says its address just before it does."""
    while True:
        try:
            return visitor.open(address).read().decode()
        except URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.1)


def test_the_page_asks_no_other_site_for_anything(storage):
    command = [sys.executable, "-m", "autocnn", "watch", "--serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--storage", storage], stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stderr is not None
            address = server.stderr.readline().split()[-1]
            base = address.partition("?")[0]
            visitor = build_opener(HTTPCookieProcessor(CookieJar()))
            _opened(visitor, address)  # gives the cookie, and leads to the page
            page = _opened(visitor, base)
            asked = re.findall(r'(?:src|href)="([^"]*)"', page)
            assert f"{base}static/js/textual.js" in asked
            assert all(each.startswith((base, "data:", "/")) for each in asked), asked
            for each in asked:
                if each.startswith(f"{base}static"):
                    assert visitor.open(each).status == 200
        finally:
            server.terminate()


@pytest.fixture
def served(monkeypatch):
    """Stand in for textual-serve: remember what would be served."""
    servers = []

    class Server:
        def __init__(self, command, host, port, title, templates_path):
            self.command, self.host, self.port, self.title = command, host, port, title

        def serve(self):
            servers.append(self)

    module = types.ModuleType("textual_serve.server")
    module.Server = Server
    web = types.ModuleType("aiohttp")
    web.web = types.SimpleNamespace(middleware=lambda function: function)
    monkeypatch.setitem(sys.modules, "textual_serve", types.ModuleType("textual_serve"))
    monkeypatch.setitem(sys.modules, "textual_serve.server", module)
    monkeypatch.setitem(sys.modules, "aiohttp", web)
    for name in ("AUTOCNN_STORAGE", "AUTOCNN_STUDIES", serve.SERVER):
        monkeypatch.setenv(name, "")
    return servers


def test_serve_runs_watch_on_this_machine_only(run, storage, served):
    ran = run("watch", "--serve", "--port", "0", "--storage", storage)
    assert ran.code == 0, ran.err
    (server,) = served
    assert server.host == "127.0.0.1"
    assert server.port > 0
    words = server.command.removeprefix("exec ")
    assert words.endswith("-m autocnn watch --screen overview -- large")
    assert os.environ["AUTOCNN_STORAGE"] == storage


def test_the_words_of_the_served_command_stay_what_they_are(here, served, monkeypatch):
    from autocnn.commands.options import Place

    name = "-it's; $HOME `x`"
    serve.serve(name, "trial:3", Place(here / "a b", "sqlite:///x.db"), 0)
    shell = served[0].command.replace("-m autocnn watch", "-c 'import sys, os; "
        "print(repr((sys.argv[1:], os.environ[\"AUTOCNN_STUDIES\"])))'")  # fmt: skip
    told = subprocess.run(shell, shell=True, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == repr(
        (["--screen", "trial:3", "--", name], str(here / "a b"))
    )


def test_beyond_this_machine_it_says_what_that_means(run, storage, served, capsys):
    ran = run("watch", "--serve", "--port", "0", "--host", "0.0.0.0",
              "--storage", storage)  # fmt: skip
    assert ran.code == 0, ran.err
    (server,) = served
    assert server.host == "0.0.0.0"
    asyncio.run(server.on_startup(None))
    said = capsys.readouterr().err
    assert re.search(r"http://\S+/\?token=\S{32}", said)
    assert "beyond this machine" in said
    assert "can steer its search" in said


@dataclasses.dataclass
class Request:
    """A request as aiohttp hands it on."""

    query_string: str = ""
    host: str = "127.0.0.1:80"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    method: str = "GET"
    path: str = "/ws"


def test_only_who_has_the_address_gets_to_the_screens():
    guard = Guard(port=80, command=serve.COMMAND, write=True)
    web = types.SimpleNamespace(
        middleware=lambda function: function,
        Response=types.SimpleNamespace,
    )
    judge = serve._guarded(web, guard)

    async def page(_request: Request) -> str:
        return "the page"

    def ask(**changes):
        return asyncio.run(judge(Request(**changes), page))

    cookie = {"Cookie": f"autocnn-80={guard.token}"}
    assert ask(headers=cookie) == "the page"
    assert ask().status == 403
    assert ask(headers=cookie, host="evil.example").status == 403
    assert ask(headers={**cookie, "Origin": "http://evil.example"}).status == 403
    welcome = ask(query_string=f"token={guard.token}")
    assert (welcome.status, guard.token in welcome.headers["Set-Cookie"]) == (200, True)


def test_a_taken_port_is_said(run, storage, served):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = run("watch", "--serve", "--port", port, "--storage", storage)
    assert ran.code == 2
    assert f"port {port} cannot be used: Address already in use" in ran.err
    assert "--port" in ran.err
    assert served == []


def test_a_page_never_outlives_its_server(tmp_path):
    """A visitor's process ends when the server that started it was killed."""
    child = (
        "import time; from autocnn.commands.serve import end_with_server;"
        "end_with_server(); print('here', flush=True); time.sleep(60)"
    )
    server = (
        "import os, subprocess, sys, time; "
        "os.environ['AUTOCNN_SERVER'] = str(os.getpid());"
        f"subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", server], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "here\n"
    process.kill()
    process.wait()
    with process.stdout as pipe:
        assert pipe.read() == "", "the pipe ends when nobody is left to write into it"


def test_serve_refuses_where_nothing_can_be_watched(run, here):
    ran = run("watch", "--serve", "--storage", "none.db")
    assert ran.code == 4
    assert "there are no studies in" in ran.err
