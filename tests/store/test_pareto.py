"""The trials that no other beats in accuracy and in cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autocnn.store.pareto import COSTS, front
from autocnn.store.rows import TrialRow

parameters = COSTS["params"]


def row(trial, accuracy, parameters, status="complete", **more) -> TrialRow:
    return TrialRow(
        trial=trial,
        state=status,
        status=status,
        val_accuracy=accuracy,
        val_standard_error=None,
        epochs=1,
        parameters=parameters,
        flops=None,
        seconds=None,
        params={},
        curve=(),
        reason="",
        recipe="",
        **more,
    )


def beats(one: TrialRow, other: TrialRow) -> bool:
    """As good in both, and better in one."""
    better = one.val_accuracy - other.val_accuracy, other.parameters - one.parameters
    return min(better) >= 0 and max(better) > 0


few = st.integers(0, 5)
scored = st.lists(st.tuples(few, few), max_size=20).map(
    lambda pairs: [row(n, a / 5, p) for n, (a, p) in enumerate(pairs)]
)


@given(scored)
def test_exactly_those_that_none_beats_are_chosen(rows):
    best = [one for one in rows if not any(beats(other, one) for other in rows)]
    assert sorted(r.trial for r in front(rows, parameters)) == [r.trial for r in best]


@given(scored)
def test_the_cheapest_comes_first_and_accuracy_rises_with_cost(rows):
    chosen = front(rows, parameters)
    assert chosen == sorted(chosen, key=lambda r: (r.parameters, r.val_accuracy))
    accuracies = [r.val_accuracy for r in chosen]
    assert accuracies == sorted(accuracies)


@given(scored, st.randoms())
def test_the_order_of_the_trials_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert front(shuffled, parameters) == front(rows, parameters)


def test_what_has_no_score_or_no_such_cost_or_failed_is_left_out():
    rows = [
        row(0, None, 1, "refused"),
        row(1, 0.9, None),
        row(2, 0.99, 1, "failed"),
        row(3, 0.5, 10, "pruned"),
    ]
    assert [r.trial for r in front(rows, parameters)] == [3]


@pytest.mark.parametrize("name", COSTS)
def test_every_cost_is_read_from_a_row(name):
    empty = row(0, 0.5, None)
    assert COSTS[name](empty) is None
    assert front([empty], COSTS[name]) == []


def test_latency_is_compared_where_it_was_measured():
    rows = [row(0, 0.9, 1, latency=0.02), row(1, 0.8, 1, latency=0.01), row(2, 0.99, 1)]
    assert [r.trial for r in front(rows, COSTS["latency"])] == [1, 0]
