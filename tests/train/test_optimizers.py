"""The contract of every line of OPTIMIZERS, and which settings reach it."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from autocnn.errors import RequestError
from autocnn.recipe import TrainSettings
from autocnn.train.optimizers import OPTIMIZERS, make_optimizer, set_learning_rate

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)
    )


def settings(name: str, **changes) -> TrainSettings:
    rate = OPTIMIZERS[name].learning_rate
    return TrainSettings(optimizer=name, **{"learning_rate": rate, **changes})


@every_optimizer
def test_an_optimizer_lowers_the_loss_at_its_usual_rate(net, name):
    images, labels = torch.randn(24, 1, 4, 4), torch.arange(24) % 3
    optimizer = make_optimizer(net, settings(name))
    losses = []
    for _ in range(150):
        loss = functional.cross_entropy(net(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-10:]) < 0.8 * losses[0]


@every_optimizer
def test_an_optimizer_takes_every_setting_of_a_recipe(net, name):
    full = settings(name, momentum=0.8, weight_decay=0.01, epsilon=1e-6)
    optimizer = make_optimizer(net, full)
    net(torch.randn(2, 1, 4, 4)).sum().backward()
    optimizer.step()
    assert all(torch.isfinite(weights).all() for weights in net.parameters())


@every_optimizer
def test_on_a_device_without_the_kernel_no_optimizer_is_fused(net, name):
    # Tensors without content can be anywhere, even where there is no such device.
    with torch.device("meta"):
        elsewhere = nn.Linear(2, 2)
    options = make_optimizer(elsewhere, settings(name)).defaults
    assert not options.get("fused")
    assert options["foreach"]


@every_optimizer
def test_weight_decay_pulls_matrices_and_kernels_only(net, name):
    groups = make_optimizer(net, settings(name, weight_decay=0.01)).param_groups
    decays = {
        weights.dim() > 1: group["weight_decay"]
        for group in groups
        for weights in group["params"]
    }
    assert decays == {True: 0.01, False: 0.0}
    assert sum(len(group["params"]) for group in groups) == 6


@every_optimizer
def test_the_rate_of_all_weights_is_set_at_once(net, name):
    optimizer = make_optimizer(net, settings(name))
    set_learning_rate(optimizer, 0.125)
    assert {group["lr"] for group in optimizer.param_groups} == {0.125}


@every_optimizer
def test_an_optimizer_survives_its_state(net, name):
    images = torch.randn(8, 1, 4, 4)
    twins = [net, torch.nn.Sequential(*net)]
    first = make_optimizer(net, settings(name))
    functional.cross_entropy(net(images), torch.arange(8) % 3).backward()
    first.step()
    second = make_optimizer(twins[1], settings(name))
    second.load_state_dict(first.state_dict())
    assert str(second.state_dict()) == str(first.state_dict())


@pytest.mark.parametrize(
    ("momentum", "expected"),
    [(None, (0.9, True)), (0.5, (0.5, True)), (0.0, (0.0, False))],
)
def test_sgd_is_with_nesterov_momentum_unless_there_is_none(net, momentum, expected):
    options = make_optimizer(net, settings("sgd", momentum=momentum)).defaults
    assert (options["momentum"], options["nesterov"]) == expected


@pytest.mark.parametrize(
    ("changes", "theirs"),
    [
        ({}, {"alpha": 0.9, "eps": 1e-7, "momentum": 0.0}),
        ({"epsilon": 1e-3}, {"alpha": 0.9, "eps": 1e-3, "momentum": 0.0}),
        ({"momentum": 0.8}, {"alpha": 0.9, "eps": 1e-7, "momentum": 0.8}),
        ({"weight_decay": 0.1}, {"alpha": 0.9, "eps": 1e-7, "momentum": 0.0}),
    ],
)
def test_rmsprop_is_keras_unless_a_recipe_says_more(net, changes, theirs):
    twin = copy.deepcopy(net)
    decay = changes.get("weight_decay", 0.0)
    groups = [
        {
            "params": [p for p in twin.parameters() if p.dim() > 1],
            "weight_decay": decay,
        },
        {"params": [p for p in twin.parameters() if p.dim() <= 1]},
    ]
    plain = torch.optim.RMSprop(groups, lr=1e-3, foreach=False, **theirs)
    ours = make_optimizer(net, settings("rmsprop", learning_rate=1e-3, **changes))
    for _ in range(20):
        for mine, other in zip(net.parameters(), twin.parameters(), strict=True):
            mine.grad = torch.randn_like(mine)
            other.grad = mine.grad.clone()
        plain.step()
        ours.step()
    for mine, other in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)


def test_adamax_takes_the_origins_epsilon(net):
    assert make_optimizer(net, settings("adamax", epsilon=1.0)).defaults["eps"] == 1.0


def test_an_unknown_optimizer_is_refused(net):
    with pytest.raises(RequestError, match="no optimizer called 'lion'"):
        make_optimizer(net, TrainSettings(optimizer="lion"))


def test_every_usual_rate_is_a_rate():
    assert all(0 < row.learning_rate < 1 for row in OPTIMIZERS.values())
    assert all(math.isfinite(row.learning_rate) for row in OPTIMIZERS.values())
