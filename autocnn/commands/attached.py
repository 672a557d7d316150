"""autocnn search on a terminal: the search is a process of its own, watched from here.

Closing the terminal, or this process's end, leaves it running.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from autocnn.commands.options import Place

LOG = "search.log"
POLL_SECONDS = 0.05
END_SECONDS = 30.0


def search_attached(words: Sequence[str], place: Place, *, target: float | None) -> int:
    """Start a search with these words of the command line and show its screen."""
    with tempfile.TemporaryDirectory(prefix="autocnn-") as name:
        log, ready = Path(name) / LOG, Path(name) / "ready"
        search = _start(words, log, ready)
        with _interrupting(search):
            study = _follow_setup(search, log, ready)
            if study is None:
                return search.returncode
            return _watch(search, study, place, target)


def _start(words: Sequence[str], log: Path, ready: Path) -> "subprocess.Popen[bytes]":
    """Start it in a session of its own: no signal of this terminal reaches it."""
    command = [sys.executable, "-m", "autocnn", *words]
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - our own command
            [*command, "--plain", "--announce", str(ready)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _follow_setup(
    search: "subprocess.Popen[bytes]", log: Path, ready: Path
) -> str | None:
    """Pass on what it says until it searches; the study's name, or None if it ended."""
    with log.open("rb") as said:
        while True:
            over = search.poll() is not None
            there = ready.exists()
            sys.stderr.buffer.write(said.read())
            sys.stderr.flush()
            if there:
                name: str = json.loads(ready.read_text("utf-8"))["study"]
                return name
            if over:
                return None
            time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def _interrupting(search: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Let Ctrl-C stop the search, a second one at once, until the screen is there.

    On the screen it is a key like others.
    """
    asked = 0

    def ask(_signal: int, _frame: object) -> None:
        nonlocal asked
        asked += 1
        search.send_signal(signal.SIGINT if asked == 1 else signal.SIGKILL)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _watch(
    search: "subprocess.Popen[bytes]", study: str, place: Place, target: float | None
) -> int:
    from autocnn.commands.conclude import conclude
    from autocnn.storage import open_storage
    from autocnn.store.rows import find_study, snapshot
    from autocnn.views.tui.app import Watch
    from autocnn.views.tui.feed import LiveFeed

    feed = LiveFeed(place.url, study, place.folder(study))
    app = Watch(feed, owned=True)
    left = app.run()
    state = app.moment.study.state if app.moment else None
    if left != "detach" and state is not None and state.phase == "ended":
        # It has said its last word, and takes a moment to leave.
        with contextlib.suppress(subprocess.TimeoutExpired):
            search.wait(END_SECONDS)
    if left == "detach" or search.poll() is None:
        words = f"{study} {place.typed}".strip()
        click.echo(f"the search goes on as process {search.pid}", err=True)
        click.echo(f"  autocnn watch {words}      # come back to it", err=True)
        click.echo(f"  {place.folder(study) / LOG}  # what it says", err=True)
        return 0
    found = snapshot(find_study(open_storage(place.url), study))
    outcome = found.state.outcome if found.state else "failed"
    return conclude(place, found, outcome, quiet=False, target=target)


def announce(ready: Path, study: str, folder: Path) -> None:
    """Say that the search begins, and go on writing into its study's own log."""
    folder.mkdir(parents=True, exist_ok=True)
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    sys.stdout.flush()
    sys.stderr.flush()
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    fresh = ready.with_suffix(".new")
    fresh.write_text(json.dumps({"study": study}), encoding="utf-8")
    fresh.replace(ready)
