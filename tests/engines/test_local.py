"""Worker processes: they train, obey, are replaced, and are gone at the end."""

import dataclasses
import math
import os
import signal
import sys
from multiprocessing import forkserver
from pathlib import Path

import pytest
import torch

from autocnn.device import free_bytes, free_memory
from autocnn.engines import silence
from autocnn.engines.local import LocalEngine
from autocnn.events import EpochEnded
from autocnn.search.jobs import JobEnded

CPU = torch.device("cpu")
FOREVER = 100_000
MANY = 500
PATIENCE = 60.0


@pytest.fixture
def engine():
    engine = LocalEngine(CPU, jobs=2)
    yield engine
    engine.close()


def listen(engine, until) -> list:
    """Collect messages up to the first that `until` accepts."""
    heard = []
    while not any(map(until, heard)):
        messages = engine.poll(PATIENCE)
        assert messages, "the workers say nothing"
        heard += messages
    return heard


def over(message) -> bool:
    return isinstance(message, JobEnded)


def ended(trial: int):
    return lambda message: over(message) and message.trial == trial


def epoch(trial: int):
    return lambda message: isinstance(message, EpochEnded) and message.trial == trial


def pids(engine) -> list[int]:
    return [worker.process.pid for worker in engine._workers]


def kill_worker_of(engine, trial: int) -> None:
    (worker,) = [each for each in engine._workers if each.trial == trial]
    os.kill(worker.process.pid, signal.SIGKILL)


def test_a_job_is_trained_by_another_process(engine, make_job):
    assert engine.free() == 2
    engine.submit(make_job(trial=7, epochs=2))
    assert engine.free() == 1
    heard = listen(engine, ended(7))
    assert [each.epoch for each in heard if epoch(7)(each)] == [1, 2]
    assert heard[-1] == JobEnded(trial=7, outcome="complete")
    assert engine.free() == 2


def test_one_worker_trains_one_job_after_the_other(engine, make_job):
    before = pids(engine)
    for trial in range(4):
        engine.submit(make_job(trial=trial, epochs=1))
        assert listen(engine, ended(trial))[-1].outcome == "complete"
    assert pids(engine) == before


def test_two_jobs_are_trained_at_once(engine, make_job):
    for trial in (0, 1):
        engine.submit(make_job(trial=trial, epochs=FOREVER))
    assert engine.free() == 0
    heard = listen(engine, epoch(0))
    if not any(map(epoch(1), heard)):
        listen(engine, epoch(1))


def test_a_stopped_trial_is_left_and_the_other_goes_on(engine, make_job):
    for trial in (0, 1):
        engine.submit(make_job(trial=trial, epochs=FOREVER))
    listen(engine, epoch(0))
    engine.stop(0)
    last = next(each for each in listen(engine, ended(0)) if ended(0)(each))
    assert last.outcome == "stopped"
    assert engine.free() == 1
    listen(engine, epoch(1))


@pytest.mark.parametrize("attempt", range(4))
def test_a_trial_may_be_stopped_before_its_worker_has_begun(engine, make_job, attempt):
    # Both messages may lie in the pipe when the worker wakes up: several attempts,
    # because a worker that loses the second one does so now and then.
    for trial in (0, 1):
        engine.submit(make_job(trial=trial, epochs=FOREVER))
        engine.stop(trial)
    heard = []
    while len(heard) < MANY and {0, 1} - {each.trial for each in heard if over(each)}:
        heard += engine.poll(PATIENCE)
    outcomes = {each.trial: each.outcome for each in heard if over(each)}
    assert outcomes == {0: "stopped", 1: "stopped"}


def test_a_stopped_trial_may_come_back(engine, make_job):
    engine.submit(make_job(epochs=FOREVER))
    listen(engine, epoch(0))
    engine.stop(0)
    listen(engine, ended(0))
    engine.submit(make_job(epochs=FOREVER, reported=1))
    assert listen(engine, epoch(0))[-1].epoch > 1


