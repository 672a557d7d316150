"""When a search may end for want of progress."""

import pytest

from autocnn.search.patience import exhausted, expected_gain


def test_without_patience_no_search_ends_by_itself():
    assert not exhausted([0.9] * 99, 99, None, 100)


@pytest.mark.parametrize(("since", "over"), [(4, False), (5, True), (6, True)])
def test_a_number_is_of_trials_without_a_better_one(since, over):
    assert exhausted([], since, 5, 100) == over


def test_the_expected_gain_is_that_of_an_exponential_tail():
    # Mean excess over the lowest 0.02, and log(2) of that for as many trials again.
    assert expected_gain([0.80, 0.81, 0.83]) == pytest.approx(0.6931 * 0.02, rel=1e-3)


def test_the_prediction_holds_for_random_scores():
    import random

    draw = random.Random(0)
    predicted, found = [], []
    for _ in range(400):
        scores = sorted(draw.gauss(0.7, 0.05) for _ in range(90))
        predicted.append(expected_gain(scores[-10:]))
        more = [draw.gauss(0.7, 0.05) for _ in range(90)]
        found.append(max(0.0, max(more) - scores[-1]))
    # On average, within a third: the tail of a normal distribution is a little lighter.
    assert sum(found) / sum(predicted) == pytest.approx(1.0, abs=0.35)


def test_auto_ends_when_the_gain_is_below_the_noise():
    close, apart = [0.90, 0.901, 0.902, 0.903], [0.5, 0.6, 0.7, 0.9]
    assert exhausted(close, 10, "auto", 5_000)
    assert not exhausted(apart, 10, "auto", 5_000)
    # With fewer images the same scores are told apart less.
    assert exhausted(apart, 10, "auto", 1)


def test_nothing_is_gained_where_all_is_right():
    assert exhausted([0.6, 0.8, 0.9, 1.0], 10, "auto", 360)
    assert not exhausted([0.6, 0.8, 0.9, 0.98], 10, "auto", 360)


def test_auto_needs_a_few_trials_of_both_kinds():
    assert not exhausted([0.9] * 3, 99, "auto", 100)
    assert not exhausted([0.9] * 9, 3, "auto", 100)
