"""Events as sentences and as JSON; every kind of event has both."""

import dataclasses
import json
from typing import get_args

import pytest

from autocnn import events
from autocnn.views import jsonl, plain

EXAMPLES = [
    events.SearchStarted(
        study="s",
        data="digits",
        storage="sqlite:///x.db",
        device="2 CPU cores",
        jobs=2,
        sampler="tpe",
        pruner="asha",
        epochs=9,
        trials=5,
        done=1,
        resumed=(0,),
        limits="at most 300 k parameters",
    ),
    events.TrialStarted(
        trial=1, parameters=1000, flops=2_000_000, epochs=9, epochs_done=3, params={}
    ),
    events.TrialStarted(
        trial=1,
        parameters=1000,
        flops=2_000_000,
        epochs=9,
        epochs_done=3,
        params={},
        promotions=1,
    ),
    events.EpochEnded(
        trial=1,
        epoch=4,
        epochs=9,
        train_loss=1.5,
        train_accuracy=0.4,
        val_loss=1.2,
        val_accuracy=0.625,
        seconds=61.0,
        trained_seconds=200.0,
        images_per_second=512.3,
        fold=2,
    ),
    events.TrialPaused(
        trial=1, val_accuracy=0.625, epochs=3, reason="14th of 17 at epoch 3"
    ),
    events.FinalStarted(
        trial=1,
        parameters=1000,
        flops=2_000_000,
        epochs=40,
        epochs_done=3,
        seconds_left=600.0,
    ),
    events.FinalEnded(trial=1, val_accuracy=0.75, epochs=40, seconds=610.0, kept=False),
    events.BestImproved(trial=1, val_accuracy=0.625, folder="studies/s/best"),
    events.Notice(text="look here"),
    events.TrialEnded(
        trial=1,
        status="pruned",
        val_accuracy=0.625,
        epochs=4,
        seconds=200.0,
        reason="3rd of 4 at epoch 4",
    ),
    events.SearchEnded(
        study="s",
        outcome="complete",
        trials=5,
        best=1,
        val_accuracy=0.625,
        seconds=3700.0,
        counts={"complete": 2, "pruned": 3},
    ),
    events.Verdict(
        val_accuracy=0.75,
        corrected=0.74,
        corrected_interval=(0.7, 0.78),
        test_accuracy=0.73,
        test_interval=(0.71, 0.75),
        test_images=500,
    ),
]


def test_a_refused_trial_has_no_score():
    refused = events.TrialEnded(
        trial=3,
        status="refused",
        val_accuracy=None,
        epochs=0,
        seconds=0.0,
        reason="2.1 M parameters, over the limit of 300 k",
    )
    assert plain.line(refused) == (
        "trial 3 refused: 2.1 M parameters, over the limit of 300 k"
    )


def test_what_a_trial_of_folds_had_are_folds():
    (ended,) = (each for each in EXAMPLES if isinstance(each, events.TrialEnded))
    assert "62.5%, 4 epochs" in plain.line(ended)
    assert "62.5%, 4 folds" in plain.line(dataclasses.replace(ended, folds=5))


def test_the_final_training_is_told_apart():
    (epoch,) = (each for each in EXAMPLES if isinstance(each, events.EpochEnded))
    epoch = dataclasses.replace(epoch, fold=0, final=True)
    assert plain.line(epoch).startswith("final training epoch 4/9: val 62.5%")


def test_every_kind_of_event_has_an_example():
    assert {type(example) for example in EXAMPLES} == set(get_args(events.Event))


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_an_event_is_one_line_of_text_and_one_json_object(event, capsys):
    plain.write(event)
    jsonl.write(event)
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert json.loads(captured.out)["event"] == events.to_dict(event)["event"]


def test_lines_say_what_a_person_wants_to_know():
    lines = [plain.line(event) for event in EXAMPLES]
    assert "5 trials, 1 done before" in lines[0]
    assert "trials that go on: 0" in lines[0]
    assert "pruner asha, at most 300 k parameters;" in lines[0]
    assert "2 MFLOPs" in lines[1]
    assert "from epoch 3" in lines[1]
    assert lines[1].startswith("trial 1 started: ")
    assert lines[2].startswith("trial 1 promoted: ")
    assert "from epoch 3" in lines[2]
    assert "trial 1 fold 2 epoch 4/9: val 62.5%" in lines[3]
    assert "1m01s" in lines[3]
    paused = "trial 1 paused: 14th of 17 at epoch 3 (val 62.5%, 3 epochs)"
    assert lines[4] == paused
    assert lines[5] == (
        "final training: trial 1's recipe, 40 epochs with all the machine has, "
        "from epoch 3, about 10m00s"
    )
    assert lines[6] == (
        "final training complete (val 75.0%, 40 epochs, 10m10s): not better than the "
        "best trial, not kept"
    )
    assert "pruned: 3rd of 4 at epoch 4" in lines[9]
    assert "best is trial 1 with 62.5% validation accuracy" in lines[10]
    assert "1h01m" in lines[10]


def test_a_pause_is_a_json_object_with_all_that_is_known(capsys):
    (paused,) = (each for each in EXAMPLES if isinstance(each, events.TrialPaused))
    jsonl.write(paused)
    assert json.loads(capsys.readouterr().out) == {
        "event": "trial_paused",
        "trial": 1,
        "val_accuracy": 0.625,
        "epochs": 3,
        "reason": "14th of 17 at epoch 3",
    }
