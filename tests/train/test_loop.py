"""Training: it learns, follows from its seed, and may be left and gone on with."""

import dataclasses
import itertools

import pytest
import torch
from torch import nn

from autocnn.errors import RequestError
from autocnn.train.learner import Learner
from autocnn.train.loop import Diverged, fit, score

CPU = torch.device("cpu")
TIMES = ("seconds", "images_per_second")
# Everything that draws at random or keeps a state of its own.
RESTLESS = ["conv 8", "batch_norm", "dropout2d 0.2", "relu", "max_pool 2"]
RESTLESS += ["flatten", "dense 16", "prelu", "dropout 0.3"]
WITH_STATE = {
    "sgd": {"schedule": "one_cycle"},
    "adamw": {"schedule": "cosine", "weight_decay": 0.01},
    "nadam": {"augmentation": ["flip", "shift 0.2", "rotate", "cutout", "jitter"]},
    "rmsprop": {"momentum": 0.9, "learning_rate": 0.001, "label_smoothing": 0.1},
}


@pytest.fixture
def learner(make_recipe, tiny_shape):
    def make(layers=None, seed=0, **train) -> Learner:
        return Learner(make_recipe(layers, **train), tiny_shape, device=CPU, seed=seed)

    return make


def weights(learner: Learner) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in learner.net.state_dict().items()}


def outcome(learner: Learner) -> list[dict[str, float]]:
    """Give the epochs without what the clock says."""
    return [
        {
            name: value
            for name, value in dataclasses.asdict(epoch).items()
            if name not in TIMES
        }
        for epoch in learner.history
    ]


def equal(first: Learner, second: Learner) -> bool:
    pairs = zip(weights(first).items(), weights(second).items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def test_a_network_learns_what_can_be_learnt(learner, tiny_batches):
    trained = learner(epochs=6, augmentation=["shift 0.1"])
    *_, last = fit(trained, *tiny_batches)
    assert last.val_accuracy > 0.8
    assert last.train_accuracy > 0.8
    assert last.val_loss < 0.6


def test_every_epoch_of_the_recipe_is_yielded_and_kept(learner, tiny_batches):
    trained = learner(epochs=3)
    epochs = list(fit(trained, *tiny_batches))
    assert [epoch.number for epoch in epochs] == [1, 2, 3]
    assert trained.history == epochs
    assert list(fit(trained, *tiny_batches)) == []


def test_the_best_epoch_is_the_first_of_equals(learner, tiny_batches):
    trained = learner(epochs=1)
    assert trained.best is None
    (epoch,) = fit(trained, *tiny_batches)
    scores = [0.5, 0.9, 0.7, 0.9]
    trained.history[:] = [
        dataclasses.replace(epoch, number=number, val_accuracy=value)
        for number, value in enumerate(scores, start=1)
    ]
    assert trained.best.number == 2


def test_what_an_epoch_tells_is_what_scoring_finds(learner, tiny_batches):
    trained = learner(epochs=2)
    *_, last = fit(trained, *tiny_batches)
    assert score(trained.net, tiny_batches[1]) == (last.val_loss, last.val_accuracy)


def test_scoring_is_mean_cross_entropy_and_accuracy(tiny_batches):
    _, val = tiny_batches
    always_first = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    nn.init.zeros_(always_first[1].weight)
    always_first[1].bias.data = torch.tensor([2.0, 0.0, 0.0]).log_softmax(0)
    labels = torch.cat([labels for _, labels in val.in_order()])
    share = (labels == 0).float().mean().item()
    loss, accuracy = score(always_first, val)
    expected = -always_first[1].bias[labels].mean().item()
    assert accuracy == pytest.approx(share)
    assert loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("optimizer", WITH_STATE)
def test_a_seed_decides_the_whole_training(learner, tiny_batches, optimizer):
    settings = {"optimizer": optimizer, "epochs": 2, **WITH_STATE[optimizer]}
    first, same, other = (learner(RESTLESS, seed, **settings) for seed in (1, 1, 2))
    for each in (first, same, other):
        list(fit(each, *tiny_batches))
    assert equal(first, same)
    assert outcome(first) == outcome(same)
    assert outcome(first) != outcome(other)


def test_no_two_epochs_see_the_images_in_the_same_order(learner):
    begun = learner()
    seeds = set()
    for _ in range(5):
        seeds.add(begun.epoch_seed())
        begun.history.append(None)
    assert len(seeds) == 5


def test_a_training_goes_on_within_its_schedule(learner, tiny_batches):
    trained = learner(epochs=2, schedule="one_cycle")
    groups = trained.optimizer.param_groups
    rates = [groups[0]["lr"] for _ in fit(trained, *tiny_batches)]
    assert rates[0] > 3 * rates[1] > 0


def test_keep_going_is_asked_before_every_step(learner, tiny_batches):
    asked = itertools.count()
    steps = len(tiny_batches[0]) // 32
    trained = learner(epochs=2)
    list(fit(trained, *tiny_batches, keep_going=lambda: next(asked) >= 0))
    assert next(asked) == 2 * steps


@pytest.mark.parametrize("step", [0, 1, 2])
def test_an_epoch_is_abandoned_when_told_to(learner, tiny_batches, step):
    steps = len(tiny_batches[0]) // 32
    asked = itertools.count()
    trained = learner(epochs=3)
    epochs = list(
        fit(trained, *tiny_batches, keep_going=lambda: next(asked) < steps + step)
    )
    assert [epoch.number for epoch in epochs] == [1]
    assert trained.history == epochs


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_lost_loss_is_said(learner, tiny_batches, optimizer):
    layers = ["conv 8", "relu", "flatten", "dense 8", "relu"]
    lost = learner(layers, optimizer=optimizer, learning_rate=1e30)
    with pytest.raises(Diverged, match="at epoch 1"):
        list(fit(lost, *tiny_batches))
    assert lost.history == []


def test_a_set_smaller_than_a_batch_is_one_batch(learner, tiny_batches):
    train, val = tiny_batches
    few = dataclasses.replace(train, indices=train.indices[:10])
    (epoch,) = fit(learner(epochs=1, batch_size=256), few, val)
    assert 0 <= epoch.train_accuracy <= 1


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"optimizer": "sdg"}, "no optimizer called 'sdg'"),
        ({"augmentation": ["filp"]}, "no augmentation called 'filp'"),
        ({"initialization": "zeros"}, "no initialization called 'zeros'"),
        ({"schedule": "one_cylce"}, "no schedule called 'one_cylce'"),
    ],
)
def test_a_learner_refuses_what_stands_in_no_table(
    learner, tiny_batches, settings, problem
):
    with pytest.raises(RequestError, match=problem):
        next(fit(learner(**settings), *tiny_batches))
