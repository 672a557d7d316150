"""Where a command runs: its clock, its letters and its streams may be odd."""

import json
import re
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


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_nothing_to_it(here, storage, closed):
    command = [*AUTOCNN, "leaderboard", "--storage", storage]
    words = ["sh", "-c", f'"$@" {closed}', "sh", *command]
    ran = subprocess.run(words, capture_output=True, text=True)
    assert ran.returncode == 0
    assert "Traceback" not in ran.stdout + ran.stderr
