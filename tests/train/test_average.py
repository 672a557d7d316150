"""The moving average of a network's weights, and what is scored and kept of it."""

import pytest
import torch
from torch import nn

from autocnn.train import attempt
from autocnn.train.average import EVERY, Average
from autocnn.train.learner import Learner
from autocnn.train.loop import fit, score
from autocnn.train.weights import load_weights

CPU = torch.device("cpu")
LAYERS = ["conv 8", "batch_norm", "relu", "max_pool 2", "flatten"]


def a_net(value: float) -> nn.Module:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    with torch.no_grad():
        for weights in net.parameters():
            weights.fill_(value)
        net[1].running_mean.fill_(value)
    return net


def test_an_average_of_what_does_not_change_is_that():
    net = a_net(3.0)
    average = Average(net, 0.99)
    for step in range(1, 100):
        average.follow(net, step)
    assert all(
        torch.allclose(a, b)
        for a, b in zip(average.net.parameters(), net.parameters(), strict=True)
    )


@pytest.mark.parametrize(("decay", "steps"), [(0.99, 100), (0.9, 10)])
def test_after_many_steps_its_memory_is_what_the_decay_says(decay, steps):
    average = Average(a_net(0.0), decay)
    other = a_net(1.0)
    # From far enough on that the share of all steps no longer bounds it.
    for step in range(5_000, 5_000 + steps, EVERY):
        average.follow(other, step)
    for value in (average.net[0].weight[0, 0], average.net[1].running_mean[0]):
        assert value.item() == pytest.approx(1 - decay**steps, abs=0.01)


def test_at_first_the_start_is_soon_forgotten():
    average = Average(a_net(0.0), 0.99)
    for step in range(1, 31):
        average.follow(a_net(1.0), step)
    assert average.net[0].weight[0, 0] > 0.95


def test_the_average_is_scored_and_kept_and_its_network_learns_the_same(
    tmp_path, make_recipe, tiny_shape, tiny_batches
):
    train, val = tiny_batches
    learners = []
    for decay in (0.0, 0.9):
        recipe = make_recipe(LAYERS, epochs=2, ema_decay=decay)
        learners.append(Learner(recipe, tiny_shape, device=CPU, seed=3))
    list(fit(learners[0], train, val))
    list(attempt.go_on(tmp_path, learners[1], train, val))
    plain, averaged = learners
    for a, b in zip(plain.net.parameters(), averaged.net.parameters(), strict=True):
        assert torch.equal(a, b)
    assert [epoch.train_loss for epoch in plain.history] == [
        epoch.train_loss for epoch in averaged.history
    ]
    assert averaged.result is not averaged.net
    best = averaged.best
    kept = Learner(recipe, tiny_shape, device=CPU, seed=9)
    load_weights(attempt.weights_file(tmp_path, 0, best.number), kept.net, CPU)
    assert score(kept.net, val)[1] == pytest.approx(best.val_accuracy)
