"""Devices: found or refused, and how a CPU is set up."""

import os
import subprocess
import sys
import threading

import pytest
import torch
from torch import nn

from autocnn import device as devices
from autocnn import processes
from autocnn.errors import RequestError

CPU = torch.device("cpu")


@pytest.fixture
def no_accelerator(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_without_an_accelerator_auto_is_the_cpu(no_accelerator):
    assert devices.pick_device("auto") == CPU
    assert devices.pick_device("cpu") == CPU


def test_auto_takes_the_fastest_there_is(no_accelerator, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices.pick_device("auto").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.pick_device("auto").type == "cuda"
    assert devices.pick_device("cuda:1") == torch.device("cuda", 1)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("cuda", "PyTorch finds no cuda device"),
        ("cuda:1", "PyTorch finds no cuda device"),
        ("mps", "PyTorch finds no mps device"),
        ("tpu", "no device called 'tpu'"),
        ("cpu:x", "no device called 'cpu:x'"),
        ("cpu:3", "no device called 'cpu:3'"),
    ],
)
def test_a_device_that_is_not_there_is_refused(no_accelerator, name, problem):
    with pytest.raises(RequestError, match=problem) as caught:
        devices.pick_device(name)
    assert caught.value.hint


def test_a_cpu_has_a_worker_for_each_of_its_cores():
    assert devices.default_jobs(CPU) == devices.cores() >= 1
    assert devices.describe(CPU) == f"{devices.cores()} CPU cores"


def test_each_worker_gets_a_gpu_in_turn_unless_one_was_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    any_gpu, second = torch.device("cuda"), torch.device("cuda", 1)
    assert devices.default_jobs(any_gpu) == 2
    assert devices.default_jobs(second) == 1
    assert [devices.assign(any_gpu, slot).index for slot in range(3)] == [0, 1, 0]
    assert devices.assign(second, 0) == second
    assert devices.assign(CPU, 3) == CPU


def test_workers_keep_to_their_threads_and_their_memory():
    settings = processes.worker_environment(2)
    assert settings["OMP_NUM_THREADS"] == settings["MKL_NUM_THREADS"] == "2"
    assert "PYTORCH_CUDA_ALLOC_CONF" in settings
    assert "MALLOC_TRIM_THRESHOLD_" in settings
    assert "MALLOC_TRIM_THRESHOLD_" not in os.environ


def test_what_a_person_has_set_stays_set(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with processes.environment(processes.worker_environment(2)):
        assert os.environ["OMP_NUM_THREADS"] == "7"
        assert os.environ["MKL_NUM_THREADS"] == "2"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_a_cpu_is_one_device_however_it_is_called():
    assert devices.pick_device("cpu:0") == CPU


@pytest.mark.parametrize("asked", ["3", "3,2"])
def test_a_worker_has_the_threads_that_a_person_asked_for(asked):
    code = "import torch; from autocnn import device, processes\n"
    code += "device.prepare(torch.device('cpu'), processes.threads_of(2))\n"
    code += "print(torch.get_num_threads())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "OMP_NUM_THREADS": asked},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "3\n", done.stderr


@pytest.mark.parametrize("nonsense", ["", "0", "many"])
def test_threads_that_are_no_number_are_not_heeded(monkeypatch, nonsense):
    monkeypatch.setenv("OMP_NUM_THREADS", nonsense)
    assert processes.threads_of(1) == processes.cores()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has control groups")
@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "250000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        ({"cpu.max": "9900000 100000\n"}, 8),
        ({"cpu.max": "garbage"}, 8),
        ({}, 8),
    ],
)
def test_a_container_has_the_cores_it_may_use(tmp_path, monkeypatch, files, cores):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(processes, "CONTROL_GROUPS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert processes.cores() == cores


def test_a_cpu_computes_in_full_precision():
    with devices.mixed_precision(CPU):
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.float32
    assert not devices.scaler(CPU).is_enabled()


def test_a_network_is_laid_out_for_convolutions():
    net = devices.place(nn.Conv2d(3, 8, 3), CPU)
    assert net.weight.is_contiguous(memory_format=torch.channels_last)


def test_items_made_ahead_are_the_same_in_the_same_order():
    assert list(devices.one_ahead(iter(range(5)))) == [0, 1, 2, 3, 4]
    assert list(devices.one_ahead(iter([]))) == []


def test_the_next_item_is_made_while_one_is_used():
    made = [threading.Event() for _ in range(3)]

    def make():
        for number, event in enumerate(made, start=1):
            event.set()
            yield number

    items = devices.one_ahead(make())
    assert next(items) == 1
    assert made[1].wait(timeout=10)
    items.close()
    assert not made[2].is_set()


def test_what_goes_wrong_ahead_is_raised():
    def make():
        yield 1
        raise ValueError("in the other thread")

    items = devices.one_ahead(make())
    assert next(items) == 1
    with pytest.raises(ValueError, match="in the other thread"):
        next(items)


@pytest.mark.parametrize(("cores", "left"), [(1, 1), (2, 1), (4, 3), (64, 3)])
def test_a_core_is_left_for_what_prepares_and_given_back(monkeypatch, cores, left):
    monkeypatch.setattr(devices, "cores", lambda: cores)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with devices.with_a_core_left():
            assert torch.get_num_threads() == left
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_what_gpus_hold_is_asked_of_nvidia_smi(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho '1000, 81559'\necho '24, 81559'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert devices.occupied() == (1024 * 2**20, 2 * 81559 * 2**20)


@pytest.mark.parametrize("script", ["echo 'no devices'; exit 9", "echo nonsense"])
def test_an_nvidia_smi_that_does_not_work_says_nothing(tmp_path, monkeypatch, script):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert devices.occupied() == (0, 0)
