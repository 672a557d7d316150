"""Where nothing can be written, commands say so, and leave what was there."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from autocnn.commands.endings import stop_the_search, unless_closed
from autocnn.events import Notice

if not Path("/dev/full").exists():
    pytest.skip("there is no /dev/full", allow_module_level=True)


def test_what_cannot_be_written_out_is_told_in_a_sentence(here):
    words = [sys.executable, "-m", "autocnn", "space"]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True)
    assert ran.returncode == 75
    first, hint = ran.stderr.splitlines()
    assert first.startswith("error: cannot write the output: No space left")
    assert "make room" in hint


def test_an_error_that_cannot_be_written_out_keeps_its_exit_code(here):
    words = [sys.executable, "-m", "autocnn", "search", "--trials", "none"]
    with Path("/dev/full").open("w") as full:
        assert subprocess.run(words, stderr=full).returncode == 2


def test_a_line_that_cannot_be_written_does_not_stop_a_search():
    with Path("/dev/full").open("w") as full:

        def write(event) -> None:
            full.write(event.text)
            full.flush()

        emit = unless_closed(write, full, stop_the_search)
        emit(Notice(text="one"))
        emit(Notice(text="two"))
        with contextlib.suppress(OSError):
            full.close()


@pytest.fixture
def read_only(small_disk):
    words = ["mount", "-o", "remount,ro", str(small_disk.path)]
    subprocess.run(words, check=True)
    return small_disk.path


def test_a_search_in_a_folder_that_can_only_be_read_is_refused_at_once(run, read_only):
    for words in (["--studies", read_only], ["--storage", read_only / "a.db"]):
        ran = run("search", *words, "--trials", 1, "--jobs", 1)
        assert ran.code == 2
        first, hint = ran.err.splitlines()
        assert first.startswith(f"error: cannot write to {read_only}")
        assert first.endswith(": Read-only file system")
        assert "--studies" in hint


def test_a_picture_and_a_report_on_a_full_disk_leave_nothing(run, small_disk):
    assert run("search", "--trials", 1, "--epochs", 1, "--jobs", 1).code == 0
    small_disk.fill()
    for words in (("watch", "--screenshot", "a.svg"), ("report", "--output", "a.md")):
        ran = run(*words[:-1], small_disk.path / words[-1])
        assert ran.code == 75, ran.err
        assert "cannot write" in ran.err
        assert "the disk is full" in ran.err
        assert not [p for p in small_disk.path.iterdir() if "a." in p.name]


def test_an_export_to_a_full_disk_leaves_nothing(run, kept, image_folder, small_disk):
    small_disk.fill()
    target = small_disk.path / "out"
    words = ["--model", kept, "--format", "safetensors", "--output", target]
    ran = run("export", *words)
    assert ran.code == 75, ran.err
    assert f"cannot write {target}: " in ran.err
    assert "Traceback" not in ran.err
    assert [path.name for path in small_disk.path.iterdir()] == ["filler"]
