"""The leaderboard as other programs read it."""

import json

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from autocnn.store.rows import CONFIG, snapshot
from autocnn.store.state import STATE, SearchState
from autocnn.views import leaderboard
from autocnn.views.tables import size

WHY = "2nd of 2 at epoch 1"


@pytest.fixture
def study():
    """A trial that was promoted twice and is complete, and one that is paused."""
    study = optuna.create_study(study_name="tiny", direction="maximize")
    study.set_user_attr(CONFIG, {"val_images": 100})
    complete = create_trial(
        value=0.9, intermediate_values={1: 0.8, 2: 0.9}, user_attrs={"promotions": 2}
    )
    paused = create_trial(
        state=TrialState.RUNNING,
        intermediate_values={1: 0.5},
        user_attrs={"status": "paused", "reason": WHY, "seconds": 3.0},
    )
    study.add_trials([complete, paused])
    return study


def test_json_tells_of_pauses_and_promotions(study, capsys):
    leaderboard.write(snapshot(study), "json")
    rows = json.loads(capsys.readouterr().out)
    told = [(row["status"], row["promotions"], row["reason"]) for row in rows]
    assert told == [("complete", 2, ""), ("paused", 0, WHY)]
    assert rows[1]["state"] == "running"
    assert rows[1]["seconds"] == 3.0


def test_a_table_says_why_a_trial_failed_and_ranks_it_no_longer(study, capsys):
    failed = create_trial(
        state=TrialState.FAIL,
        intermediate_values={1: 0.95},
        user_attrs={"reason": "diverged: the loss became nan at epoch 2"},
    )
    study.add_trial(failed)
    leaderboard.write(snapshot(study), "table")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.split()[:3] == ["-", "2", "failed"]
    assert "diverged: the loss became nan at epoch 2" in last


def say(study, phase: str, **more: int) -> None:
    state = SearchState(
        phase=phase, beat=1, host="", pid=1, version="", device="", jobs=1, trials=9,
        seconds=0.0, **more,
    )  # fmt: skip
    study.set_user_attr(STATE, state.to_dict())


def test_a_table_leaves_out_what_a_search_that_is_over_did_not_begin(study, capsys):
    def shown(form: str) -> int:
        leaderboard.write(snapshot(study), form)
        return capsys.readouterr().out.count("waiting")

    study.enqueue_trial({"x": 1})
    say(study, "searching")
    assert shown("table") == 1
    say(study, "ended")
    assert shown("table") == 0
    assert shown("json") > 0


def test_the_heading_says_what_checkpoints_take(study):
    assert "checkpoints" not in leaderboard.heading(snapshot(study))
    say(study, "searching", checkpoint_bytes=120_400_000)
    assert "; checkpoints take 120 MB" in leaderboard.heading(snapshot(study))


def test_folds_are_not_called_epochs(study, capsys):
    study.set_user_attr(CONFIG, {"val_images": 100, "folds": 2})
    leaderboard.write(snapshot(study), "table")
    heads, best, *_ = capsys.readouterr().out.splitlines()
    assert "folds" in heads
    assert "epochs" not in heads
    assert heads.index("folds") + len("folds") == best.index(" 2 ") + 2
    assert "100 validation images in 2 folds" in leaderboard.heading(snapshot(study))
    leaderboard.write(snapshot(study), "json")
    assert json.loads(capsys.readouterr().out)[0]["epochs"] == 2


@pytest.mark.parametrize(
    ("number", "word"),
    [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (2e6, "2 MB"), (1.5e12, "1500 GB")],
)
def test_sizes_are_written_short(number, word):
    assert size(number) == word


def test_where_few_of_the_usual_settings_vary_others_are_told():
    usual = {"width": 64, "block": "plain", "learning_rate_factor": 0.51234}
    others = {"dropout": 0.25, "pooling": "max", "deep": True, "a": 1, "b": 2}
    told = "plain width=64 rate=0.512 dropout=0.25 pooling=max deep=True a=1"
    assert leaderboard.key_settings(usual | others) == told
