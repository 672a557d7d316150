"""Real Ray: three machines of one core each, of which one is killed."""

import dataclasses
import os
import time

import pytest

from autocnn.engines.trainer import Files, Resources
from autocnn.errors import RequestError
from autocnn.events import EpochEnded
from autocnn.search.jobs import JobEnded

ray = pytest.importorskip("ray")
CORE = Resources()


@pytest.fixture(scope="module")
def machines():
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    before = os.umask(0o077)
    made = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
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


@pytest.mark.timeout(600)
def test_a_machine_that_is_killed_costs_an_epoch_of_its_trial(
    machines, cluster, make_job
):
    jobs = [make_job(trial=trial, epochs=60) for trial in range(3)]
    alone = cluster.engine(1)
    unbroken = drive(alone, [make_job(trial=9, epochs=3)])
    assert epochs_of(unbroken, 9) == [1, 2, 3]
    alone.close()
    engine, killed = cluster.engine(3), []

    def kill(message) -> None:
        if not killed and isinstance(message, EpochEnded) and message.epoch == 3:
            killed.append(time.monotonic())
            machine = next(iter(machines.worker_nodes))
            machines.remove_node(machine, allow_graceful=False)
            machines.add_node(num_cpus=1)

    said = drive(engine, jobs, kill)
    engine.close()
    ended = [each for each in said if isinstance(each, JobEnded)]
    assert sorted(e.trial for e in ended if e.outcome == "complete") == [0, 1, 2]
    lost = [each for each in ended if each.outcome == "lost"]
    assert len(lost) == 1
    assert "its worker was lost" in lost[0].reason
    for trial in range(3):
        assert epochs_of(said, trial) == list(range(1, 61))


def test_a_trial_is_left_when_told_to(cluster, make_job):
    engine = cluster.engine(1)

    def stop(message) -> None:
        if isinstance(message, EpochEnded):
            engine.stop(message.trial)

    said = drive(engine, [make_job(epochs=5000)], stop)
    engine.close()
    assert said[-1] == JobEnded(trial=0, outcome="stopped")


def test_a_cluster_that_is_not_there_is_told(tmp_path):
    from autocnn.engines.cluster import Cluster

    ray.shutdown()
    with pytest.raises(RequestError, match=r"no Ray cluster can be reached") as caught:
        Cluster("127.0.0.1:1", CORE, Files(studies=tmp_path), insecure=True)
    assert "ray start --head" in caught.value.hint
