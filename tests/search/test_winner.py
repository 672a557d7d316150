"""The final training as a job: what each of its plans was, one after the other."""

from autocnn.search.winner import plans
from autocnn.store.final import Final


def test_a_plan_that_never_changed_is_the_only_one():
    final = Final(trial=1, epochs=9, curve=(0.5,) * 9)
    assert [(plan.epochs, plan.done, end) for plan, end in plans(final)] == [(9, 0, 9)]


def test_each_plan_goes_on_where_the_one_before_it_ended():
    final = Final(trial=1, epochs=12, replanned=((3, 16), (10, 14)), curve=(0.5,) * 12)
    assert [(plan.epochs, plan.done, end) for plan, end in plans(final)] == [
        (16, 0, 3), (14, 3, 10), (12, 10, 12)
    ]  # fmt: skip