def test_stopping_what_is_not_there_does_nothing(engine):
    engine.stop(99)
    assert engine.free() == 2


def test_silence_is_no_message(engine):
    assert engine.poll(0.0) == []


def test_a_killed_worker_is_noticed_and_replaced(engine, make_job):
    engine.submit(make_job(trial=3, epochs=FOREVER))
    listen(engine, epoch(3))
    before = pids(engine)
    kill_worker_of(engine, 3)
    lost = next(each for each in listen(engine, ended(3)) if ended(3)(each))
    assert lost.outcome == "lost"
    assert lost.reason == "its worker was ended by SIGKILL (out of memory?)"
    assert engine.free() == 2
    assert len(set(before) - set(pids(engine))) == 1
    engine.submit(make_job(trial=4, epochs=1))
    assert listen(engine, ended(4))[-1].outcome == "complete"


def test_a_worker_that_an_error_may_have_harmed_is_replaced(engine, make_job):
    before = pids(engine)
    engine.submit(make_job(trial=1, layers=["max_pool 99"]))
    assert listen(engine, ended(1))[-1].outcome == "failed"
    assert pids(engine) == before  # it only said no
    engine.submit(dataclasses.replace(make_job(trial=2), seed=2**80))
    engine.submit(make_job(trial=3, epochs=FOREVER))
    failed = next(filter(ended(2), listen(engine, ended(2))))
    assert failed.reason.startswith("ValueError: ")
    assert engine.free() == 1
    assert len(set(before) - set(pids(engine))) == 1
    engine.submit(make_job(trial=4, epochs=1))
    assert next(filter(ended(4), listen(engine, ended(4)))).outcome == "complete"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_a_gpu_that_is_full_fails_the_trial_and_its_memory_is_back(make_job):
    gpu = torch.device("cuda", 0)
    engine = LocalEngine(gpu, jobs=1)
    try:
        engine.submit(make_job(trial=0, epochs=1))
        assert listen(engine, ended(0))[-1].outcome == "complete"
        before = free_bytes(gpu)
        heavy = ["conv 8192 bias=false", "batch_norm", "relu", "flatten"]
        filled = torch.empty(before - 100 * 2**20, dtype=torch.uint8, device=gpu)
        engine.submit(make_job(trial=1, layers=heavy, batch_size=128, epochs=1))
        (failed,) = filter(over, listen(engine, ended(1)))
        assert (failed.outcome, failed.harmed) == ("failed", True)
        assert failed.reason == "out of memory on the device"
        del filled
        free_memory(gpu)
        engine.submit(make_job(trial=2, epochs=1))
        assert listen(engine, ended(2))[-1].outcome == "complete"
        assert free_bytes(gpu) > before - 2**28
    finally:
        engine.close()


def test_a_killed_idle_worker_is_replaced_without_a_word(engine, make_job):
    before = pids(engine)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    while set(pids(engine)) & set(before):
        assert engine.poll(PATIENCE) == []
    engine.submit(make_job(epochs=1))
    assert listen(engine, ended(0))[-1].outcome == "complete"


def test_a_worker_that_dies_before_it_gets_its_job_gives_it_back(engine, make_job):
    for worker in engine._workers:
        worker.process.kill()
        worker.process.join()
    engine.submit(make_job())
    assert listen(engine, ended(0))[-1].outcome == "lost"


def test_ctrl_c_is_the_drivers_business(engine, make_job):
    engine.submit(make_job(epochs=FOREVER))
    listen(engine, epoch(0))
    for pid in pids(engine):
        os.kill(pid, signal.SIGINT)
    listen(engine, epoch(0))
    engine.stop(0)
    assert listen(engine, ended(0))[-1].outcome == "stopped"


def test_closing_ends_workers_in_the_middle_of_their_work(make_job):
    engine = LocalEngine(CPU, jobs=1)
    engine.submit(make_job(epochs=FOREVER))
    listen(engine, epoch(0))
    (worker,) = engine._workers
    engine.close()
    assert not worker.process.is_alive()


