"""Studies that releases of autocnn have written open in this one, and in plain Optuna.

A release adds a file to tests/releases: its first line says how it was made.
"""

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from autocnn.cli import main
from autocnn.store.edition import EDITION, KNOWN

RELEASES = sorted(Path(__file__).with_name("releases").glob("*.sql"))
HAS = {
    "a trial that went on after a pause": "promotions",
    "pauses": "pauses",
    "curves": "epochs",
    "settings": "autocnn:config",
    "a final training": "autocnn:final",
    "recipes trained again": "autocnn:confirmed",
    "a corrected score": "autocnn:estimate",
    "the test set's opening": "autocnn:test",
    "its last state": "autocnn:state",
    "its environment": "autocnn:environment",
    "its edition": EDITION,
}
SHOWS = [
    ("leaderboard",),
    ("show", "best"),
    ("show", "0", "--recipe"),
    ("watch", "--screenshot", "seen.svg"),
    ("report", "--output", "report.html"),
]


@pytest.fixture(params=RELEASES, ids=lambda path: path.stem)
def database(request, tmp_path, monkeypatch, cache) -> Path:
    """Its database, in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOCNN_CACHE", str(cache))
    Path("studies").mkdir()
    with opened(Path("studies/autocnn.db")) as connection:
        connection.executescript(request.param.read_text("utf-8"))
    return Path("studies/autocnn.db")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        yield connection


def kept(path: Path) -> dict[int, tuple[str, float | None]]:
    """What became of its trials, by their numbers, read without Optuna."""
    with opened(path) as connection:
        return {
            number: (state, value)
            for number, state, value in connection.execute(
                "SELECT number, state, value FROM trials "
                "LEFT JOIN trial_values USING (trial_id)"
            )
        }


@pytest.fixture
def run(capsys, monkeypatch):
    """Run a command here; its exit code and all that it said."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["autocnn", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def test_there_is_a_release():
    assert RELEASES


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_a_release_kept_all_that_a_study_can_have_and_no_place(path):
    text = path.read_text("utf-8")
    for what, word in HAS.items():
        assert word in text, what
    for place in ("/home", "/root", "/tmp", "/Users", "/work", "C:\\"):
        assert place not in text
    assert len(text) < 200_000


def test_its_trials_are_ranked_as_they_were(database, run):
    code, out, err = run("leaderboard", "--format", "json")
    assert code == 0, err
    told = {row["trial"]: row["val_accuracy"] for row in json.loads(out)}
    for number, (state, value) in kept(database).items():
        if state == "COMPLETE":
            assert told[number] == pytest.approx(value)


def test_it_is_shown_in_every_way(database, run):
    before = kept(database)
    for words in SHOWS:
        code, _, err = run(*words)
        assert code == 0, (words, err)
        assert "Traceback" not in err
    picture = unescape(Path("seen.svg").read_text("utf-8")).replace("\xa0", " ")
    assert f"of {len(before)} trials" in picture or f"{len(before)} trials" in picture
    page = Path("report.html").read_text("utf-8")
    for chapter in ("The result", "The best trials", "What pausing saved"):
        assert f"<h2>{chapter}</h2>" in page
    assert "test" in page
    assert kept(database) == before


def test_its_search_goes_on(database, run):
    before = kept(database)
    words = ("search", "digits", "--trials", "+1", "--jobs", 1, "--no-final", "--plain")
    code, _, err = run(*words)
    assert code == 0, err
    after = kept(database)
    assert {n: after[n] for n in before} == before
    assert len(after) > len(before)
    assert f"{len(before)} done before" in err


def test_plain_optuna_opens_it(database):
    code = (
        "import optuna, sys; "
        "(name,) = optuna.get_all_study_names('sqlite:///studies/autocnn.db'); "
        "s = optuna.load_study(study_name=name, storage='sqlite:///studies/autocnn.db');"
        "print(len(s.trials), s.best_value, 'autocnn' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    trials, best, ours = ran.stdout.split()
    known = kept(database)
    assert int(trials) == len(known)
    best_known = max(v for state, v in known.values() if state == "COMPLETE")
    assert float(best) == pytest.approx(best_known)
    assert ours == "False"


def test_a_study_of_a_newer_release_is_refused_and_left_as_it_is(database, run):
    with opened(database) as connection:
        (changed,) = connection.execute(
            "UPDATE study_user_attributes SET value_json = ? WHERE key = ? "
            "RETURNING 1", (str(KNOWN + 1), EDITION)
        ).fetchall()  # fmt: skip
    assert changed
    before = kept(database)
    search = ("search", "digits", "--trials", "+1", "--jobs", 1, "--plain")
    for words in (*SHOWS, ("predict", "seen.svg"), ("replay",), search):
        code, out, err = run(*words)
        if words[0] in {"predict", "replay"}:
            assert code != 0
            continue
        assert code == 3, (words, err)
        assert "was written by a newer autocnn" in err
        assert f"edition {KNOWN + 1}, known: {KNOWN}" in err
        assert "pip install --upgrade autocnn" in err
        assert "Traceback" not in err
        assert out == ""
    assert kept(database) == before
    code, out, err = run("studies", "--format", "json")
    assert code == 0, err
    assert "newer autocnn" in json.loads(out)[0]["status"]


def test_settings_that_cannot_be_understood_are_refused_in_a_sentence(database, run):
    with opened(database) as connection:
        connection.execute(
            "UPDATE study_user_attributes SET value_json = "
            "json_set(value_json, '$.unheard_of', 1) WHERE key = 'autocnn:config'"
        )
    code, _, err = run("search", "digits", "--trials", "+1", "--jobs", 1, "--plain")
    assert code == 3, err
    assert "cannot be understood" in err
    assert run("leaderboard")[0] == 0
