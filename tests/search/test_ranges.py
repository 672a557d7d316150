"""How ranges are written in a space file, and what is refused there."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autocnn.choices import FloatRange, IntRange, OneOf
from autocnn.errors import RequestError
from autocnn.search.ranges import parse_range, range_to_dict

FLOATS = st.floats(1e-6, 1e6)
INTS = st.integers(1, 1000)
RANGES = st.one_of(
    st.builds(
        lambda a, b, log: FloatRange(min(a, b), max(a, b), log),
        FLOATS,
        FLOATS,
        st.booleans(),
    ),
    st.builds(
        lambda a, b, log: IntRange(min(a, b), max(a, b), log), INTS, INTS, st.booleans()
    ),
    st.builds(
        lambda a, b, step: IntRange(min(a, b), max(a, b), step=step), INTS, INTS, INTS
    ),
    st.lists(INTS, min_size=1, unique=True).map(lambda values: OneOf(tuple(values))),
)


@pytest.mark.parametrize(
    ("written", "likeness", "read"),
    [
        ("relu", None, OneOf(("relu",))),
        (3, None, OneOf((3,))),
        ([32, 64], None, OneOf((32, 64))),
        ({"min": 1, "max": 4}, None, IntRange(1, 4)),
        ({"min": 16, "max": 64, "step": 8}, None, IntRange(16, 64, step=8)),
        ({"min": 1, "max": 64, "log": True}, None, IntRange(1, 64, log=True)),
        ({"min": 0.1, "max": 0.5}, None, FloatRange(0.1, 0.5)),
        ({"min": 0, "max": 0.5}, None, FloatRange(0.0, 0.5)),
        ({"min": 0, "max": 1}, FloatRange(0.0, 0.3), FloatRange(0.0, 1.0)),
    ],
)
def test_a_range_is_one_value_a_list_or_bounds(written, likeness, read):
    assert parse_range("x", written, likeness, "a.toml") == (read, None)


def test_bounds_may_say_where_to_start():
    written = {"min": 1, "max": 4, "default": 2}
    assert parse_range("x", written, None, "a.toml") == (IntRange(1, 4), 2)


@given(RANGES)
def test_what_a_study_keeps_reads_equal(choice):
    kept = json.loads(json.dumps(range_to_dict(choice)))
    assert parse_range("x", kept, None, "the study")[0] == choice


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ([], "the range of x is empty"),
        ([3, 3], "the choices of x repeat a value"),
        (-1, "x = -1 is out of range"),
        (float("inf"), "x = inf is out of range"),
        (float("nan"), "x = nan is out of range"),
        ([[1]], r"x = \[1\] is neither a number nor a name"),
        ({"min": 1}, "the range of x lacks min or max"),
        ({"min": 4, "max": 1}, "the range of x is empty: 4 to 1"),
        ({"min": "a", "max": "b"}, "the range of x is empty"),
        ({"low": 1, "high": 4}, "a range has no 'low'"),
        ({"min": 0, "max": 4, "log": True}, "x cannot be drawn on a log scale from 0"),
        ({"min": 1, "max": 4, "step": 0}, "the step of x cannot be 0"),
        ({"min": 1, "max": 4, "step": "wide"}, "x"),
        ({"min": 1, "max": 4, "step": 2, "log": True}, "x"),
    ],
)
def test_what_is_no_range_is_refused_with_its_place(written, problem):
    with pytest.raises(RequestError, match=problem) as caught:
        parse_range("x", written, None, "a.toml")
    assert caught.value.problem.startswith("a.toml: ")
    assert caught.value.hint
