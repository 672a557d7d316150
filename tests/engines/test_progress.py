"""What a worker tells within an epoch: where it is, now and then."""

import itertools
from types import SimpleNamespace

import pytest
import torch

from autocnn.data.batches import train_and_val
from autocnn.engines import worker
from autocnn.engines.worker import _data, run
from autocnn.events import EpochEnded
from autocnn.search.jobs import JobEnded, Progress

CPU = torch.device("cpu")


def always() -> bool:
    return True


@pytest.fixture
def told(monkeypatch):
    """Run a job that tells of every step; give all it said."""
    monkeypatch.setattr(worker, "PROGRESS_SECONDS", 0.0)

    def tell(job, keep_going=always) -> list:
        said = []
        said.append(run(job, CPU, said.append, keep_going))
        return said

    return tell


def steps_of(job, fold: int = 0) -> int:
    """Count the batches of an epoch."""
    images, info, splits = _data(job.data, job.split_seed, job.folds)
    split = splits[fold - 1 if fold else 0]
    train, _ = train_and_val(images, split, info, CPU)
    return len(train) // min(job.recipe.train.batch_size, len(train))


def shares(said, epoch: int, fold: int = 0) -> list[float]:
    return [
        each.share
        for each in said
        if isinstance(each, Progress) and (each.epoch, each.fold) == (epoch, fold)
    ]


def progress(said) -> list[Progress]:
    return [each for each in said if isinstance(each, Progress)]


@pytest.mark.parametrize("batch_size", [16, 32, 1000])
def test_each_step_says_what_share_of_the_epoch_lies_behind_it(
    told, make_job, batch_size
):
    job = make_job(trial=4, epochs=2, batch_size=batch_size)
    said, steps = told(job), steps_of(job)
    assert said[-1] == JobEnded(trial=4, outcome="complete")
    expected = [step / steps for step in range(steps)]
    assert shares(said, 1) == expected
    assert shares(said, 2) == expected
    assert {each.trial for each in progress(said)} == {4}
    assert all(0 <= each.share < 1 for each in progress(said))


def test_an_epoch_s_steps_come_before_its_end(told, make_job):
    said = told(make_job(epochs=3))
    ended = 0
    for each in said[:-1]:
        if isinstance(each, EpochEnded):
            ended += 1
            assert each.epoch == ended
        else:
            assert each.epoch == ended + 1
    assert ended == 3


def test_a_job_that_goes_on_tells_of_the_epochs_still_to_train(told, make_job):
    asked = itertools.count()
    job = make_job(epochs=3)
    steps = steps_of(job)
    # Left within the second epoch.
    begun = told(job, keep_going=lambda: next(asked) < steps + 2)
    assert [each.epoch for each in begun if isinstance(each, EpochEnded)] == [1]
    said = told(make_job(epochs=3, reported=1))
    assert [each.epoch for each in progress(said)] == [2] * steps + [3] * steps
    assert shares(said, 2)[0] == shares(said, 3)[0] == 0.0


def test_folds_are_told_apart_and_each_begins_at_the_first_epoch(told, make_job):
    job = make_job(folds=3, epochs=2)
    said = told(job)
    for fold in (1, 2, 3):
        steps = steps_of(job, fold)
        expected = [step / steps for step in range(steps)]
        assert shares(said, 1, fold) == expected
        assert shares(said, 2, fold) == expected
    order = [(each.fold, each.epoch) for each in progress(said)]
    assert order == sorted(order)


def test_a_job_that_is_left_tells_no_more(told, make_job):
    said = told(make_job(), keep_going=lambda: False)
    assert [each.share for each in progress(said)] == [0.0]
    assert said[-1] == JobEnded(trial=0, outcome="stopped")


def test_it_is_told_every_so_often_and_not_at_every_step(make_job, monkeypatch):
    clock = itertools.count()
    time = SimpleNamespace(monotonic=lambda: next(clock) / 2)
    monkeypatch.setattr(worker, "time", time)
    monkeypatch.setattr(worker, "PROGRESS_SECONDS", 2.0)
    said = []
    job = make_job(epochs=4, batch_size=8)
    run(job, CPU, said.append, always)
    assert 1 < len(progress(said)) < 4 * steps_of(job) / 3
    assert len([each for each in said if isinstance(each, EpochEnded)]) == 4


def test_a_quick_job_tells_of_its_epochs_alone(make_job, monkeypatch):
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: 0.0))
    said = []
    run(make_job(epochs=2), CPU, said.append, always)
    assert progress(said) == []
