"""Lines of a recipe and ranges of a space, as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autocnn.choices import Choice, FloatRange, IntRange, OneOf, describe, pick, size
from autocnn.errors import RequestError

NAMES = st.from_regex(r"[a-z][a-z_]{0,11}", fullmatch=True)
SCALARS = st.one_of(
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    NAMES.filter(lambda word: word not in {"true", "false", "nan", "inf", "infinity"}),
)
CHOICES = st.builds(
    Choice,
    NAMES,
    st.lists(SCALARS, max_size=3).map(tuple),
    st.dictionaries(NAMES, SCALARS, max_size=3).map(lambda named: tuple(named.items())),
)


def conv(shape, width, padding="same", kernel=3, bias=True):
    return shape, width, padding, kernel, bias


def test_a_line_is_a_name_with_arguments():
    assert Choice.parse("conv 32 valid stride=2 bias=false") == Choice(
        "conv", (32, "valid"), (("stride", 2), ("bias", False))
    )


def test_numbers_keep_their_kind():
    assert Choice.parse("x 1 1.0 1e-6 true one").arguments == (
        1,
        1.0,
        1e-6,
        True,
        "one",
    )
    assert [type(value) for value in Choice.parse("x 1 1.0").arguments] == [int, float]


@given(CHOICES)
def test_what_is_written_reads_equal(choice):
    again = Choice.parse(str(choice))
    assert again == choice
    assert str(again) == str(choice)


def test_an_empty_line_is_refused():
    with pytest.raises(RequestError, match="names nothing"):
        Choice.parse("  ")


def test_arguments_are_fitted_to_the_function():
    bound = Choice.parse("conv 8 kernel=5").bind(conv, (3, 8, 8))
    assert conv(*bound.args, **bound.kwargs) == ((3, 8, 8), 8, "same", 5, True)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("conv", "missing a required argument: 'width'"),
        ("conv 8 size=3", "unexpected keyword argument 'size'"),
        ("conv 8 same 3 true 9", "too many positional arguments"),
        ("conv 8 width=9", "multiple values for argument 'width'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_the_usage(line, problem):
    with pytest.raises(RequestError, match=problem) as caught:
        Choice.parse(line).bind(conv, (3, 8, 8))
    assert caught.value.hint == (
        "write it as: conv WIDTH [padding=same] [kernel=3] [bias=true]"
    )


def test_a_row_is_picked_by_name():
    assert pick({"relu": 1}, "relu", "activation") == 1


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(RequestError) as caught:
        pick({"relu": 1, "gelu": 2}, "geluu", "activation")
    assert caught.value.problem == "there is no activation called 'geluu'"
    assert caught.value.hint == "did you mean 'gelu'?"


def test_a_name_near_nothing_is_answered_with_all():
    with pytest.raises(RequestError) as caught:
        pick({"relu": 1, "gelu": 2}, "xyz", "activation")
    assert caught.value.hint == "choose from relu, gelu"


@pytest.mark.parametrize(
    ("choice", "values", "text"),
    [
        (FloatRange(0.1, 10.0, log=True), float("inf"), "0.1 to 10 (log)"),
        (FloatRange(0.5, 0.5), 1, "0.5 to 0.5"),
        (IntRange(2, 4), 3, "2 to 4"),
        (IntRange(16, 64, step=8), 7, "16 to 64 in steps of 8"),
        (IntRange(16, 65, step=8), 7, "16 to 65 in steps of 8"),
        (IntRange(64, 512, log=True), 449, "64 to 512 (log)"),
        (OneOf(("relu", "gelu")), 2, "relu, gelu"),
    ],
)
def test_a_range_is_counted_and_described(choice, values, text):
    assert size(choice) == values
    assert describe(choice) == text
