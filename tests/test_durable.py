"""Files are the old ones or the new ones, whatever fails, however a process ends."""

import errno
import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import pytest

from autocnn import durable
from autocnn.errors import RequestError, UnavailableError

OLD, NEW = {"a": b"old", "deep/b": b"old"}, {"a": b"new", "deep/b": b"new"}
MANY = range(1, 30)


def tried(write: Callable[[], None]) -> OSError | None:
    """Give the error that it meets."""
    try:
        write()
    except OSError as error:
        return error
    return None


def files(folder) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_whichever_call_fails_a_file_is_the_old_one_or_the_new_one(
    tmp_path, failing, code
):
    failed = []
    for number in MANY:
        path = tmp_path / f"{number}" / "file"
        before = path.with_name("before")
        durable.write(path, b"oldest")
        durable.write(path, b"old", before=before)
        with failing(number, code=code) as made:
            error = tried(partial(durable.write, path, b"new", before=before))
        if error is not None:
            assert (error.errno, error.filename) == (code, str(path))
            failed.append(made[-1])
        found = files(path.parent)
        newest = found.get("file", found["before"])
        assert newest == b"old" or found == {"file": b"new", "before": b"old"}
        assert set(found) <= {"file", "before"}
        durable.write(path, b"newer", before=before)
        assert files(path.parent)["file"] == b"newer"
    assert failed == ["open", "fsync", "replace", "replace", "fsync"]


def test_whichever_call_fails_a_folder_is_the_old_one_or_the_new_one(tmp_path, failing):
    failed = 0
    for number in MANY:
        folder = tmp_path / f"{number}" / "kept"
        durable.write_folder(folder, OLD)
        with failing(number):
            error = tried(partial(durable.write_folder, folder, NEW))
        if error is not None:
            assert error.filename == str(folder)
            failed += 1
        assert files(folder) in (OLD, NEW)
        assert [path.name for path in folder.parent.iterdir()] == ["kept"]
    assert failed > 8


def test_a_folder_that_was_between_two_names_is_put_back(tmp_path):
    durable.write_folder(tmp_path / "kept", OLD)
    (tmp_path / "kept").rename(tmp_path / ".kept-old")
    durable.recover(tmp_path / "kept")
    assert files(tmp_path / "kept") == OLD


def test_of_a_full_disk_it_is_said_what_is_needed_and_what_is_free(small_disk):
    path = small_disk.path / "file"
    durable.write(path, b"old")
    small_disk.fill()
    with pytest.raises(OSError, match="the disk is full") as caught:
        durable.write(path, b"x" * 2_000_000)
    assert caught.value.errno in durable.FULL
    assert "2 MB are needed, 0 B are free" in str(caught.value)
    assert path.read_bytes() == b"old"
    with pytest.raises(OSError, match="the disk is full"):
        durable.write_folder(small_disk.path / "kept", {"a": b"x" * 2_000_000})
    assert {each.name for each in small_disk.path.iterdir()} == {"file", "filler"}


def test_it_waits_until_there_is_room(small_disk, monkeypatch, said):
    make_room = small_disk.filler.unlink
    monkeypatch.setattr("autocnn.waiting.sleep", lambda _: make_room())
    small_disk.fill()
    path = small_disk.path / "file"
    durable.until_written(lambda: durable.write(path, b"x" * 9000))
    assert len(path.read_bytes()) == 9000
    full = f"cannot write {path}: the disk is full (9 kB are needed, 0 B are free)"
    assert said == [f"waiting: {full}", "the wait is over"]


def test_where_there_is_never_room_it_is_given_up(tmp_path, failing, pauses):
    with (
        failing(1, times=10**6),
        pytest.raises(UnavailableError, match="the disk is full") as caught,
    ):
        durable.until_written(lambda: durable.write(tmp_path / "file", b"new"))
    assert caught.value.exit_code == 75
    assert sum(pauses) > 120


def test_what_is_not_there_is_not_waited_for(tmp_path, pauses):
    with pytest.raises(FileNotFoundError):
        durable.until_written((tmp_path / "gone").read_bytes)
    assert pauses == []


def test_a_disk_that_can_only_be_read_is_refused(small_disk):
    studies = small_disk.path / "studies" / "deep"
    durable.check_writable(studies)
    words = ["mount", "-o", "remount,ro", str(small_disk.path)]
    subprocess.run(words, check=True)
    with pytest.raises(RequestError, match=f"cannot write to {studies}: Read-only"):
        durable.check_writable(studies)


WRITER = """
import hashlib, pathlib, random, sys
from autocnn import durable
path, before = map(pathlib.Path, sys.argv[1:])
while True:
    content = random.randbytes(random.randrange(1, 3_000_000))
    durable.write(path, hashlib.sha256(content).digest() + content, before=before)
    print("written", flush=True)
"""


def test_a_process_killed_while_it_writes_leaves_a_whole_file(tmp_path):
    path, before = tmp_path / "file", tmp_path / "before"
    chance, caught = random.Random(0), 0
    words = [sys.executable, "-c", WRITER, str(path), str(before)]
    tries = 0
    while tries < 12 or not caught:
        tries += 1
        assert tries < 100, "no kill came while it wrote"
        writer = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written\n"
        time.sleep(chance.uniform(0.02, 0.1))
        writer.kill()
        writer.communicate()
        caught += len(list(tmp_path.glob(".file.*")))
        there = [file for file in (path, before) if file.exists()]
        assert there
        for file in there:
            content = file.read_bytes()
            assert hashlib.sha256(content[32:]).digest() == content[:32]
