"""What a worker does with a job: trains, reports, saves, goes on, never raises."""

import dataclasses
import errno
import gc
import itertools
import os
import shutil
import time
from pathlib import Path

import pytest
import torch

from autocnn.data.batches import batches_of
from autocnn.data.cache import open_info, open_search_images
from autocnn.data.splits import search_splits
from autocnn.device import place
from autocnn.engines import worker
from autocnn.engines.worker import run
from autocnn.events import EpochEnded
from autocnn.nets.net import build
from autocnn.search.jobs import Job, JobEnded, Progress, Remark
from autocnn.train import attempt, checkpoint
from autocnn.train.attempt import weights_file
from autocnn.train.learner import Learner
from autocnn.train.loop import score
from autocnn.train.weights import load_weights

CPU = torch.device("cpu")
FULL_OR_FORBIDDEN = [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES]


def always() -> bool:
    return True


@pytest.fixture
def work():
    """Run a job here; give the epochs it told of and how it ended."""

    def work_on(job, keep_going=always) -> tuple[list[EpochEnded], JobEnded]:
        told = []
        ended = run(job, CPU, told.append, keep_going)
        # How far an epoch is, is told as time passes: on a busy machine it is.
        return [each for each in told if not isinstance(each, Progress)], ended

    return work_on


def elsewhere(job: Job) -> Job:
    """The same job in another folder."""
    return dataclasses.replace(job, folder=job.folder.with_name("elsewhere"))


def rescored(job, weights, fold: int = 0) -> float:
    """Measure kept weights on the validation images again."""
    images, groups = open_search_images(job.data)
    splits = search_splits(images.labels, groups, seed=job.split_seed, folds=job.folds)
    split = splits[fold - 1 if fold else 0]
    net = place(build(job.recipe, job.shape, seed=99), CPU)
    load_weights(weights, net, CPU)
    return score(net, batches_of(images, split.val, open_info(job.data), CPU))[1]


def test_a_job_is_trained_epoch_by_epoch(work, make_job):
    told, ended = work(make_job(trial=4, epochs=3))
    assert ended == JobEnded(trial=4, outcome="complete")
    assert [(each.trial, each.epoch, each.epochs) for each in told] == [
        (4, 1, 3),
        (4, 2, 3),
        (4, 3, 3),
    ]
    spent = [each.trained_seconds for each in told]
    assert spent == sorted(spent)
    assert spent[-1] == pytest.approx(sum(each.seconds for each in told))


def test_the_weights_of_the_best_epoch_alone_are_kept(work, make_job):
    job = make_job(epochs=5)
    told, _ = work(job)
    best = max(told, key=lambda each: each.val_accuracy)
    (kept,) = job.folder.glob("best-*.safetensors")
    assert kept == weights_file(job.folder, 0, best.epoch)
    assert rescored(job, kept) == best.val_accuracy


def test_a_job_that_is_told_to_stop_leaves_at_the_next_step(work, make_job):
    told, ended = work(make_job(), keep_going=lambda: False)
    assert told == []
    assert ended == JobEnded(trial=0, outcome="stopped")


def test_a_stopped_job_goes_on_where_it_was(work, make_job):
    unbroken, _ = work(make_job(trial=1, epochs=4))
    asked = itertools.count()
    job = make_job(trial=1, epochs=4)
    for file in job.folder.iterdir():
        file.unlink()
    begun, ended = work(job, keep_going=lambda: next(asked) < 9)
    assert ended.outcome == "stopped"
    assert 0 < len(begun) < 4
    resumed, ended = work(make_job(trial=1, epochs=4, reported=len(begun)))
    assert ended.outcome == "complete"
    assert [(each.epoch, each.val_loss) for each in begun + resumed] == [
        (each.epoch, each.val_loss) for each in unbroken
    ]


@pytest.mark.parametrize("at", [2, 5, 9])
def test_what_is_to_be_saved_is_on_disk_within_its_epoch(
    work, make_job, monkeypatch, at
):
    monkeypatch.setattr(attempt, "WORTH_SAVING", 0.0)
    job, asked, found = make_job(epochs=4), itertools.count(), []
    counted = itertools.count()
    unbroken, _ = work(elsewhere(job), keep_going=lambda: next(counted) >= 0)
    each = (next(counted) - 2) // 4  # twice after the last epoch

    def keep_going() -> bool:
        number = next(asked)
        if number == at:
            worker._to_be_saved.set()
        if number == at + 1:  # it was told no, and is asked whether to leave
            learner = Learner(job.recipe, job.shape, device=CPU, seed=0)
            checkpoint.restore(job.folder / "checkpoint-0.pt", learner)
            found.append((len(learner.history), learner.begun.steps))
        return True

    told, ended = work(job, keep_going=keep_going)
    assert ended.outcome == "complete"
    ((epochs, steps),) = found
    assert epochs * each + steps == at + 1
    assert [e.val_loss for e in told] == [e.val_loss for e in unbroken]


