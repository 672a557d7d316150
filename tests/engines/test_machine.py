"""A machine is measured once, in real workers, and remembered."""

import dataclasses

import pytest
import torch

from autocnn import device as devices
from autocnn import processes
from autocnn.engines import machine
from autocnn.train.cost import reference

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path))


def test_a_machine_is_measured_once(monkeypatch):
    said = []
    assert machine.known_prices(CPU, 1) is None
    first = machine.prices(CPU, 1, said.append)
    assert first is not None
    assert first.workers == 1
    monkeypatch.setattr(machine, "_measured", None)
    assert machine.prices(CPU, 1, said.append) == first
    assert machine.known_prices(CPU, 1) == first
    assert len(said) == 1


def test_a_crowd_of_workers_is_not_measured(monkeypatch):
    monkeypatch.setattr(machine, "_measured", None)
    monkeypatch.setattr(machine, "cores", lambda: 2)
    said = []
    assert machine.prices(CPU, 100, said.append) is None
    assert said == ["100 workers share 2 cores: what training costs is unknown"]


def test_other_workers_or_a_damaged_file_are_measured_anew(monkeypatch):
    found = iter([reference(), reference(), None])
    monkeypatch.setattr(machine, "_measured", lambda *_: next(found))
    assert machine.prices(CPU, 1, print) == reference()
    assert machine.known_prices(CPU, 2) is None
    machine._file(CPU, 1).write_text("{")
    assert machine.prices(CPU, 1, print) == reference()
    machine._file(CPU, 1).write_text("{}")
    assert machine.prices(CPU, 1, print) is None


def test_prices_with_about_as_many_workers_do_where_none_are_exact(monkeypatch):
    assert machine.nearest_prices(CPU, 2) is None
    for workers in (1, 8):
        found = dataclasses.replace(reference(), workers=workers)
        monkeypatch.setattr(machine, "_measured", lambda *_, found=found: found)
        machine.prices(CPU, workers, print)
    workers = [machine.nearest_prices(CPU, near).workers for near in (1, 2, 6, 64)]
    assert workers == [1, 1, 8, 8]
    machine._file(CPU, 8).write_text("{")
    assert machine.nearest_prices(CPU, 64).workers == 1


def test_computers_that_share_a_home_do_not_share_prices(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_measured", lambda *_: reference())
    text = "processor\t: 0\nmodel name\t: AMD EPYC 7R13\nmodel name\t: AMD EPYC 7R13\n"
    monkeypatch.setattr(processes, "CPU_INFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(text)
    machine.prices(CPU, 1, print)
    assert machine.known_prices(CPU, 1) is not None
    (tmp_path / "cpuinfo").write_text(text.replace("EPYC 7R13", "Ryzen 5"))
    assert machine.known_prices(CPU, 1) is None
    assert machine.nearest_prices(CPU, 1) is None


def threads(device):
    return torch.get_num_threads()


def test_workers_have_the_threads_that_a_person_asked_for(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert machine._in_workers(threads, CPU, 1, ()) == [3]


def fail(device):
    raise RuntimeError("a probe that breaks")


def test_a_probe_that_fails_costs_only_the_forecast(capfd):
    assert machine._in_workers(fail, CPU, 1, ()) == []
    assert "Traceback" not in capfd.readouterr().err


def test_the_mean_is_taken_number_by_number():
    documents = [{"a": [1.0, {"b": 2.0}], "c": "x"}, {"a": [3.0, {"b": 6.0}], "c": "x"}]
    assert machine._mean(documents) == {"a": [2.0, {"b": 4.0}], "c": "x"}


def test_what_one_worker_could_not_measure_has_no_mean():
    assert machine._mean([{"a": 1.0, "b": 2.0}, {"a": 3.0}]) == {"a": 2.0}


def test_on_cpu_there_is_a_job_for_each_core(make_recipe, tiny_shape):
    assert machine.auto_jobs(CPU, make_recipe, tiny_shape, 100) == devices.cores()


@pytest.mark.parametrize(("held", "more"), [(True, 200), (False, 0)])
def test_images_that_stay_on_a_gpu_count_as_memory_of_a_training(
    monkeypatch, make_recipe, tiny_shape, held, more
):
    monkeypatch.setattr(devices, "free_bytes", lambda device: 1_000)
    monkeypatch.setattr(devices, "holds", lambda device, size: held)
    measured = machine._measure_memory(CPU, make_recipe(), tiny_shape, 200)
    assert measured == (1_000, more)


GIB = 2**30


@pytest.mark.parametrize(
    ("free", "taken", "jobs"),
    [(80 * GIB, GIB, 4), (8 * GIB, 3 * GIB, 2), (4 * GIB, 6 * GIB, 1)],
)
def test_as_many_trainings_share_a_gpu_as_its_memory_holds(
    monkeypatch, free, taken, jobs
):
    monkeypatch.setattr(devices, "cores", lambda: 16)
    assert devices.workers_that_fit(free, taken) == jobs


def test_latency_is_measured_in_a_process_of_its_own(make_recipe, tiny_shape):
    found = machine.latency(CPU, make_recipe(), tiny_shape)
    assert found is not None
    assert 0 < found < 1


def test_a_network_that_cannot_run_has_no_latency(make_recipe, tiny_shape):
    assert machine.latency(CPU, make_recipe(["max_pool 99"]), tiny_shape) is None
