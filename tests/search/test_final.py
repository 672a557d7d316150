"""The winner trained for good: planned, broken off, gone on, kept if better."""

import dataclasses
import json
import math
import shutil
import time

import pytest
import torch

from autocnn import recipe as recipes
from autocnn.engines.local import LocalEngine
from autocnn.events import EpochEnded, FinalEnded, FinalStarted, Notice
from autocnn.search import best, ending, final
from autocnn.search.study import enqueue_start
from autocnn.search.trials import Plan
from autocnn.store.command import send
from autocnn.store.final import Final


def no_matter(*_):
    return False


@pytest.fixture
def search(make_search):
    return make_search(epochs=3)


@pytest.fixture
def searched(search, scripted):
    """A search whose trial 1 won with 0.8, and that leaves its end to the training."""
    engine = scripted([[0.5] * 3, [0.6, 0.8, 0.7], [0.4] * 3])
    outcome = search.run(engine, trials=3, final=True)
    assert outcome == "complete"
    assert search.read().state.phase != "ended"
    return search


def finish(
    search, script, *, came_to="complete", stopping=no_matter, emit=None, begun=None,
    **plan,
):  # fmt: skip
    made = Plan(
        config=search.config, info=search.data.info, data=search.data.folder,
        folder=search.folder, trials=3, final=True, **plan,
    )  # fmt: skip

    def hear(event):
        search.heard.append(event)
        if emit:
            emit(event)

    return ending.finish(
        search.study, made, lambda: script, hear, came_to, stopping, begun
    )


def rising(job, fold, epoch):
    return min(0.95, 0.5 + 0.05 * epoch)


def card(search):
    return json.loads((search.folder / "best" / "card.json").read_text())


def test_the_winner_is_trained_for_longer_and_kept(searched, scripted):
    engine = scripted(rising)
    assert finish(searched, engine) == "complete"
    (job,) = engine.submitted
    winner = searched.rows()[1]
    assert job.recipe.train.epochs == ending.TIMES * 3
    assert job.recipe.layers == recipes.loads(winner.recipe).layers
    assert job.folds == 0
    final = searched.read().final
    assert (final.trial, final.status, final.epochs) == (1, "complete", 9)
    assert final.val_accuracy == pytest.approx(0.95)
    kept = card(searched)
    assert (kept["trial"], kept["final"], kept["epoch"]) == (1, True, 9)
    weights = (searched.folder / "best" / "model.safetensors").read_text()
    assert weights == "trial 1 fold 0 epoch 9"
    state = searched.read().state
    assert (state.phase, state.outcome) == ("ended", "complete")
    assert searched.leftovers() == []
    (started,) = searched.told(FinalStarted)
    (ended,) = searched.told(FinalEnded)
    assert (started.epochs, started.epochs_done) == (9, 0)
    assert (ended.kept, ended.epochs) == (True, 9)
    assert sum(each.final for each in searched.told(EpochEnded)) == 9


def test_a_training_that_is_not_better_does_not_replace_the_best_trial(
    searched, scripted
):
    finish(searched, scripted(lambda *_: 0.7))
    assert card(searched)["val_accuracy"] == 0.8
    assert "final" not in card(searched)
    (ended,) = searched.told(FinalEnded)
    assert not ended.kept


@pytest.mark.parametrize("score", [0.7, 0.95])
def test_what_was_trained_just_so_is_not_trained_again(searched, scripted, score):
    finish(searched, scripted(lambda *_: score))
    kept, again = card(searched), scripted(lambda *_: score)
    assert finish(searched, again) == "complete"
    assert (again.submitted, card(searched)) == ([], kept)
    assert "is done already" in searched.told(Notice)[-1].text
    assert searched.read().state.phase == "ended"
    finish(searched, again, on_val=True)
    assert len(again.submitted) == 1  # it is another one
    shutil.rmtree(searched.folder / "best")
    finish(searched, again, on_val=True)
    assert len(again.submitted) == 2


def test_trials_do_not_change_and_no_trial_is_added(searched, scripted):
    before = searched.rows()
    finish(searched, scripted(rising))
    assert searched.rows() == before


@pytest.mark.parametrize(
    ("seconds", "epochs"),
    # In the last, little time, an epoch is taken for as long as in the trial.
    [(45.0, 85), (1000.0, final.MOST_EPOCHS), (40.0, 76), (10.0, 9)],
)
def test_it_fills_the_time_there_is(searched, scripted, now, seconds, epochs):
    engine = scripted(rising)
    finish(searched, engine, deadline=now + seconds, epoch_alone=lambda _: 0.5)
    job = engine.submitted[0]
    assert job.recipe.train.epochs == pytest.approx(epochs, abs=1)