def test_epochs_the_driver_never_heard_of_are_told_again(work, make_job):
    told, _ = work(make_job(epochs=3))
    again, ended = work(make_job(epochs=3, reported=1))
    assert ended.outcome == "complete"
    assert [each.epoch for each in again] == [2, 3]
    assert [each.val_loss for each in again] == [each.val_loss for each in told[1:]]


def test_what_is_told_again_says_how_long_it_took_by_then(work, make_job):
    told, _ = work(make_job(epochs=3))
    again, _ = work(make_job(epochs=3, reported=0))
    assert [each.trained_seconds for each in again] == [
        each.trained_seconds for each in told
    ]


def test_folds_are_trained_one_after_the_other(work, make_job):
    job = make_job(folds=3, epochs=2)
    told, ended = work(job)
    assert ended.outcome == "complete"
    assert [(each.fold, each.epoch) for each in told] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
        (3, 1),
        (3, 2),
    ]
    spent = [each.trained_seconds for each in told]
    assert spent == sorted(spent)


def test_a_folds_weights_are_those_of_its_last_epoch(work, make_job):
    job = make_job(folds=3, epochs=2)
    told, _ = work(job)
    kept = {path.name for path in job.folder.glob("best-*.safetensors")}
    assert kept == {f"best-{fold}-2.safetensors" for fold in (1, 2, 3)}
    for each in told[1::2]:
        weights = weights_file(job.folder, each.fold, 2)
        assert rescored(job, weights, each.fold) == each.val_accuracy


@pytest.mark.parametrize("damage", [b"", b"garbage"])
def test_a_damaged_checkpoint_means_that_the_job_starts_over(work, make_job, damage):
    told, _ = work(make_job(epochs=2))
    job = make_job(epochs=2)
    (job.folder / "checkpoint-0.pt").write_bytes(damage)
    again, ended = work(job)
    assert ended.outcome == "complete"
    assert [each.val_loss for each in again] == [each.val_loss for each in told]


def test_a_lost_loss_is_a_failed_trial(work, make_job):
    layers = ["conv 8", "relu", "flatten", "dense 8", "relu"]
    told, ended = work(make_job(layers=layers, learning_rate=1e30))
    assert told == []
    assert ended.outcome == "failed"
    assert ended.reason.startswith("diverged: the loss became")


def test_a_network_that_cannot_be_is_a_failed_trial(work, make_job):
    _, ended = work(make_job(layers=["max_pool 99"]))
    assert ended.outcome == "failed"
    assert "layer 1, 'max_pool 99', on 1x8x8" in ended.reason


def test_any_error_is_a_failed_trial_with_its_reason(work, make_job):
    _, ended = work(dataclasses.replace(make_job(), seed=2**80))
    assert ended.outcome == "failed"
    assert ended.reason.startswith("ValueError: ")


@pytest.mark.parametrize("left", [0, 100])
def test_images_that_are_not_whole_are_no_trial_s_fault(
    work, make_job, tiny_data, tmp_path, left
):
    torn = shutil.copytree(tiny_data.folder, tmp_path / "torn")
    os.truncate(torn / "search-pixels.npy", left)
    _, ended = work(make_job(data=torn))
    assert ended.outcome == "unsaved"
    assert ended.reason.startswith(f"the decoded images in {torn} cannot be read: ")


def test_running_out_of_memory_is_a_failed_trial(work, make_job, monkeypatch):
    def refuse(*args, **kwargs):
        raise torch.OutOfMemoryError("tried to allocate")

    monkeypatch.setattr("autocnn.train.attempt.fit", refuse)
    _, ended = work(make_job())
    assert (ended.outcome, ended.reason) == ("failed", "out of memory on the device")


def tensors() -> int:
    kinds = (torch.Tensor, torch.nn.Parameter)
    return sum(type(each) in kinds for each in gc.get_objects())


@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": "adam", "ema_decay": 0.9, "schedule": "one_cycle"},
        {"layers": ["conv 8", "flatten", "dense 8", "relu"], "learning_rate": 1e30},
        {"epochs": 100_000, "most_seconds": 0.3},
        {"epochs": 2, "folds": 3},
    ],
    ids=["complete", "diverged", "too long", "folds"],
)
def test_what_a_training_took_is_free_as_soon_as_it_ends(work, make_job, given):
    work(make_job(trial=1))  # what is kept for all
    gc.collect()
    before = tensors()
    gc.disable()  # which would come some trials later
    try:
        work(make_job(**given))
        assert tensors() == before
    finally:
        gc.enable()


