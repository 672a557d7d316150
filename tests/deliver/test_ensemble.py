"""Networks that answer together: who is chosen, and what that is said to gain."""

import numpy as np
import pytest
import torch
from torch import nn

from autocnn.deliver.ensemble import choose
from autocnn.deliver.predict import Together

CLASSES = 4


def logits(
    labels: np.ndarray, seed: int, noise: float, sure: float = 1.0
) -> np.ndarray:
    """A network's answers: the right class stands out of noise of its own."""
    random = np.random.default_rng(seed).normal(0, noise, (len(labels), CLASSES))
    return sure * (random + np.eye(CLASSES)[labels])


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(99).integers(0, CLASSES, 1_000)


def test_networks_that_err_differently_are_better_together(labels):
    found = choose({str(n): logits(labels, n, 0.8) for n in (3, 5, 8)}, labels)
    assert set(found.weights) == {"3", "5", "8"}
    assert sum(found.weights.values()) == pytest.approx(1)
    assert found.val_accuracy > found.single_accuracy + 0.03
    assert found.gain > 3 * found.gain_error > 0


def test_one_that_is_far_better_stays_alone(labels):
    answers = {"a": logits(labels, 1, 0.1), "b": logits(labels, 2, 3.0, sure=5.0)}
    found = choose(answers, labels)
    assert found.weights == {"a": 1.0}
    assert found.gain == 0.0


def test_copies_of_one_network_gain_nothing(labels):
    same = logits(labels, 4, 0.8)
    found = choose({"a": same, "b": same.copy()}, labels)
    assert found.val_accuracy == found.single_accuracy
    assert (found.gain, found.gain_error) == (0.0, 0.0)


def test_what_is_said_to_be_gained_was_not_chosen_by_the_same_images():
    # Guesses: chosen and measured by the same images they would seem to gain a lot.
    labels = np.random.default_rng(0).integers(0, CLASSES, 300)
    guesses = {
        str(n): np.random.default_rng(n).normal(0, 1, (300, CLASSES)) for n in range(20)
    }
    found = choose(guesses, labels)
    assert found.val_accuracy > 0.33
    assert abs(found.gain) < 3 * found.gain_error


def test_together_they_give_the_logits_of_the_mean_probability():
    torch.manual_seed(0)
    nets = [nn.Linear(5, 3), nn.Linear(5, 3)]
    x = torch.randn(7, 5)
    together = Together(nets, [0.25, 0.75])(x)
    expected = 0.25 * nets[0](x).softmax(1) + 0.75 * nets[1](x).softmax(1)
    assert torch.allclose(together.softmax(1), expected, atol=1e-6)
