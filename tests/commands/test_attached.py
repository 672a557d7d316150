"""autocnn search on a real terminal: watched from there, and independent of it."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from autocnn.storage import open_engine, open_storage, storage_url
from autocnn.store.command import send
from autocnn.store.find import find_study
from autocnn.store.reader import Reader

LONG = ("--trials", "2", "--epochs", "4000", "--jobs", "1", "--pruner", "none")
SHORT = ("--trials", "2", "--epochs", "3", "--jobs", "1", "--pruner", "none")


class Terminal:
    """A command on a terminal of its own, 120x40."""

    def __init__(self, *words: str, program: Sequence[str] = ("-m", "autocnn")) -> None:
        self._end, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, *program, *words],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - this process has one thread
        )
        os.close(inner)
        self.said = ""

    def read(self, seconds: float = 0.2) -> None:
        """Take in what the terminal was told, until it is quiet."""
        while select.select([self._end], [], [], seconds)[0]:
            try:
                found = os.read(self._end, 65536)
            except OSError:
                return  # nobody holds the other end any more
            self.said += found.decode("utf-8", "replace")

    def wait_for(self, words: str) -> None:
        """Return when these words stand on the terminal, colors left out."""
        limit = time.monotonic() + 240
        while words not in plain(self.said):
            assert time.monotonic() < limit, plain(self.said)[-3000:]
            assert self.process.poll() is None, plain(self.said)[-3000:]
            self.read()

    def press(self, keys: str) -> None:
        os.write(self._end, keys.encode())

    def end(self) -> int:
        """Wait for the command to end; its exit code."""
        limit = time.monotonic() + 240
        while self.process.poll() is None:
            assert time.monotonic() < limit, plain(self.said)[-3000:]
            self.read()
        self.read()
        return self.process.returncode

    def close(self) -> None:
        """Close the terminal's window."""
        if self._end >= 0:
            os.close(self._end)
        self._end = -1


def _take_terminal() -> None:
    """Let the terminal's end end the command, as it does everywhere.

    Even if these tests are run where nobody hears of it, as under nohup.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def plain(text: str) -> str:
    """Leave out what only moves the cursor or colors."""
    return re.sub(
        r"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|[()][A-B]|[=>]|\][^\x07]*\x07)", "", text
    )


@pytest.fixture
def search(here, image_folder):
    """Start searches on terminals; whatever is left of them is ended."""
    terminals = []

    def start(*words: str) -> Terminal:
        words = ("search", str(image_folder), "--space", "small.toml", *words)
        terminals.append(Terminal(*words))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.process.kill()
        terminal.process.wait()
        terminal.close()
    if (found := state()) is not None and found.phase != "ended":
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.pid, signal.SIGKILL)


def state():
    reader = Reader(open_engine(storage_url("studies/autocnn.db")), None)
    try:
        return reader.read().state
    finally:
        reader.close()


def lives_on() -> bool:
    """Whether the search still says something new."""
    before, limit = state(), time.monotonic() + 30
    while time.monotonic() < limit:
        if state().beat > before.beat:
            return True
        time.sleep(0.2)
    return False


def stop_it() -> None:
    """Ask the search to stop, as another terminal would, and wait until it has."""
    storage = open_storage(storage_url("studies/autocnn.db"))
    send(find_study(storage, None), "stop")
    limit = time.monotonic() + 60
    while state().phase != "ended":
        assert time.monotonic() < limit
        time.sleep(0.1)
    assert state().outcome == "interrupted"


def test_a_search_is_shown_to_its_end_and_then_summed_up(search):
    terminal = search(*SHORT)
    terminal.wait_for("ENDED")
    terminal.press("q")
    assert terminal.end() == 0
    shown = plain(terminal.said)
    assert "accuracy on 20 validation images" in shown.rpartition("ENDED")[2]
    assert "autocnn show best" in shown


def test_a_search_that_is_left_goes_on_and_can_be_come_back_to(search):
    terminal = search(*LONG)
    terminal.wait_for("LIVE")
    terminal.press("q")
    terminal.wait_for("Leave?")
    terminal.press("d")
    assert terminal.end() == 0
    assert "autocnn watch stripes" in plain(terminal.said)
    assert lives_on()

    again = Terminal("watch", "stripes")
    again.wait_for("LIVE")
    again.press("q")
    again.wait_for("Leave?")
    again.press("\r")  # to detach is the first answer
    assert again.end() == 0
    again.close()
    assert lives_on()
    stop_it()
    assert "trial 0 started" in Path("studies/stripes/search.log").read_text()


@pytest.mark.parametrize("how", ["killed", "window closed"])
def test_a_search_survives_its_screen(search, how):
    terminal = search(*LONG)
    terminal.wait_for("LIVE")
    if how == "killed":
        terminal.process.kill()
    else:
        terminal.close()
    terminal.process.wait(timeout=240)
    assert lives_on()
    stop_it()


def test_stopping_from_the_screen_stops_the_search(search):
    terminal = search(*LONG)
    terminal.wait_for("LIVE")
    terminal.press("q")
    terminal.wait_for("Leave?")
    terminal.press("s")
    assert terminal.end() == 75
    assert "the same command goes on from here" in plain(terminal.said)
    assert state().outcome == "interrupted"


def test_an_error_before_the_search_is_told_on_the_terminal(here):
    terminal = Terminal("search", "no-such-data")
    assert terminal.end() == 2
    assert "no-such-data" in plain(terminal.said)
    assert "hint" in plain(terminal.said)
    terminal.close()


BROKEN = """
from autocnn.cli import main
from autocnn.views.tui.app import Watch

def broken(self, message):
    password = "c4nary"
    raise KeyError(len(password))

Watch.on_read = broken
main()
"""


def test_a_screen_that_breaks_says_a_sentence_and_the_search_goes_on(search):
    terminal = search(*LONG)
    terminal.wait_for("LIVE")
    again = Terminal("watch", "stripes", program=("-c", BROKEN))
    assert again.end() == 1
    shown = plain(again.said)
    assert "error: the screen broke off: KeyError: 6" in shown
    assert "a search goes on without it" in shown
    assert "c4nary" not in shown
    assert "Traceback" not in shown
    again.close()
    assert lives_on()
    stop_it()
