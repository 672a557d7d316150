"""One recipe is trained in a worker, goes on where it stopped, and is kept."""

import dataclasses
import json
import math

import pytest
import torch

from autocnn.deliver.single import Request, train
from autocnn.engines.local import LocalEngine
from autocnn.errors import AutocnnError, UnavailableError
from autocnn.events import EpochEnded, Notice
from autocnn.search.jobs import JobEnded, Remark


@pytest.fixture
def request_(make_recipe, tiny_data, tiny_shape, tmp_path):
    return Request(
        recipe=make_recipe(epochs=40),
        shape=tiny_shape,
        data=tiny_data,
        seed=0,
        folder=tmp_path / "kept",
    )


@pytest.fixture
def engine():
    engine = LocalEngine(torch.device("cpu"), 1)
    yield engine
    engine.close()


def epochs(said):
    return [event.epoch for event in said if isinstance(event, EpochEnded)]


def test_a_training_that_was_stopped_goes_on_and_keeps_its_best(request_, engine):
    said = []
    assert (
        train(request_, engine, said.append, stopping=lambda: 2 in epochs(said)) is None
    )
    assert not request_.folder.exists()
    again = []
    card = train(request_, engine, again.append, stopping=lambda: False)
    assert epochs(again) == list(range(1, 41))
    for before, after in zip(epochs(said), epochs(again), strict=False):
        assert before == after
    scores = {e.epoch: e.val_accuracy for e in again if isinstance(e, EpochEnded)}
    assert card["val_accuracy"] == max(scores.values()) == scores[card["epoch"]]
    kept = json.loads((request_.folder / "card.json").read_text())
    assert {name: value for name, value in kept.items() if name != "sha256"} == card
    assert (request_.folder / "model.safetensors").exists()
    assert [path.name for path in request_.folder.parent.iterdir()] == ["kept"]


def test_a_training_that_diverges_is_an_error(request_, engine, make_recipe):
    wild = make_recipe(epochs=2, learning_rate=1e30, optimizer="sgd")
    with pytest.raises(AutocnnError, match="diverged") as caught:
        train(
            dataclasses.replace(request_, recipe=wild),
            engine,
            lambda _event: None,
            stopping=lambda: False,
        )
    assert "learning_rate" in caught.value.hint


class Dying:
    """An engine whose worker always dies."""

    def __init__(self):
        self.jobs = []

    def free(self):
        return 1

    def submit(self, job):
        self.jobs.append(job)

    def stop(self, trial):
        pass

    def poll(self, timeout):
        return [JobEnded(trial=0, outcome="lost", reason="it was ended by SIGKILL")]

    def close(self):
        pass


def test_a_worker_that_dies_is_followed_by_others_but_not_for_ever(request_):
    engine, said = Dying(), []
    with pytest.raises(AutocnnError, match="SIGKILL"):
        train(request_, engine, said.append, stopping=lambda: False)
    assert len(engine.jobs) == 3
    assert sum(isinstance(event, Notice) for event in said) == 2


def test_one_that_learns_from_the_validation_images_has_no_score(request_, engine):
    said, again = [], []
    request = dataclasses.replace(request_, on_val=True)
    stopped = train(request, engine, said.append, stopping=lambda: 2 in epochs(said))
    assert stopped is None
    card = train(request, engine, again.append, stopping=lambda: False)
    assert epochs(again) == list(range(1, 41))
    assert all(math.isnan(e.val_accuracy) for e in again if isinstance(e, EpochEnded))
    assert (card["on_val"], card["val_accuracy"], card["epoch"]) == (True, None, 40)
    assert sorted(path.name for path in request.folder.iterdir()) == [
        "card.json",
        "model.safetensors",
        "recipe.toml",
    ]
    scored = train(request_, engine, lambda _event: None, stopping=lambda: False)
    assert scored["val_accuracy"] is not None


class FullDisk:
    """An engine whose worker waits for room, and then gives it up."""

    def submit(self, job) -> None:
        pass

    def poll(self, timeout):
        waits = Remark(trial=0, text="waiting: the disk is full")
        ended = JobEnded(trial=0, outcome="unsaved", reason="the disk is full")
        return [waits, ended]


def test_a_full_disk_is_told_and_costs_no_more_than_time(request_):
    said = []
    with pytest.raises(UnavailableError, match="the disk is full") as caught:
        train(request_, FullDisk(), said.append, stopping=lambda: False)
    assert "run the same command again" in caught.value.hint
    assert said[-1] == Notice(text="waiting: the disk is full")
