"""A database that is locked, full or gone costs a search time, and nothing else."""

import gc
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import servers
from optuna.storages import RDBStorage

from autocnn.cli import main
from autocnn.commands.setup import set_up
from autocnn.search import sole
from autocnn.storage import open_storage, storage_url
from autocnn.store.find import find_study
from autocnn.store.rows import snapshot
from autocnn.store.state import STATE

SPACE = """
[space]
stages = 2
convs_per_stage = 1
width = [8, 16]
kernel = 3
block = "plain"
norm = "batch_norm"
batch_size = 16
augmentation = "none"
"""
WORDS = ("--space", "small.toml", "--jobs", "1", "--pruner", "none", "--json")
SHORT = ("--trials", "3", "--epochs", "20")
LONG = ("--trials", "1", "--epochs", "4000")
IMPATIENT = """
import os
from autocnn import patient, waiting
patient.BUSY_MILLISECONDS = 50
waiting.MOST_SECONDS = float(os.environ["PATIENCE"])
from autocnn.cli import main
main()
"""


@contextmanager
def opened(url: str) -> Iterator[RDBStorage]:
    storage = open_storage(url)
    yield storage
    storage.remove_session()
    storage.engine.dispose()


def trials(url: str) -> list[tuple[object, ...]]:
    """Say what the study's trials came to."""
    with opened(url) as storage:
        found = snapshot(find_study(storage, "stripes"))
    rows = sorted(found.trials, key=lambda row: row.trial)
    return [(row.trial, row.status, row.epochs, row.curve) for row in rows]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, image_folder, cache) -> list[tuple[object, ...]]:
    """What the trials of an unbroken search come to."""
    place = tmp_path_factory.mktemp("unbroken")
    (place / "small.toml").write_text(SPACE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("AUTOCNN_CACHE", str(cache))
        words = ["search", str(image_folder), *WORDS, *SHORT]
        patch.setattr(sys, "argv", ["autocnn", *words])
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code
    found = trials(storage_url(str(place / "studies" / "autocnn.db")))
    assert [row[:3] for row in found] == [(n, "complete", 20) for n in range(3)]
    return found


class Begun:
    """A search that is a process of its own, once it trains a trial."""

    def __init__(self, words: list[str], trial: int, patience: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", IMPATIENT, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PATIENCE": str(patience)},
        )
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        while True:
            event = self._next()
            if event["event"] == "epoch_ended" and event["trial"] >= trial:
                return

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as said:
            for line in said:
                self._said.put(line)
        self._said.put("")

    def _next(self) -> dict[str, Any]:
        line = self._said.get()
        assert line, self.process.stderr and self.process.stderr.read()
        event: dict[str, Any] = json.loads(line)
        return event

    def notice(self, beginning: str) -> str:
        """Listen until this is said."""
        while True:
            text = str(self._next().get("text", ""))
            if text.startswith(beginning):
                return text

    def end(self) -> tuple[int, str]:
        """Wait for its end; the exit code, and what was said of errors."""
        assert self.process.stderr is not None
        with self.process.stderr as said:
            errors = said.read()
        self._reader.join()
        return self.process.wait(), errors

    def kill(self) -> None:
        self.process.kill()
        self.end()


@pytest.fixture
def begin(here, image_folder):
    """Begin a search in a storage; whatever is left of it is ended."""
    (here / "small.toml").write_text(SPACE)
    searches = []

    def begin(url: str, *words: str, trial: int = 1, patience: float = 600.0) -> Begun:
        place = ["--storage", url, "--studies", str(here / "studies")]
        words = ("search", str(image_folder), *place, *WORDS, *(words or SHORT))
        searches.append(Begun(list(words), trial, patience))
        return searches[-1]

    yield begin
    for search in searches:
        if search.process.poll() is None:
            search.kill()


@pytest.fixture
def holder(sqlite) -> Iterator[servers.Holder]:
    """Another program, which can hold the database."""
    holder = servers.Holder(Path(sqlite.removeprefix("sqlite:///")))
    yield holder
    holder.let_go()


@pytest.fixture
def sqlite(tmp_path) -> str:
    return storage_url(str(tmp_path / "a.db"))


def test_a_search_goes_on_when_a_locked_database_is_free(
    begin, holder, sqlite, unbroken
):
    search = begin(sqlite)
    holder.take()
    said = search.notice("waiting: ")
    assert said == f"waiting: the storage {sqlite} does not answer: database is locked"
    assert [row[1] for row in trials(sqlite)] == ["complete", "running", "waiting"]
    holder.let_go()
    search.notice("the wait is over")
    assert search.end() == (0, "")
    assert trials(sqlite) == unbroken


def test_ctrl_c_while_it_waits_is_heard(begin, holder, sqlite, unbroken):
    search = begin(sqlite)
    holder.take()
    search.notice("waiting: ")
    search.process.send_signal(signal.SIGINT)
    code, errors = search.end()
    holder.let_go()
    assert code == 75
    assert errors.splitlines() == [
        f"error: the storage {sqlite} does not answer: database is locked",
        "  hint: nothing is lost; run the same command again later",
    ]
    assert begin(sqlite).end()[0] == 0
    assert trials(sqlite) == unbroken