def test_a_training_that_takes_too_long_fails_and_those_before_count(work, make_job):
    told, ended = work(make_job(epochs=100_000, most_seconds=2.0))
    assert ended.outcome == "failed"
    assert ended.reason == "it trained longer than 2.0s"
    assert told
    again, ended = work(make_job(epochs=100_000, most_seconds=2.0))
    assert ended.reason == "it trained longer than 2.0s"
    assert len(again) >= len(told)
    assert again[-1].trained_seconds < 4.0


def test_the_time_in_which_it_waits_for_room_is_not_training(
    work, make_job, failing, monkeypatch
):
    clock, waited = time.monotonic, []
    monkeypatch.setattr("autocnn.waiting.sleep", waited.append)
    monkeypatch.setattr(time, "monotonic", lambda: clock() + sum(waited))
    with failing(8, times=20):
        told, ended = work(make_job(epochs=3, most_seconds=10))
    assert sum(waited) > 10
    assert ended.outcome == "complete", ended.reason
    assert [each.epoch for each in told if isinstance(each, EpochEnded)] == [1, 2, 3]


def test_what_cannot_be_read_for_a_while_is_waited_for_and_not_deleted(
    work, make_job, monkeypatch, pauses
):
    unbroken, _ = work(elsewhere(make_job(epochs=3)))
    asked = itertools.count()
    begun, _ = work(make_job(epochs=3), keep_going=lambda: next(asked) < 7)
    assert len(begun) == 2
    read, left = Path.read_bytes, 3

    def read_bytes(path):
        nonlocal left
        if path.suffix == ".pt" and left:
            left -= 1
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    told, ended = work(make_job(epochs=3, reported=2))
    assert ended.outcome == "complete", ended.reason
    remarks = [each.text for each in told if isinstance(each, Remark)]
    assert remarks[0].startswith("waiting: cannot read ")
    assert remarks[0].endswith("checkpoint-0.pt: Input/output error")
    assert remarks[1:] == ["the wait is over"]
    last = [each for each in told if isinstance(each, EpochEnded)]
    assert [e.val_loss for e in begun + last] == [e.val_loss for e in unbroken]


@pytest.mark.parametrize("call", range(1, 12))
def test_a_disk_that_is_full_for_a_while_changes_nothing(
    work, make_job, failing, pauses, call
):
    job = make_job(epochs=3)
    unbroken, _ = work(elsewhere(job))
    with failing(call, times=5):
        told, ended = work(job)
    assert ended.outcome == "complete"
    remarks = [each.text for each in told if isinstance(each, Remark)]
    assert len(remarks) == 2
    assert "cannot write" in remarks[0]
    assert "the disk is full" in remarks[0]
    assert remarks[1] == "the wait is over"
    epochs = [each for each in told if isinstance(each, EpochEnded)]
    assert [e.val_loss for e in epochs] == [e.val_loss for e in unbroken]


@pytest.mark.parametrize("code", FULL_OR_FORBIDDEN)
def test_a_disk_that_stays_full_lets_a_trial_go_on_another_time(
    work, make_job, failing, pauses, code
):
    job = make_job(epochs=4)
    unbroken, _ = work(elsewhere(job))
    with failing(25, times=10**6, code=code):
        told, ended = work(job)
    epochs = [each for each in told if isinstance(each, EpochEnded)]
    assert ended.outcome == "unsaved"
    assert f"cannot write {job.folder}" in ended.reason
    assert 0 < len(epochs) < 4
    assert list(job.folder.glob(".*")) == []
    more, ended = work(dataclasses.replace(job, reported=len(epochs)))
    assert ended.outcome == "complete"
    assert [e.val_loss for e in epochs + more] == [e.val_loss for e in unbroken]


def test_no_epoch_is_told_twice_if_the_last_checkpoint_is_lost(work, make_job):
    job, asked = make_job(epochs=4), itertools.count()
    unbroken, _ = work(elsewhere(job))
    told, _ = work(job, keep_going=lambda: next(asked) < 9)
    assert len(told) > 1
    (job.folder / "checkpoint-0.pt").write_bytes(b"torn")
    more, ended = work(dataclasses.replace(job, reported=len(told)))
    assert ended.outcome == "complete"
    assert [each.epoch for each in told + more] == [1, 2, 3, 4]
    assert [e.val_loss for e in told + more] == [e.val_loss for e in unbroken]


def test_what_a_killed_process_left_half_written_is_removed(work, make_job):
    job = make_job(epochs=1)
    job.folder.mkdir(parents=True)
    (job.folder / ".checkpoint-0.pt.12345").write_bytes(b"half")
    work(job)
    assert list(job.folder.glob(".*")) == []
