"""More or fewer workers while a search runs: trials go on, idle workers leave."""

import os
import signal

import pytest
import torch

from autocnn.engines.local import LocalEngine
from autocnn.events import EpochEnded
from autocnn.search.jobs import JobEnded

CPU = torch.device("cpu")
FOREVER = 100_000
PATIENCE = 60.0


@pytest.fixture
def make_engine():
    """Make an engine; its workers are ended at the end of the test."""
    made = []

    def make(jobs: int) -> LocalEngine:
        made.append(LocalEngine(CPU, jobs))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def listen(engine, *until) -> list:
    """Collect messages up to the first that each of `until` accepts."""
    heard = []
    while not all(any(map(each, heard)) for each in until):
        messages = engine.poll(PATIENCE)
        assert messages, "the workers say nothing"
        heard += messages
    return heard


def ended(trial: int):
    return lambda message: isinstance(message, JobEnded) and message.trial == trial


def epoch(trial: int):
    return lambda message: isinstance(message, EpochEnded) and message.trial == trial


def pids(engine) -> list[int]:
    return [worker.process.pid for worker in engine._workers]


def outcome(heard, trial: int) -> str:
    return next(each for each in heard if ended(trial)(each)).outcome


def work_on(engine, make_job, *trials: int) -> None:
    """Have trials trained that end only when they are told to."""
    for trial in trials:
        engine.submit(make_job(trial=trial, epochs=FOREVER))
    listen(engine, *map(epoch, trials))


def test_more_workers_train_more_at_once(make_engine, make_job):
    engine = make_engine(1)
    work_on(engine, make_job, 0)
    (first,) = pids(engine)
    assert engine.free() == 0
    engine.resize(2)
    assert engine.free() == 1
    assert pids(engine)[0] == first
    engine.submit(make_job(trial=1, epochs=FOREVER))
    assert engine.free() == 0
    listen(engine, epoch(0), epoch(1))


def test_fewer_workers_let_those_that_train_end(make_engine, make_job):
    engine = make_engine(2)
    work_on(engine, make_job, 0, 1)
    first, second = (worker.process for worker in engine._workers)
    engine.resize(1)
    assert len(engine._workers) == 2
    assert engine.free() == 0
    listen(engine, epoch(0), epoch(1))
    engine.stop(0)
    assert outcome(listen(engine, ended(0)), 0) == "stopped"
    assert engine.free() == 0
    assert not first.is_alive()
    assert pids(engine) == [second.pid]
    listen(engine, epoch(1))
    engine.stop(1)
    listen(engine, ended(1))
    assert engine.free() == 1
    assert pids(engine) == [second.pid]


def test_a_worker_too_many_that_has_nothing_to_do_leaves_at_once(make_engine, make_job):
    engine = make_engine(2)
    work_on(engine, make_job, 0)
    busy, idle = (worker.process for worker in engine._workers)
    engine.resize(1)
    assert not idle.is_alive()
    assert pids(engine) == [busy.pid]
    assert engine.free() == 0
    listen(engine, epoch(0))


def test_workers_that_came_and_went_can_come_again(make_engine, make_job):
    engine = make_engine(1)
    for jobs in (3, 1, 2):
        engine.resize(jobs)
        assert engine.free() == len(set(pids(engine))) == jobs
    for trial in (0, 1):
        engine.submit(make_job(trial=trial, epochs=1))
    heard = listen(engine, ended(0), ended(1))
    assert outcome(heard, 0) == outcome(heard, 1) == "complete"


def test_a_change_of_mind_costs_no_worker(make_engine, make_job):
    engine = make_engine(2)
    work_on(engine, make_job, 0, 1)
    before = pids(engine)
    engine.resize(1)
    engine.resize(2)
    assert pids(engine) == before
    engine.stop(0)
    listen(engine, ended(0))
    assert engine.free() == 1
    assert pids(engine) == before


def test_the_same_number_changes_nothing(make_engine):
    engine = make_engine(1)
    before = pids(engine)
    engine.resize(1)
    assert pids(engine) == before
    assert engine.free() == 1


def kill_worker_of(engine, trial: int) -> None:
    (worker,) = [each for each in engine._workers if each.trial == trial]
    os.kill(worker.process.pid, signal.SIGKILL)


def test_a_worker_too_many_that_dies_is_not_replaced(make_engine, make_job):
    engine = make_engine(2)
    work_on(engine, make_job, 0, 1)
    engine.resize(1)
    kill_worker_of(engine, 0)
    assert outcome(listen(engine, ended(0)), 0) == "lost"
    assert len(engine._workers) == 1
    assert engine.free() == 0
    listen(engine, epoch(1))


def test_a_trial_that_lost_a_worker_too_many_goes_on_all_the_same(
    make_engine, make_job
):
    engine = make_engine(2)
    work_on(engine, make_job, 0, 1)
    engine.resize(1)
    kill_worker_of(engine, 0)
    listen(engine, ended(0))
    engine.submit(make_job(trial=0, epochs=FOREVER, reported=1))
    listen(engine, epoch(0), epoch(1))
    assert engine.free() == 0
    engine.stop(0)
    listen(engine, ended(0))
    assert len(engine._workers) == 1
