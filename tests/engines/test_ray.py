"""Real Ray: three machines of one core each, that are killed, cut off, taken away."""

import dataclasses
import os
import time

import psutil
import pytest
import torch

from autocnn import waiting
from autocnn.engines import silence
from autocnn.engines.trainer import Files, Resources
from autocnn.engines.worker import run
from autocnn.errors import RequestError, UnavailableError
from autocnn.events import EpochEnded
from autocnn.search.jobs import JobEnded

ray = pytest.importorskip("ray")
CORE = Resources()
LONG = 100_000
SOON = 300.0
"""Seconds, on a busy machine; on another one a few."""
HEALTH = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 4000,
    "health_check_failure_threshold": 3,
}
"""So that a machine that does not answer is given up after seconds, not a minute."""


@pytest.fixture(scope="module")
def machines():
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    before = os.umask(0o077)
    head = {"num_cpus": 1, "include_dashboard": False, "_system_config": HEALTH}
    made = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(2):
        made.add_node(num_cpus=1)
    yield made
    ray.shutdown()
    made.shutdown()
    os.umask(before)


@pytest.fixture
def cluster(machines, tmp_path):
    from autocnn.engines.cluster import Cluster

    files = Files(studies=tmp_path)
    return Cluster(machines.address, CORE, files, insecure=True)


def all_of(engine, count: int):
    """An engine whose workers have all begun, each on its machine."""
    while engine.free() < count:
        engine.poll(0.2)
    return engine


def epochs_of(said, trial: int) -> list[int]:
    return [e.epoch for e in said if isinstance(e, EpochEnded) and e.trial == trial]


def drive(engine, jobs, heard=lambda _: None) -> list:
    """Have all jobs trained, lost ones again; all that was said."""
    waiting, running, said = list(jobs), {}, []
    while waiting or running:
        while waiting and engine.free():
            job = waiting.pop(0)
            done = len(set(epochs_of(said, job.trial)))
            running[job.trial] = job
            engine.submit(dataclasses.replace(job, reported=done))
        for message in engine.poll(0.2):
            said.append(message)
            heard(message)
            if isinstance(message, JobEnded):
                job = running.pop(message.trial)
                if message.outcome == "lost":
                    waiting.append(job)
    return said


def test_what_there_is_is_counted(cluster):
    assert cluster.jobs(lambda: None, None, 0) == 3
    assert cluster.name == "a Ray cluster (3 machines, 3 CPU)"


@pytest.mark.parametrize("replaced", [True, False])
def test_a_machine_that_is_killed_costs_an_epoch_of_its_trial(
    replaced, machines, cluster, make_job
):
    jobs = [make_job(trial=trial, epochs=60) for trial in range(3)]
    alone = cluster.engine(1)
    unbroken = drive(alone, [make_job(trial=9, epochs=3)])
    assert epochs_of(unbroken, 9) == [1, 2, 3]
    alone.close()
    engine, killed = all_of(cluster.engine(3), 3), []

    def kill(message) -> None:
        if not killed and isinstance(message, EpochEnded) and message.epoch == 3:
            killed.append(time.monotonic())
            machine = next(iter(machines.worker_nodes))
            machines.remove_node(machine, allow_graceful=False)
            if replaced:
                machines.add_node(num_cpus=1)

    said = drive(engine, jobs, kill)
    engine.close()
    if not replaced:  # those who are left have trained it, too
        machines.add_node(num_cpus=1)
    ended = [each for each in said if isinstance(each, JobEnded)]
    assert sorted(e.trial for e in ended if e.outcome == "complete") == [0, 1, 2]
    lost = [each for each in ended if each.outcome == "lost"]
    assert len(lost) == 1
    assert "its worker was lost" in lost[0].reason
    for trial in range(3):
        assert epochs_of(said, trial) == list(range(1, 61))


class Searched:
    """Long trainings on a cluster's workers, as a driver has them."""

    def __init__(self, engine, jobs) -> None:
        self.engine, self.said = engine, []
        self._jobs = {job.trial: job for job in jobs}
        for job in jobs:
            engine.submit(job)

    def listen(self, until) -> None:
        """Hear of them until something is so; those that are lost go on."""
        while not until():
            for message in self.engine.poll(0.2):
                self.said.append(message)
                if isinstance(message, JobEnded) and message.outcome == "lost":
                    job = self._jobs[message.trial]
                    reported = len(self.epochs(message.trial))
                    self.engine.submit(dataclasses.replace(job, reported=reported))

    def epochs(self, trial: int) -> list[int]:
        return epochs_of(self.said, trial)

    def more(self, trial: int, epochs: int = 3):
        """Whether a trial has so many more epochs than now."""
        before = len(self.epochs(trial))
        return lambda: len(self.epochs(trial)) >= before + epochs

    def lost(self) -> list[JobEnded]:
        return [each for each in self._ended() if each.outcome == "lost"]

    def stop(self) -> None:
        """Hear all of them to their last word, and end the workers."""
        for trial in self._jobs:
            self.engine.stop(trial)
        before = len(self.lost())
        self.listen(lambda: len(self._ended()) >= before + len(self._jobs))
        self.engine.close()

    def _ended(self) -> list[JobEnded]:
        return [each for each in self.said if isinstance(each, JobEnded)]


