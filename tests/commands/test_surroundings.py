"""Where a command runs: its clock, its letters and its streams may be odd."""

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.studies import make_study

NEGATIVE = re.compile(r"(?<![\w.-])-\d[\d.]*(s|m\d\ds|h\d\dm)\b")
AUTOCNN = [sys.executable, "-m", "autocnn"]


@pytest.fixture
def storage(tmp_path) -> str:
    return make_study(tmp_path / "made.db", 9, running=1)


def set_back(file: Path) -> None:
    """Take an hour from all times since the middle of trial 4."""
    with closing(sqlite3.connect(file)) as database, database:
        for column, first in (("datetime_start", 5), ("datetime_complete", 4)):
            database.execute(
                f"UPDATE trials SET {column} = datetime({column}, '-1 hour') "
                f"WHERE number >= {first}"
            )
        logs = database.execute(
            "SELECT trial_user_attribute_id, number, value_json "
            "FROM trial_user_attributes JOIN trials USING (trial_id) "
            "WHERE key = 'epochs' AND number >= 4"
        ).fetchall()
        assert logs
        for row, number, text in logs:
            log = json.loads(text)
            for epoch in log[len(log) // 2 if number == 4 else 0 :]:
                epoch[0] -= 3600
            database.execute(
                "UPDATE trial_user_attributes SET value_json = ? "
                "WHERE trial_user_attribute_id = ?",
                (json.dumps(log), row),
            )


def test_a_clock_that_was_set_back_shows_no_negative_times(run, here, storage):
    set_back(Path(storage.removeprefix("sqlite:///")))
    texts = [run("leaderboard", "--storage", storage), run("show", 4)]
    for screen in ("overview", "curves", "log", "trial:4"):
        words = ("--screenshot", "seen.svg", "--screen", screen)
        texts.append(run("watch", "--storage", storage, *words))
        texts.append(Path("seen.svg").read_text("utf-8"))
    texts.append(run("report", "--storage", storage, "--output", "seen.md"))
    texts.append(Path("seen.md").read_text("utf-8"))
    for text in texts:
        assert not NEGATIVE.search(str(text))
        assert "Traceback" not in str(text)


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_letters_that_cannot_be_written_are_spelt_out(here, storage, locale):
    bare = ["env", "-u", "PYTHONIOENCODING", f"LC_ALL={locale}"]
    bare += ["PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0"]
    words = [*bare, *AUTOCNN, "leaderboard", "--storage", storage]
    ran = subprocess.run(words, capture_output=True)
    assert ran.returncode == 0, ran.stderr
    assert rb"% \xb1" in ran.stdout


def test_a_path_that_is_no_text_is_as_good_as_another(run, here, image_folder):
    there = here / os.fsdecode(b"d\xe4ta")
    shutil.copytree(image_folder, there)
    for old, new in (("across", b"c\xe4t"), ("upright", b"c\xe5t")):
        (there / old).rename(there / os.fsdecode(new))
    words = ("--trials", 1, "--space", "small.toml", "--epochs", 1, "--jobs", 1)
    for more in ((), ("--trials", "+1")):
        ran = run("search", there, *words, *more)
        assert ran.code == 0, ran.err
    (best,) = here.glob("studies/*/best")
    card = json.loads((best / "card.json").read_text("utf-8"))
    assert card["data"]["source"] == str(there)
    assert card["classes"] == ["c\\xe4t", "c\\xe5t"]
    exported = run("export", "--format", "python", "--output", "exported")
    assert exported.code == 0, exported.err
    for path in Path("exported").glob("*.py"):
        compile(path.read_text("utf-8"), path, "exec")


@pytest.mark.skipif(sys.platform != "linux", reason="limits are the system's")
def test_too_little_memory_for_pytorch_is_told_in_a_sentence(here):
    command = f"ulimit -v 900000; {shlex.join(AUTOCNN)} search --trials 1"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: a library cannot be loaded: ")
    assert "ulimit -v" in ran.stderr


def test_a_database_without_a_suffix_has_files_beside_it(run, here):
    words = ("--trials", 1, "--epochs", 1, "--jobs", 1, "--storage", "mine")
    assert run("search", *words).code == 0
    assert (here / "mine").is_file()
    assert (here / "mine-files" / "digits" / "best" / "card.json").exists()
    assert run("show", "best", "--storage", "mine").code == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_nothing_to_it(here, storage, closed):
    command = [*AUTOCNN, "leaderboard", "--storage", storage]
    words = ["sh", "-c", f'"$@" {closed}', "sh", *command]
    ran = subprocess.run(words, capture_output=True, text=True)
    assert ran.returncode == 0
    assert "Traceback" not in ran.stdout + ran.stderr
