"""A network's latency is that of one image, and follows its size."""

from types import SimpleNamespace

import torch

from autocnn.train import latency

CPU = torch.device("cpu")


def test_a_larger_network_takes_longer(make_recipe, tiny_shape):
    small, large = (
        make_recipe([f"conv {width}", f"conv {width}", "flatten"]) for width in (8, 256)
    )
    quick, slow = (latency.measure(CPU, net, tiny_shape) for net in (small, large))
    assert 0 < quick < slow


def test_a_slow_network_is_run_as_often_as_needed_and_no_more(
    make_recipe, tiny_shape, monkeypatch
):
    now = iter(range(10_000))
    clock = SimpleNamespace(perf_counter=lambda: float(next(now)))
    monkeypatch.setattr(latency, "time", clock)
    assert latency.measure(CPU, make_recipe(), tiny_shape) == 1.0
    ran = (next(now) - 1) / 2
    assert ran == latency.WARM_UP + latency.LEAST