@pytest.fixture
def disk(small_disk):
    """A disk that has room for a study."""
    words = ["mount", "-o", "remount,size=12m", str(small_disk.path)]
    subprocess.run(words, check=True)
    return small_disk


def test_a_search_on_a_full_disk_waits_for_room(begin, disk, unbroken):
    url = storage_url(str(disk.path / "a.db"))
    search = begin(url, "--studies", str(disk.path), *SHORT)
    for _ in range(2):
        disk.fill()
        search.notice("waiting: ")
        disk.filler.unlink()
        search.notice("the wait is over")
    assert search.end() == (0, "")
    assert trials(url) == unbroken


def test_a_search_on_a_disk_that_stays_full_goes_on_another_time(begin, disk, unbroken):
    url = storage_url(str(disk.path / "a.db"))
    place = ("--studies", str(disk.path), *SHORT)
    search = begin(url, *place, patience=1.0)
    disk.fill()
    code, errors = search.end()
    assert code == 75
    assert "disk is full" in errors
    assert errors.splitlines()[-1].startswith("  hint: nothing is lost")
    disk.filler.unlink()
    assert begin(url, *place).end() == (0, "")
    assert trials(url) == unbroken


@pytest.mark.parametrize(
    ("engine", "server"),
    [
        ("local", servers.PostgreSQL),
        ("ray", servers.PostgreSQL),
        ("local", servers.MariaDB),
    ],
    indirect=["server"],
)
def test_a_search_goes_on_when_its_server_is_back(engine, begin, server, unbroken):
    search = begin(server.url, *SHORT, "--engine", engine)
    server.stop()
    said = search.notice("waiting: the storage ")
    assert ":***@127.0.0.1:" in said
    server.start()
    search.notice("the wait is over")
    assert search.end() == (0, "")
    found = trials(server.url)
    if engine == "ray":  # it adds up in another order: with one thread
        found, unbroken = ([row[:3] for row in rows] for rows in (found, unbroken))
    assert found == unbroken


# A command leaves its connections to the end of its process: here, to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_server_that_is_lost_before_the_first_trial_is_waited_for(
    run, image_folder, server, monkeypatch
):
    def lost(*given: Any) -> Any:
        setup = set_up(*given)
        server.stop()
        threading.Timer(1.0, server.start).start()
        return setup

    monkeypatch.setattr("autocnn.commands.setup.set_up", lost)
    ran = run("search", image_folder, *WORDS, *SHORT, "--storage", server.url)
    gc.collect()
    assert ran.code == 0, ran.err
    assert "does not answer" in ran.out or "cannot be opened" in ran.out
    assert "the wait is over" in ran.out


@pytest.mark.parametrize("server", servers.KINDS, indirect=True)
def test_a_search_whose_server_stays_away_goes_on_another_time(begin, server, unbroken):
    search = begin(server.url, patience=1.0)
    server.stop()
    code, errors = search.end()
    server.start()
    assert code == 75
    assert errors.startswith("error: the storage ")
    assert "does not answer" in errors
    assert "secret" not in errors
    assert begin(server.url).end() == (0, "")
    assert trials(server.url) == unbroken


def take_away(file: Path) -> None:
    file.unlink()


def damage(file: Path) -> None:
    file.write_bytes(os.urandom(200_000))
    for log in ("-wal", "-shm"):
        Path(f"{file}{log}").unlink(missing_ok=True)


def delete(file: Path) -> None:
    with opened(storage_url(str(file))) as storage:
        storage.delete_study(find_study(storage, "stripes")._study_id)


@pytest.mark.parametrize(
    ("harm", "code", "said"),
    [
        (take_away, 75, "was taken away by another program while it was searched"),
        (damage, 2, "cannot be searched with: "),
        (delete, 4, "study 'stripes' was deleted while it was searched"),
    ],
)
def test_a_study_that_is_taken_from_its_search_ends_it_in_a_sentence(
    harm, code, said, begin, sqlite
):
    search = begin(sqlite, *LONG, trial=0)
    harm(Path(sqlite.removeprefix("sqlite:///")))
    left, errors = search.end()
    assert left == code
    assert said in errors
    assert len(errors.splitlines()) == 2  # with a hint


def test_a_study_on_a_server_that_another_machine_searches_is_refused(
    begin, server, image_folder, monkeypatch
):
    search = begin(server.url, *LONG, trial=0)
    words = [
        sys.executable,
        "-m",
        "autocnn",
        "search",
        str(image_folder),
        *WORDS,
        *LONG,
    ]
    words += ["--storage", server.url, "--studies", "elsewhere"]
    ran = subprocess.run(words, capture_output=True, text=True)
    assert ran.returncode == 75
    holder = f"process {search.process.pid} on {socket.gethostname()}"
    assert f"another search works on study 'stripes': {holder}" in ran.stderr
    search.kill()
    said: list[str] = []
    with opened(server.url) as storage:
        sole.check_silent(storage, "stripes", said.append)
        assert said == []  # it died here, and that is known at once
        study = find_study(storage, "stripes")
        study.set_user_attr(STATE, study.user_attrs[STATE] | {"host": "elsewhere"})
        monkeypatch.setattr(sole, "SILENT_SECONDS", 1.0)
        sole.check_silent(storage, "stripes", said.append)
    assert said[0].endswith("on elsewhere still searches: 1.0s at most")
