"""What a driver says of itself: written as plain values, read if it is understood."""

import json
from typing import get_args

import optuna
import pytest

from autocnn.store.rows import snapshot
from autocnn.store.state import STATE, Load, Pace, Phase, SearchState

STATED = SearchState(
    phase="searching",
    beat=7,
    host="here",
    pid=42,
    version="1.0",
    device="cpu",
    jobs=2,
    trials=50,
    seconds=12.5,
    earlier_seconds=100.0,
    seconds_left=None,
    outcome="",
    notice="trial 3 goes on from its checkpoint",
    rungs=(1, 3, 9),
    paces={
        3: Pace(epoch=2, share=0.25, images_per_second=900.0),
        12: Pace(epoch=1, share=0.0, fold=4),
    },
    load=Load(cpu=0.5, cores=8, memory=2**30, memory_total=2**34),
)
LEAST = {
    "phase": "paused",
    "beat": 1,
    "host": "here",
    "pid": 42,
    "version": "1.0",
    "device": "cpu",
    "jobs": 1,
    "trials": 5,
    "seconds": 0.0,
}


def test_a_state_is_read_as_it_was_written_through_json():
    text = json.dumps(STATED.to_dict())
    assert SearchState.from_dict(json.loads(text)) == STATED


def test_a_state_survives_the_storage(storage):
    study = optuna.create_study(
        study_name="tiny", storage=storage, direction="maximize"
    )
    study.set_user_attr(STATE, STATED.to_dict())
    assert snapshot(study).state == STATED


def test_a_study_that_was_never_searched_has_no_state():
    assert snapshot(optuna.create_study(direction="maximize")).state is None


@pytest.mark.parametrize("phase", get_args(Phase))
def test_every_phase_is_understood(phase):
    assert SearchState.from_dict(LEAST | {"phase": phase}).phase == phase


def test_what_a_state_need_not_say_is_left_open():
    state = SearchState.from_dict(LEAST)
    assert (state.seconds_left, state.outcome, state.notice) == (None, "", "")
    assert (state.paces, state.rungs, state.load) == ({}, (), None)
    assert state.earlier_seconds == 0.0


@pytest.mark.parametrize(
    "document",
    [
        None,
        "searching",
        7,
        [],
        {},
        ["phase", "paused"],
        {"phase": "paused"},
        LEAST | {"phase": "sleeping"},
        LEAST | {"phase": None},
        LEAST | {"phase": ["paused"]},
        LEAST | {"mood": "good"},
        LEAST | {"paces": {"three": {"epoch": 1, "share": 0.5}}},
        LEAST | {"paces": {"3": {"epoch": 1, "share": 0.5, "mood": "good"}}},
        LEAST | {"paces": {"3": None}},
        LEAST | {"paces": None},
        LEAST | {"paces": []},
        LEAST | {"load": {"cpu": 0.5}},
        LEAST | {"load": 0.5},
        LEAST | {"rungs": 3},
    ],
)
def test_what_cannot_be_understood_is_no_state(document):
    assert SearchState.from_dict(document) is None
