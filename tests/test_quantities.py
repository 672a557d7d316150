"""Numbers as people write them are read back as what they were."""

import pytest

from autocnn.quantities import (
    count,
    duration,
    milliseconds,
    read_count,
    read_duration,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("300k", 300_000), ("1.5G", 1_500_000_000), ("40 M", 40_000_000)],
)
def test_a_count_may_have_a_unit(text, value):
    assert read_count(text) == value
    assert read_count(count(value)) == value


@pytest.mark.parametrize("text", ["x", "0", "k", "-3", "1.5", "0.1k3", "2 T", "nan"])
def test_what_is_no_count_is_refused(text):
    with pytest.raises(ValueError, match=text):
        read_count(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("2h30m", 9000), ("1.5m", 90), ("20ms", 0.02), ("1m5ms", 60.005)],
)
def test_a_duration_has_units_or_is_in_seconds(text, seconds):
    assert read_duration(text) == pytest.approx(seconds)


def test_a_number_alone_may_stand_for_another_unit():
    assert read_duration("20", unit="ms") == pytest.approx(0.02)
    assert read_duration("2s", unit="ms") == 2


@pytest.mark.parametrize("text", ["x", "s", "5x", "-1", "1 h", "ms"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=text):
        read_duration(text)


def test_numbers_are_written_short():
    assert (count(1_250_858), duration(150), milliseconds(0.01234)) == (
        "1.25 M",
        "2m30s",
        "12.3 ms",
    )
