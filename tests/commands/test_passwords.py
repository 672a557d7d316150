"""A password in a storage's URL is nowhere to be found afterwards."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autocnn.commands.attached import add_storage, without_storage
from autocnn.commands.options import place_of

CANARY = "c4nary-Pässwort"
SEARCH = ("--trials", 3, "--epochs", 2, "--jobs", 1, "--space", "small.toml")


def written(folder: Path) -> dict[Path, bytes]:
    """All that lies in a folder, but what this test itself has put there."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files}


def commands(images: Path) -> list[tuple[object, ...]]:
    return [
        ("search", images, *SEARCH, "--final"),
        ("search", images, *SEARCH, "--json"),
        ("search", images, *SEARCH, "--dry-run"),
        ("studies",),
        ("leaderboard",),
        ("leaderboard", "--study", "nobody"),
        ("show", "best"),
        ("show", "99"),
        ("report", "--output", "report.html"),
        ("report", "--output", "report.md"),
        ("watch", "--screenshot", "seen.svg"),
        ("watch", "--screenshot", "log.svg", "--screen", "log"),
        ("watch",),
        ("replay",),
        ("predict", images),
        ("evaluate",),
        ("ensemble",),
        ("train", "best", "--epochs", 1),
        ("export", "best", "--format", "safetensors"),
        ("reproduce", "best"),
        ("bench",),
    ]


def test_a_storage_that_works_keeps_its_password_to_itself(run, here, image_folder):
    """The database, the log, the report, pictures, cards: none of them has it."""
    # SQLite takes no password, and no notice of one.
    url = f"sqlite:///{here}/studies/autocnn.db?password={CANARY}"
    codes = {}
    for words in commands(image_folder):
        ran = run(*words, "--storage", url)
        codes.setdefault(words[0], ran.code)
        assert CANARY not in ran.out + ran.err, words
        assert "Traceback" not in ran.err, (words, ran.err)
    assert codes["search"] == codes["report"] == codes["leaderboard"] == 0
    assert Path("seen.svg").exists()
    found = written(here)
    assert any(path.suffix == ".db" for path in found)
    assert any(path.name == "card.json" for path in found)
    for path, content in found.items():
        assert CANARY.encode() not in content, path
        assert ascii(CANARY)[1:-1].encode() not in content, path


SERVERS = [
    f"postgresql://me:{CANARY}@127.0.0.1:1/studies",
    f"postgresql://127.0.0.1:1/studies?user=me&password={CANARY}",
    f"mysql+pymysql://me:{CANARY}@127.0.0.1:1/studies",
    f"postgresql://me:{CANARY}@127.0.0.1:port/studies",
    f"postgresql://me:p@{CANARY}:word@127.0.0.1/studies",
    f"://me:{CANARY}@host",
]


@pytest.mark.parametrize("url", SERVERS, ids=range(len(SERVERS)))
def test_a_server_that_refuses_is_told_of_without_the_password(
    run, here, image_folder, url
):
    for words in commands(image_folder):
        ran = run(*words, "--storage", url)
        assert ran.code in {2, 4, 75}, (words, ran.err)
        assert CANARY not in ran.out + ran.err, words
        assert "Traceback" not in ran.err
    ran = run("dashboard", "--port", 0, "--storage", url)
    assert ran.code in {2, 75}
    assert CANARY not in ran.out + ran.err
    for path, content in written(here).items():
        assert CANARY.encode() not in content, path


@pytest.mark.skipif(
    importlib.util.find_spec("psycopg") is None, reason="no driver is installed"
)
def test_a_server_that_is_not_there_may_come_back(run, here):
    ran = run("leaderboard", "--storage", SERVERS[0])
    assert ran.code == 75, ran.err
    assert "127.0.0.1" in ran.err


@pytest.mark.parametrize(
    ("words", "kept", "storage"),
    [
        (["search", "x"], ["search", "x"], None),
        (["search", "--storage", "u", "x"], ["search", "x"], "u"),
        (["search", "--storage=u=v", "x"], ["search", "x"], "u=v"),
        (["search", "--storage", "a", "--storage=b"], ["search"], "b"),
        (["search", "--", "--storage", "u"], ["search", "--", "--storage", "u"], None),
        (["search", "--storages", "u"], ["search", "--storages", "u"], None),
        (["search", "--storage"], ["search"], None),
    ],
)
def test_the_storage_is_no_word_of_the_second_process(words, kept, storage):
    assert without_storage(words) == (kept, storage)


def test_the_study_still_tells_its_storage_without_the_password():
    place = place_of(f"postgresql://me:{CANARY}@host/db", None)
    words = ["autocnn", "search", "digits", "--plain"]
    add_storage(words, place)
    assert words[4:] == ["--storage", "postgresql://me:***@host/db"]
    add_storage(words, place)
    assert len(words) == 6
    alone = ["autocnn", "search"]
    add_storage(alone, place_of(None, Path("there")))
    assert alone == ["autocnn", "search"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_no_process_but_the_one_that_was_typed_has_it_among_its_words(
    here, image_folder
):
    url = f"sqlite:///{here}/studies/autocnn.db?password={CANARY}"
    words = ("search", image_folder, *SEARCH[2:], "--trials", 2, "--epochs", 4000)
    code = (
        "import sys; from autocnn.commands.attached import _start; "
        "from pathlib import Path; "
        "print(_start(sys.argv[1:], Path('said'), Path('ready')).pid)"
    )
    # What a terminal starts, without the terminal.
    command = [sys.executable, "-c", code, *map(str, words), "--storage", url]
    began = subprocess.run(command, capture_output=True, text=True, check=True)
    search = int(began.stdout)
    try:
        limit = time.monotonic() + 240
        while not Path("ready").exists():
            assert time.monotonic() < limit, Path("said").read_text()
            time.sleep(0.1)
        time.sleep(0.5)  # its workers are starting
        told = [
            (path.parent.name, path.read_bytes())
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if CANARY.encode() in _read(path)
        ]
        assert told == []
        assert b"--plain" in _read(Path(f"/proc/{search}/cmdline"))
    finally:
        os.killpg(search, signal.SIGKILL)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
