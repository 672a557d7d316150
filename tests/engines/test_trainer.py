"""A worker of a cluster: it trains anywhere, and others find what it has done."""

import dataclasses
import errno
import itertools
import threading

import pytest
import torch

from autocnn.engines import trainer as trainers
from autocnn.engines.mirror import (
    Mirror,
    attempts,
    fetch,
    is_result,
    last_checkpoint,
    take_over,
)
from autocnn.engines.shipping import LAST, SEALED, arrived, publish
from autocnn.engines.trainer import MARK, Files, Resources, Trainer
from autocnn.engines.worker import run
from autocnn.errors import RequestError
from autocnn.events import EpochEnded
from autocnn.locations import Location
from autocnn.search.jobs import JobEnded
from autocnn.train.attempt import weights_file

CPU = torch.device("cpu")


@pytest.fixture(params=["shared", "memory"])
def files(request, tmp_path):
    studies = tmp_path / "checkpoints"
    shared = request.param == "shared"
    location = None if shared else Location(f"memory://{tmp_path.name}")
    return Files(location=location, studies=studies)


@pytest.fixture
def trainer(files):
    return Trainer(Resources(), files)


def trained(trainer: Trainer, job, attempt: int = 1) -> list:
    """Train a job to its end; all that was said of it."""
    trainer.train(job, attempt)
    return trainer.hear()


def losses(said) -> list[float]:
    return [each.val_loss for each in said if isinstance(each, EpochEnded)]


def test_a_job_is_trained_as_by_a_worker_here(trainer, files, make_job):
    job = make_job(epochs=3)
    here = []
    other = dataclasses.replace(job, folder=job.folder.with_name("here"))
    run(other, CPU, here.append, lambda: True)
    said = trained(trainer, job)
    assert losses(said) == losses(here)
    assert said[-1] == JobEnded(trial=0, outcome="complete")
    attempt = files.of(job) / "1"
    fetch(attempt, job.folder, is_result)
    best = max(here, key=lambda epoch: epoch.val_accuracy)
    assert weights_file(job.folder, 0, best.epoch).exists()
    assert not (job.folder / "checkpoint-0.pt").exists()
    assert "checkpoint-0.pt" in attempt.names()


def test_another_attempt_goes_on_where_the_last_one_was(trainer, files, make_job):
    job = make_job(epochs=40)
    unbroken = trained(trainer, dataclasses.replace(job, folder=job.folder / "other"))
    heard = []

    def leave_after_two() -> None:
        while len(heard) < 2:
            heard.extend(e for e in trainer.hear() if isinstance(e, EpochEnded))
        trainer.stop(1)

    watching = threading.Thread(target=leave_after_two)
    watching.start()
    trainer.train(dataclasses.replace(job), 1)
    watching.join()
    left = trainer.hear()
    first = heard + [each for each in left if isinstance(each, EpochEnded)]
    rest = trained(trainer, dataclasses.replace(job, reported=len(first)), attempt=2)
    assert losses(first) + losses(rest) == losses(unbroken)
    assert attempts(files.of(job)) == [2]  # which has what the first had
    assert last_checkpoint(files.of(job), 3) == files.of(job) / "2"


def test_an_attempt_may_be_stopped_before_it_has_begun(trainer, make_job):
    trainer.stop(2)
    assert trained(trainer, make_job(epochs=2), 1)[-1].outcome == "complete"
    (ended,) = trained(trainer, make_job(trial=1, epochs=2), 2)
    assert ended == JobEnded(trial=1, outcome="stopped")


def test_one_that_is_cut_off_leaves_its_trial_to_another(
    trainer, make_job, monkeypatch
):
    monkeypatch.setattr(trainers, "LEASE_SECONDS", -1.0)
    (ended,) = trained(trainer, make_job(epochs=3))
    assert (ended.outcome, ended.reason) == ("lost", "its worker was cut off")


def test_what_is_taken_over_is_of_one_moment(tmp_path, monkeypatch):
    """Who was cut off trains on, and ends an epoch while another reads the last one."""
    there, here = Location(str(tmp_path / "there")), tmp_path / "here"

    def end_epoch(number: int) -> None:
        for name in ("answers-0", "best-0", "checkpoint-0.pt"):
            there.write(name, b"%d" % number)

    def read(location, name: str) -> bytes:
        content = (tmp_path / "there" / name).read_bytes()
        if name == "best-0" and epochs:
            end_epoch(epochs.pop())
        return content

    epochs = [2, 1]
    end_epoch(0)
    monkeypatch.setattr(Location, "read", read)
    take_over(there, here)
    contents = {path.read_bytes() for path in here.iterdir()}
    assert contents == {b"2"}


def test_what_a_trial_begins_with_and_cannot_be_read_is_told(
    trainer, files, make_job, monkeypatch
):
    def unreadable(*_: object) -> None:
        raise OSError(errno.EIO, "no answer", "s3://bucket")

    monkeypatch.setattr(trainers, "last_checkpoint", unreadable)
    (ended,) = trained(trainer, make_job())
    assert ended.reason == "cannot read s3://bucket: no answer"
    assert ended.outcome == "lost"


def test_images_that_are_nowhere_are_no_trial_s_fault(trainer, make_job, tmp_path):
    (ended,) = trained(trainer, make_job(data=tmp_path / "gone"))
    assert ended.outcome == "unsaved"
    assert ended.reason.startswith("a machine of the cluster does not reach ")
    assert "--artifacts" in ended.reason


def test_it_is_ready_where_it_reaches_what_the_driver_left(trainer, files):
    from autocnn import __version__

    with pytest.raises(RequestError, match="of the cluster does not reach"):
        trainer.ready(__version__)
    files.home.write(MARK, b"here")
    trainer.ready(__version__)
    with pytest.raises(RequestError, match=r"and the driver 0\.0"):
        trainer.ready("0.0")


def test_images_are_fetched_once_and_never_the_sealed_ones(
    make_job, tmp_path, monkeypatch
):
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "cache"))
    data, location = make_job().data, Location(f"memory://{tmp_path.name}-images")
    assert arrived(data, None) == data
    publish(data, location)
    names = (location / data.name).names()
    assert LAST in names
    assert not any(name.startswith(SEALED) for name in names)
    far = tmp_path / "on another machine" / data.name
    here = arrived(far, location)
    assert sorted(each.name for each in here.iterdir()) == names
    location.clear()
    assert arrived(far, location) == here
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "empty"))
    for nowhere in (location, None):
        with pytest.raises(RequestError, match="does not reach"):
            arrived(far, nowhere)


def test_what_is_gone_here_is_gone_there(tmp_path):
    folder, location = tmp_path / "here", Location(str(tmp_path / "there"))
    folder.mkdir()
    mirror, counted = Mirror(folder, location), itertools.count()

    def write(*names: str) -> None:
        for name in names:
            (folder / name).write_bytes(b"%d" % next(counted))

    write("best-0-1.safetensors", "checkpoint-0.pt", ".half")
    mirror.send()
    assert location.names() == ["best-0-1.safetensors", "checkpoint-0.pt"]
    (folder / "best-0-1.safetensors").unlink()
    write("best-0-2.safetensors", "checkpoint-0.pt")
    mirror.send()
    assert location.names() == ["best-0-2.safetensors", "checkpoint-0.pt"]
    assert location.read("checkpoint-0.pt") == b"4"
    fetch(location, tmp_path / "back", is_result)
    back = tmp_path / "back"
    assert [each.name for each in back.iterdir()] == ["best-0-2.safetensors"]