def networks(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("best-*")}


def on_a_worker_node(machines, engine):
    """Choose a worker that is not on the head; with its machine, and its process."""
    nodes = {node.node_id: node for node in machines.worker_nodes}
    for worker in engine._workers:
        actor = ray._private.state.actors(worker.actor._actor_id.hex())
        node = nodes.get(actor["Address"]["NodeID"])
        if worker.trial is not None and node is not None:
            return worker, node, psutil.Process(actor["Pid"])
    raise AssertionError


def test_a_machine_that_joins_has_work_at_once(machines, cluster, make_job):
    engine = cluster.engine(4)
    search = Searched(
        engine, [make_job(trial=trial, epochs=LONG) for trial in range(4)]
    )
    search.listen(lambda: len([t for t in range(4) if search.epochs(t)]) == 3)
    (waiting,) = [trial for trial in range(4) if not search.epochs(trial)]
    machine = machines.add_node(num_cpus=1)
    joined = time.monotonic()
    search.listen(search.more(waiting, 1))
    assert time.monotonic() - joined < SOON
    search.stop()
    machines.remove_node(machine)


def test_a_machine_that_is_taken_away_is_left_before(machines, cluster, make_job):
    from ray._raylet import GcsClient
    from ray.core.generated.autoscaler_pb2 import DrainNodeReason

    engine = all_of(cluster.engine(2), 2)
    search = Searched(
        engine, [make_job(trial=trial, epochs=LONG) for trial in range(2)]
    )
    search.listen(search.more(0))
    worker, machine, _ = on_a_worker_node(machines, engine)
    trial = worker.trial
    accepted, why = GcsClient(address=machines.address).drain_node(
        machine.node_id,
        DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION"),
        "a spot machine",
        int(1000 * time.time()) + 600_000,
    )
    assert accepted, why
    search.listen(search.lost)
    (lost,) = search.lost()
    assert (lost.trial, lost.reason) == (trial, "its machine is taken away")
    search.listen(search.more(trial))
    assert search.epochs(trial) == list(range(1, len(search.epochs(trial)) + 1))
    search.stop()
    machines.remove_node(machine)
    machines.add_node(num_cpus=1)


class Holder:
    """Something that has a part of a GPU."""

    def sees(self) -> str:
        return os.environ["CUDA_VISIBLE_DEVICES"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="it is about a lack of one")
def test_a_gpu_has_two_halves_and_one_that_is_none_is_told(machines, tmp_path):
    from autocnn.engines.cluster import Cluster

    machine = machines.add_node(num_cpus=3, num_gpus=1)
    half = Resources(gpus=0.5)
    cluster = Cluster(machines.address, half, Files(studies=tmp_path), insecure=True)
    assert cluster.jobs(lambda: None, None, 0) == 2
    holders = [ray.remote(Holder).options(**half.options).remote() for _ in range(3)]
    asked = [each.sees.remote() for each in holders]
    seen, rest = ray.wait(asked, num_returns=2, timeout=SOON)
    assert ray.get(seen) == ["0", "0"]
    assert not ray.wait(rest, timeout=2.0)[0]
    for each in holders:
        ray.kill(each)
    said = r"has 1 CPU and 0.5 GPU, says Ray, but PyTorch finds no GPU there"
    with pytest.raises(RequestError, match=said) as kept:
        cluster.engine(2)
    assert kept.tb is not None  # what it had started is gone though the error is there
    with pytest.raises(RequestError, match="PyTorch finds no GPU there"):
        cluster.prices(2, [].append)
    machines.remove_node(machine)


def test_one_that_does_not_answer_is_replaced(cluster, make_job, monkeypatch):
    engine = cluster.engine(1)
    engine.submit(make_job(epochs=LONG))
    said = []
    while not said:
        said += engine.poll(0.2)
    monkeypatch.setattr(silence, "STALL_SECONDS", 8.0)
    actor = ray._private.state.actors(engine._workers[0].actor._actor_id.hex())
    process = psutil.Process(actor["Pid"])
    process.suspend()
    while not isinstance(said[-1], JobEnded):
        said += engine.poll(0.2)
    assert said[-1].outcome == "failed"
    assert said[-1].reason == "hung: nothing was heard of it for 8.0s"
    process.kill()
    monkeypatch.setattr(silence, "STALL_SECONDS", 600.0)
    other = drive(engine, [make_job(trial=1, epochs=2)])
    engine.close()
    assert epochs_of(other, 1) == [1, 2]