@pytest.mark.parametrize("epoch", [1000.0, None])
def test_an_epoch_takes_no_longer_than_in_the_trial(searched, scripted, now, epoch):
    engine = scripted(rising)
    finish(searched, engine, deadline=now + 50.0, epoch_alone=lambda _: epoch)
    assert engine.submitted[0].recipe.train.epochs == pytest.approx(47, abs=1)


def test_without_time_for_more_than_a_trial_there_is_none(searched, scripted):
    deadline = time.monotonic() + 3.0
    engine = scripted(rising)
    finish(searched, engine, deadline=deadline, epoch_alone=lambda _: 0.5)
    assert engine.submitted == []
    (notice,) = searched.told(Notice)
    assert notice.text.startswith("no final training")
    assert searched.read().final is None
    assert searched.read().state.phase == "ended"


def test_without_time_for_it_the_time_is_given_back(searched, scripted):
    left = {"deadline": time.monotonic() + 3.0}
    assert finish(searched, scripted(rising), came_to="time is up", **left) is None
    assert searched.read().state.phase != "ended"
    gone = left | {"deadline": time.monotonic()}
    engine = scripted(rising)
    assert finish(searched, engine, came_to="time is up", **gone) == "time is up"
    assert searched.read().state.phase == "ended"


def test_one_that_is_stopped_goes_on_from_its_epoch(searched, scripted):
    epochs = []

    def count(event):
        epochs.extend([event] * isinstance(event, EpochEnded))

    outcome = finish(
        searched, scripted(rising), stopping=lambda: len(epochs) >= 4, emit=count
    )
    assert outcome == "interrupted"
    found = searched.read()
    assert (found.final.status, len(found.final.curve)) == ("interrupted", 4)
    assert (found.state.phase, found.state.outcome) == ("ended", "interrupted")
    assert searched.leftovers() == ["final"]
    # A driver that looks for what can be deleted lets it be.
    searched.driver(scripted(rising), trials=3)
    assert searched.leftovers() == ["final"]
    open_one = ending.broken_off(found, trials=3)
    engine = scripted(rising)
    assert finish(searched, engine, begun=open_one) == "complete"
    assert engine.submitted[0].reported == 4
    assert len(searched.read().final.curve) == 9
    assert searched.leftovers() == []


def test_more_trials_come_before_what_was_broken_off(searched):
    searched.study.set_user_attr(
        "autocnn:final", Final(trial=1, epochs=9, curve=(0.5,)).to_dict()
    )
    found = searched.read()
    assert ending.broken_off(found, trials=3) == found.final
    assert ending.broken_off(found, trials=None) == found.final
    assert ending.broken_off(found, trials=4) is None


def test_a_lost_worker_is_replaced_and_a_failure_is_told(searched, scripted):
    said = iter(["lost: its worker was ended by SIGKILL", "failed: diverged"])
    engine = scripted(lambda job, _, epoch: 0.5 if epoch < 3 else next(said))
    assert finish(searched, engine) == "complete"
    assert [job.reported for job in engine.submitted] == [0, 2]
    final = searched.read().final
    assert (final.status, final.reason) == ("failed", "diverged")
    assert card(searched)["val_accuracy"] == 0.8
    assert searched.leftovers() == []


def test_a_full_disk_breaks_it_off_and_it_goes_on(searched, scripted):
    said = iter(["unsaved: the disk is full", *[0.9] * 9])
    engine = scripted(lambda job, _, epoch: 0.5 if epoch < 3 else next(said))
    assert finish(searched, engine) == "interrupted"
    assert "the disk is full" in [each.text for each in searched.told(Notice)]
    found = searched.read().final
    assert (found.status, found.done) == ("interrupted", 2)
    assert finish(searched, engine, begun=found) == "complete"
    assert [job.reported for job in engine.submitted] == [0, 2]


@pytest.fixture
def paced(scripted, monkeypatch):
    """Make an engine whose epochs take what a function says of them."""

    def make(seconds):
        now, took = [0.0], {}
        monkeypatch.setattr(final.time, "monotonic", lambda: now[0])

        def train(job, fold, epoch):
            took[epoch] = seconds(epoch, job.reported)
            now[0] += took[epoch]
            return rising(job, fold, epoch)

        engine = scripted(train)
        said = engine.poll

        def poll(timeout):
            return [
                dataclasses.replace(message, seconds=took[message.epoch])
                if isinstance(message, EpochEnded)
                else message
                for message in said(timeout)
            ]

        engine.poll = poll
        return engine, now

    return make


