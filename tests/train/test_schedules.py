"""The contract of every line of SCHEDULES, and where the known ones lead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autocnn.choices import Choice
from autocnn.errors import RequestError
from autocnn.train.schedules import SCHEDULES, make_schedule

every_schedule = pytest.mark.parametrize("name", SCHEDULES)


def factors(line: str, steps: int) -> list[float]:
    factor = make_schedule(Choice.parse(line), steps)
    return [factor(step) for step in range(steps)]


@every_schedule
@settings(max_examples=25)
@given(steps=st.integers(1, 500))
def test_a_schedule_starts_above_0_and_stays_within_1(name, steps):
    values = factors(name, steps)
    assert values[0] > 0
    assert all(0 <= value <= 1 for value in values)


@every_schedule
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_even_the_shortest_training_learns_at_every_step(name, steps):
    assert min(factors(name, steps)) > 0


@pytest.mark.parametrize("line", ["one_cycle", "cosine", "one_cycle 0", "cosine 0"])
def test_a_schedule_with_an_end_ends_near_0(line):
    values = factors(line, 1000)
    assert max(values) > 0.99
    assert values[-1] < 0.01


@pytest.mark.parametrize("line", ["one_cycle", "cosine warmup=0.5"])
def test_a_schedule_with_a_warmup_rises_then_falls(line):
    values = factors(line, 100)
    top = values.index(max(values))
    assert values[: top + 1] == sorted(values[: top + 1])
    assert values[top:] == sorted(values[top:], reverse=True)
    assert 20 <= top <= 55


@pytest.mark.parametrize("line", ["one_cycle 1", "cosine warmup=1"])
def test_a_training_may_be_all_warmup(line):
    values = factors(line, 20)
    assert values == sorted(values)
    assert values[-1] > 0.9


def test_a_step_down_is_after_a_half_and_after_three_quarters():
    assert factors("step_down 0.5", 8) == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]


def test_inverse_time_is_kerass_decay():
    assert factors("inverse_time 0.5", 3) == [1, 1 / 1.5, 1 / 2]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("one_cylce", "no schedule called 'one_cylce'"),
        ("constant 0.5", "too many positional arguments"),
        ("cosine warm=0.1", "unexpected keyword argument 'warm'"),
    ],
)
def test_unknown_schedules_and_arguments_are_refused(line, problem):
    with pytest.raises(RequestError, match=problem):
        make_schedule(Choice.parse(line), 10)
