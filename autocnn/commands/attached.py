"""autocnn search on a terminal: the search is a process of its own, watched from here.

Closing the terminal, or this process's end, leaves it running.
"""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from autocnn.commands.options import Place
from autocnn.commands.words import say

LOG = "search.log"
STORAGE = "AUTOCNN_STORAGE"
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
    words, storage = without_storage(words)
    command = [sys.executable, "-m", "autocnn", *words]
    told = {} if storage is None else {STORAGE: storage}
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - our own command
            [*command, "--plain", "--announce", str(ready)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | told,
            start_new_session=True,
        )


def without_storage(words: Sequence[str]) -> tuple[list[str], str | None]:
    """Take --storage out of a command's words: all users can read a process's words.

    Its value may hold a password, and is for the environment, which only its owner can
    read.
    """
    kept: list[str] = []
    storage, rest = None, iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word == "--":
            kept += [word, *rest]
        elif name != "--storage":
            kept.append(word)
        else:
            storage = value if equals else next(rest, None)
    return kept, storage


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
    from autocnn.store.find import find_study
    from autocnn.store.rows import snapshot
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
        words = f"{shlex.quote(study)} {place.typed}".strip()
        say(f"the search goes on as process {search.pid}", err=True)
        say(f"  autocnn watch {words}      # come back to it", err=True)
        say(f"  {place.folder(study) / LOG}  # what it says", err=True)
        app.check()
        return 0
    found = snapshot(find_study(open_storage(place.url), study))
    outcome = found.state.outcome if found.state else "failed"
    code = conclude(place, found, outcome, quiet=False, target=target)
    app.check()
    return code


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


def add_storage(words: list[str], place: Place) -> None:
    """Count a storage that came by the environment among a command's words again.

    The study tells how it was searched: there it stands without its password.
    """
    typed = shlex.split(place.typed)
    if typed[:1] == ["--storage"] and without_storage(words)[1] is None:
        words += typed[:2]
