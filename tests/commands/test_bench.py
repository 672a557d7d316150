"""Search policies on a study's own curves: a table, or a sentence that says why not."""

import csv
import json
import os
import signal
import subprocess
import sys

import pytest

from autocnn.offline.policies import OURS, RIVAL, policies

# Who starts these tests may have told them to ignore interrupts.
MAIN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from autocnn.cli import main
main()
"""


@pytest.fixture
def bench(run, make_curves, tmp_path):
    """Make a study and run `autocnn bench` on its storage, with one seed."""

    def bench(*words, complete=24, **made):
        make_curves(complete, **made)
        return run("bench", "--storage", tmp_path / "autocnn.db", "--seeds", 1, *words)

    return bench


def test_policies_are_compared_in_a_table(bench):
    ran = bench("tiny", paused=3)
    assert ran.code == 0, ran.err
    head, *lines = ran.out.splitlines()
    assert head.split()[:3] == ["policy", "recipes", "10%"]
    assert head.endswith("matches at  missed")
    assert len(lines) == len(policies(1))
    assert all(any(line.startswith(name) for line in lines) for name in policies(1))
    assert "study tiny: 24 curves of 3 epochs; 3 other trials left out" in ran.err
    assert "takes for 6 trials" in ran.err
    assert "3 epochs only" in ran.err
    assert "searching the curves: 1 seed\n" in ran.err


def test_json_and_csv_hold_fractions(bench, run, tmp_path):
    rows = {row["policy"]: row for row in json.loads(bench("--format", "json").out)}
    assert rows[RIVAL]["missed"] == 0
    assert 0 < rows[OURS]["best"]["10%"] <= rows[OURS]["best"]["100%"] <= 0.9
    again = run(
        *("bench", "--storage", tmp_path / "autocnn.db", "--seeds", 1),
        *("--format", "csv"),
    )
    lines = list(csv.DictReader(again.out.splitlines()))
    assert [line["policy"] for line in lines] == list(rows)
    assert float(lines[0]["best.100%"]) == rows[OURS]["best"]["100%"]


def test_trials_set_the_budget_of_all(bench):
    few = bench("--trials", 4)
    assert "takes for 4 trials" in few.err
    rival = next(line for line in few.out.splitlines() if line.startswith(RIVAL))
    assert rival.removeprefix(RIVAL).split()[0] == "4"


def test_more_trials_than_there_are_curves_are_refused(bench):
    ran = bench("--trials", 25)
    assert ran.code == 2
    assert "--trials 25 is more than the 24" in ran.err


def test_too_few_curves_are_told_with_the_command_that_makes_more(bench, tmp_path):
    ran = bench(complete=19, paused=9)
    assert (ran.code, ran.out) == (4, "")
    assert "error: study 'tiny' has 19 trials that were trained to their end" in ran.err
    assert (
        "autocnn search 'my images' --study tiny --pruner none --trials +1 "
        f"--storage {tmp_path / 'autocnn.db'}\n"
    ) in ran.err


def test_folds_are_refused(bench):
    ran = bench(folds=3)
    assert ran.code == 3
    assert "study 'tiny' has 3 folds" in ran.err
    assert "\n  hint: " in ran.err


def test_ctrl_c_ends_it_without_a_word(make_curves, tmp_path):
    make_curves(24)
    words = ["bench", "--storage", str(tmp_path / "autocnn.db"), "--seeds", "100000"]
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("searching the curves")
    os.killpg(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=240)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in errors