@pytest.mark.parametrize(("seconds", "epochs"), [(2.0, 9), (0.5, 37)])
def test_another_pace_than_planned_trains_other_epochs_to_their_end(
    searched, paced, seconds, epochs
):
    engine, now = paced(lambda *_: seconds)
    outcome = finish(searched, engine, deadline=20.0, epoch_alone=lambda _: 1.0)
    assert outcome == "complete"
    found = searched.read().final
    planned = [job.recipe.train.epochs for job in engine.submitted]
    assert planned[0] == 19
    assert found.epochs == planned[-1] == len(found.curve) == epochs
    assert [n for _, n in found.replanned] == planned[:-1]
    assert 15.0 < now[0] <= 20.0
    assert Final.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_where_a_start_takes_longer_than_an_epoch_few_are_made(searched, paced):
    def seconds(epoch, reported):
        return 1.0 if epoch == reported + 1 else 0.2 + 0.3 * (epoch % 3 == 0)

    engine, _ = paced(seconds)
    finish(searched, engine, deadline=25.0, epoch_alone=lambda _: 0.3)
    assert len(engine.submitted) <= 6
    assert len(searched.read().final.curve) > 70


def test_a_person_can_stop_it_and_is_told_what_cannot_be_done(searched, scripted):
    def ask(event):
        if isinstance(event, EpochEnded) and event.epoch == 2:
            send(searched.study, "pause")
            send(searched.study, "stop")

    slow = scripted(rising)
    patient = slow.poll

    def poll(timeout):
        time.sleep(0.2)
        return patient(timeout)

    slow.poll = poll
    assert finish(searched, slow, emit=ask) == "interrupted"
    paused, stopped = searched.read().commands
    assert (paused.done, stopped.done) == (False, True)
    assert "pause" in paused.answer


def test_a_new_search_keeps_the_final_network_until_a_trial_is_better(
    searched, scripted
):
    finish(searched, scripted(rising))
    curves = [[0.0]] * 3 + [[0.9] * 3, [0.97] * 3]
    searched.run(scripted(curves), trials=4)
    assert card(searched)["final"]
    searched.run(scripted(curves), trials=5)
    assert card(searched)["trial"] == 4


def test_a_real_one_is_better_for_being_longer(make_search):
    search = make_search(epochs=1)
    study = search.study
    enqueue_start(study, search.config, 1)
    engine = LocalEngine(torch.device("cpu"), 1)
    try:
        assert search.run(engine, trials=1, final=True) == "complete"
        before = search.rows()[0].val_accuracy
        made = Plan(
            config=search.config, info=search.data.info, data=search.data.folder,
            folder=search.folder, trials=1, final=True,
        )  # fmt: skip
        alone = LocalEngine(torch.device("cpu"), 1)
        ending.finish(study, made, lambda: alone, print, "complete", no_matter)
    finally:
        engine.close()
    final = search.read().final
    assert len(final.curve) == ending.TIMES
    assert final.val_accuracy >= before
    assert not math.isnan(final.seconds)


def test_one_on_the_validation_images_too_has_no_score_and_is_kept(searched, scripted):
    engine = scripted(lambda *_: math.nan)
    assert finish(searched, engine, on_val=True) == "complete"
    (job,) = engine.submitted
    assert job.on_val
    found = searched.read().final
    assert (found.status, found.on_val, found.done) == ("complete", True, 9)
    assert (found.curve, found.val_accuracy) == ((), None)
    kept = card(searched)
    assert (kept["trial"], kept["final"], kept["epoch"]) == (1, True, 9)
    assert (kept["on_val"], kept["val_accuracy"], kept["val_images"]) == (True, None, 0)
    (ended,) = searched.told(FinalEnded)
    assert (ended.kept, ended.val_accuracy, ended.epochs) == (True, None, 9)
    # The trial whose recipe it has speaks for it: only a better one takes its place.
    assert best.kept_score(searched.folder / "best", searched.read()) == 0.8


def test_one_without_a_score_is_kept_when_it_is_done_only(searched, scripted):
    epochs = []

    def count(event):
        epochs.extend([event] * isinstance(event, EpochEnded))

    outcome = finish(
        searched, scripted(lambda *_: math.nan), on_val=True, emit=count,
        stopping=lambda: len(epochs) >= 4,
    )  # fmt: skip
    assert outcome == "interrupted"
    assert card(searched)["val_accuracy"] == 0.8
    begun = searched.read().final
    assert begun.done >= 4
    engine = scripted(lambda *_: math.nan)
    assert finish(searched, engine, on_val=True, begun=begun) == "complete"
    assert engine.submitted[0].reported == begun.done
    assert card(searched)["on_val"]


def test_more_images_take_longer(searched, scripted, now):
    found = []
    for on_val in (False, True):
        engine = scripted(rising)
        finish(
            searched, engine, deadline=now + 100, epoch_alone=lambda _: 2.0,
            on_val=on_val,
        )  # fmt: skip
        found.append(engine.submitted[0].recipe.train.epochs)
    config = searched.config
    share = config.train_images / (config.train_images + config.val_images)
    assert found[1] == pytest.approx(share * found[0], abs=1)