def test_a_worker_without_a_driver_ends(make_job):
    engine = LocalEngine(CPU, jobs=1)
    engine.submit(make_job(epochs=FOREVER))
    listen(engine, epoch(0))
    (worker,) = engine._workers
    worker.connection.close()
    worker.process.join(PATIENCE)
    assert not worker.process.is_alive()
    engine.close()


def test_starting_workers_leaves_this_processs_environment_alone(engine):
    assert "MALLOC_TRIM_THRESHOLD_" not in os.environ


def test_a_worker_that_hangs_is_replaced_and_its_trial_failed(
    engine, make_job, monkeypatch
):
    engine.submit(make_job(trial=3, epochs=FOREVER))
    listen(engine, epoch(3))
    monkeypatch.setattr(silence, "STALL_SECONDS", 1.0)
    (worker,) = [each for each in engine._workers if each.trial == 3]
    os.kill(worker.process.pid, signal.SIGSTOP)
    said = []
    while not any(map(over, said)):
        said += engine.poll(0.1)
    assert said[-1].outcome == "failed"
    assert said[-1].reason.startswith("hung: nothing was heard of it for 1")
    assert not worker.process.is_alive()
    monkeypatch.setattr(silence, "STALL_SECONDS", 600.0)
    assert engine.free() == 2
    for trial in (4, 5):
        engine.submit(make_job(trial=trial, epochs=1))
    heard = []
    while sum(map(over, heard)) < 2:
        heard += engine.poll(PATIENCE)
    assert {each.outcome for each in heard if over(each)} == {"complete"}


def test_no_trial_is_silent_for_longer_than_it_may_train(engine, make_job, monkeypatch):
    monkeypatch.setattr(silence, "LEAST_SECONDS", 1.0)
    short = make_job(trial=3, epochs=FOREVER, most_seconds=4.0)
    assert silence.allowed(short) == 4.0
    engine.submit(dataclasses.replace(short, most_seconds=math.inf))
    listen(engine, epoch(3))
    (worker,) = [each for each in engine._workers if each.trial == 3]
    worker.most_silent = 4.0
    os.kill(worker.process.pid, signal.SIGSTOP)
    said = []
    while not any(map(over, said)):
        said += engine.poll(0.1)
    assert said[-1].reason == "hung: nothing was heard of it for 4.0s"


def test_a_job_may_be_silent_for_minutes_however_short_it_is(make_job):
    assert silence.allowed(make_job(most_seconds=8.0)) == 120
    assert silence.allowed(make_job(most_seconds=400.0)) == 400
    assert silence.allowed(make_job()) > silence.STALL_SECONDS


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has such a file")
def test_a_full_memory_ends_workers_first(engine, make_job):
    engine.submit(make_job(trial=3, epochs=FOREVER))
    listen(engine, epoch(3))
    (worker,) = [each for each in engine._workers if each.trial == 3]
    told = Path(f"/proc/{worker.process.pid}/oom_score_adj").read_text()
    assert int(told) > int(Path("/proc/self/oom_score_adj").read_text())


def test_while_this_process_was_stopped_nobody_hung(engine, make_job, monkeypatch):
    engine.submit(make_job(trial=3, epochs=FOREVER))
    listen(engine, epoch(3))
    monkeypatch.setattr(silence, "STALL_SECONDS", 3 * silence.MOST_BETWEEN)
    engine._silence.looked -= 1_000
    assert not any(map(over, engine.poll(0.1)))


def test_a_worker_is_started_though_what_forks_it_was_just_killed(engine, make_job):
    server = forkserver._forkserver._forkserver_pid
    os.kill(server, signal.SIGKILL)
    engine.resize(3)
    assert engine.free() == 3
    engine.submit(make_job(epochs=1))
    said = []
    while not any(isinstance(each, JobEnded) for each in said):
        said += engine.poll(0.2)
    assert said[-1] == JobEnded(trial=0, outcome="complete")
    assert forkserver._forkserver._forkserver_pid != server