def test_machines_that_are_all_gone_are_waited_for_but_not_for_ever(
    machines, tmp_path, make_job, monkeypatch
):
    from autocnn.engines.cluster import Cluster

    two, said = Resources(cpus=2), []
    files = Files(studies=tmp_path)
    monkeypatch.setattr(waiting, "MOST_SECONDS", 1.0)
    with pytest.raises(UnavailableError, match="no room for a worker of 2 CPU"):
        Cluster(machines.address, two, files, insecure=True)
    monkeypatch.setattr(waiting, "MOST_SECONDS", 60.0)
    machine = machines.add_node(num_cpus=2)
    engine = Cluster(machines.address, two, files, insecure=True).engine(1)
    with waiting.saying(said.append):
        search = Searched(engine, [make_job(epochs=LONG)])
        search.listen(search.more(0))
        machines.remove_node(machine, allow_graceful=False)
        search.listen(lambda: said)
        reason = "the cluster has no room for a worker of 2 CPU: of its 3 CPU and 0 GPU"
        assert said[0].startswith(f"waiting: {reason} on 3 machines")
        machine = machines.add_node(num_cpus=2)
        search.listen(search.more(0))
        assert said[-1] == "the wait is over"
        monkeypatch.setattr(waiting, "MOST_SECONDS", 1.0)
        machines.remove_node(machine, allow_graceful=False)
        search.listen(lambda: getattr(search.said[-1], "outcome", "") == "unsaved")
        assert search.said[-1].reason.startswith(reason)
        with pytest.raises(UnavailableError, match=reason):
            engine.poll(0.2)
    engine.close()


def test_one_that_an_error_may_have_harmed_is_replaced(cluster, make_job):
    engine = cluster.engine(1)
    (before,) = engine._workers
    (failed,) = drive(engine, [dataclasses.replace(make_job(), seed=2**80)])
    assert (failed.outcome, failed.harmed) == ("failed", True)
    assert before not in engine._workers
    other = drive(engine, [make_job(trial=1, epochs=2)])
    engine.close()
    assert epochs_of(other, 1) == [1, 2]


def test_a_trial_is_left_when_told_to(cluster, make_job):
    engine = cluster.engine(1)

    def stop(message) -> None:
        if isinstance(message, EpochEnded):
            engine.stop(message.trial)

    said = drive(engine, [make_job(epochs=5000)], stop)
    engine.close()
    assert said[-1] == JobEnded(trial=0, outcome="stopped")


def test_one_that_is_cut_off_and_trains_on_harms_nobody(machines, cluster, make_job):
    from servers import runs  # Ray's workers, which import this module, lack it

    jobs = [make_job(trial=trial, epochs=LONG) for trial in range(2)]
    engine = all_of(cluster.engine(2), 2)
    search = Searched(engine, jobs)
    search.listen(search.more(0))
    worker, machine, process = on_a_worker_node(machines, engine)
    trial, attempt = worker.trial, worker.attempt
    search.listen(search.more(trial))
    raylet = psutil.Process(machine.all_processes["raylet"][0].process.pid)
    raylet.suspend()
    search.listen(search.lost)
    assert search.lost()[0].trial == trial
    before = attempt.read("checkpoint-0.pt")
    while attempt.read("checkpoint-0.pt") == before:
        time.sleep(0.05)  # it trains on, and another begins
    search.listen(search.more(trial, 20))
    search.stop()
    assert process.is_running()
    raylet.resume()
    until = time.monotonic() + 3 * SOON
    while runs(process):
        assert time.monotonic() < until, (process, process.ppid(), raylet.is_running())
        time.sleep(0.2)
    machines.remove_node(machine)
    machines.add_node(num_cpus=1)

    told = [e for e in search.said if isinstance(e, EpochEnded) and e.trial == trial]
    assert [each.epoch for each in told] == list(range(1, len(told) + 1))
    job, unbroken = jobs[trial], []
    other = dataclasses.replace(job, folder=job.folder.with_name("unbroken"))

    def hear(message) -> None:
        unbroken.extend([message] if isinstance(message, EpochEnded) else [])

    run(other, torch.device("cpu"), hear, lambda: len(unbroken) < len(told))
    assert [each.val_loss for each in told] == [each.val_loss for each in unbroken]
    assert networks(job.folder) == networks(other.folder)


def test_a_cluster_that_is_not_there_is_told(tmp_path):
    from autocnn.engines.cluster import Cluster

    ray.shutdown()
    with pytest.raises(RequestError, match=r"no Ray cluster can be reached") as caught:
        Cluster("127.0.0.1:1", CORE, Files(studies=tmp_path), insecure=True)
    assert "ray start --head" in caught.value.hint
