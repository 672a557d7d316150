"""What cannot be had for now is waited for, and not in silence."""

import pytest

from autocnn import waiting
from autocnn.errors import UnavailableError
from autocnn.waiting import no_longer, patiently, saying


def obstacle(error: Exception) -> str | None:
    return str(error) if isinstance(error, OSError) else None


def after(failures: int):
    """Give a function that fails so often before it answers."""
    left = iter([OSError("busy")] * failures)

    def ask() -> str:
        if (error := next(left, None)) is not None:
            raise error
        return "answer"

    return ask


def test_what_is_there_at_once_is_not_spoken_of(pauses, said):
    assert patiently(after(0), obstacle) == "answer"
    assert (pauses, said) == ([], [])


def test_a_wait_is_told_when_it_begins_and_when_it_is_over(pauses, said):
    assert patiently(after(5), obstacle) == "answer"
    assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0]
    assert said == ["waiting: busy", "the wait is over"]


def test_it_is_given_up_after_minutes(pauses, said):
    with pytest.raises(UnavailableError, match="busy") as caught:
        patiently(after(10**6), obstacle)
    assert waiting.MOST_SECONDS <= sum(pauses) < waiting.MOST_SECONDS + 10
    assert said == ["waiting: busy"] * round(waiting.MOST_SECONDS / 60)
    assert caught.value.hint == "nothing is lost; run the same command again later"


def test_it_is_given_up_when_one_is_to_stop(pauses, said):
    asked = iter([False, True])
    with no_longer(lambda: next(asked)), pytest.raises(UnavailableError, match="busy"):
        patiently(after(10**6), obstacle)
    assert pauses == [0.5, 1.0]
    assert patiently(after(3), obstacle) == "answer"


def test_other_errors_come_at_once(pauses, said):
    def ask() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        patiently(ask, obstacle)
    assert (pauses, said) == ([], [])


def test_where_nobody_listens_it_is_logged(pauses, caplog):
    heard: list[str] = []
    with saying(heard.append):
        patiently(after(1), obstacle)
    patiently(after(1), obstacle)
    assert len(heard) == 2
    assert caplog.messages == heard
