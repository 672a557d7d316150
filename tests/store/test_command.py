"""Commands: each an attribute of its own, in the order they were sent, and answered."""

from types import SimpleNamespace

import optuna
import pytest

from autocnn.store import command as module
from autocnn.store.command import (
    OPERATIONS,
    PREFIX,
    Command,
    answer,
    commands,
    send,
)
from autocnn.store.rows import CONFIG, snapshot


@pytest.fixture
def study(storage):
    return optuna.create_study(study_name="tiny", storage=storage, direction="maximize")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Go one second on whenever something is sent."""
    seconds = iter(range(100, 200))
    time = SimpleNamespace(time=lambda: float(next(seconds)))
    monkeypatch.setattr(module, "time", time)


def read(study) -> list[Command]:
    return commands(study.user_attrs)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_can_be_sent_and_waits_for_an_answer(study, operation):
    sent = send(study, operation)
    assert read(study) == [sent]
    assert (sent.operation, sent.answer, sent.done) == (operation, None, False)


def test_a_command_says_what_was_asked_and_by_whom(study):
    params = {"width": 8, "rate": 0.01, "block": "plain", "bias": False}
    sent = send(study, "enqueue", trial=3, params=params, sender="a person")
    (found,) = read(study)
    assert found == sent
    assert (found.trial, found.params, found.sender) == (3, params, "a person")
    assert found.sent == 100.0


def test_an_unknown_operation_is_not_sent(study):
    with pytest.raises(ValueError, match="no operation 'explode'"):
        send(study, "explode")
    assert read(study) == []


def test_an_unknown_detail_is_not_sent(study):
    with pytest.raises(TypeError):
        send(study, "pause", mood="good")
    assert read(study) == []


def test_an_answer_is_read_with_its_command(study):
    sent = send(study, "trials", count=9)
    answer(study, sent, "the study is to reach 9 trials", done=True)
    (found,) = read(study)
    assert (found.id, found.count) == (sent.id, 9)
    assert (found.answer, found.done) == ("the study is to reach 9 trials", True)


def test_what_was_not_done_says_why(study):
    answer(study, send(study, "prune", trial=9), "trial 9 is not running", done=False)
    (found,) = read(study)
    assert (found.answer, found.done) == ("trial 9 is not running", False)


def test_commands_are_read_in_the_order_they_were_sent(study):
    sent = [send(study, "trials", count=count).id for count in range(1, 9)]
    assert [each.id for each in read(study)] == sent


def test_an_answer_does_not_change_the_order(study):
    first, second = send(study, "pause"), send(study, "resume")
    answer(study, second, "the search goes on", done=True)
    answer(study, first, "paused", done=True)
    assert [each.operation for each in read(study)] == ["pause", "resume"]


def test_commands_of_one_moment_have_an_order_too():
    attributes = {
        PREFIX + name: {"id": name, "operation": "pause", "sent": 1.0}
        for name in ("b", "c", "a")
    }
    assert [each.id for each in commands(attributes)] == ["a", "b", "c"]


def test_two_senders_never_overwrite_each_other(study, storage):
    others = optuna.load_study(study_name="tiny", storage=storage)
    sent = [send(each, "pause", sender=str(each)) for each in (study, others, study)]
    answer(others, sent[0], "paused", done=True)
    assert len({each.id for each in sent}) == 3
    assert [each.id for each in read(study)] == [each.id for each in sent]
    assert [each.answer for each in read(study)] == ["paused", None, None]


def test_other_attributes_are_no_commands(study):
    study.set_user_attr(CONFIG, {"val_images": 100})
    sent = send(study, "pause")
    assert read(study) == [sent]
    assert snapshot(study).commands == (sent,)


@pytest.mark.parametrize(
    "document",
    [
        None,
        "pause",
        7,
        ["pause"],
        {},
        {"id": "x"},
        {"id": "x", "operation": "pause", "mood": "good"},
    ],
)
def test_what_cannot_be_understood_is_skipped(study, document):
    study.set_user_attr(f"{PREFIX}x", document)
    sent = send(study, "pause")
    assert read(study) == [sent]


def test_an_operation_of_another_version_is_read_for_the_driver_to_answer():
    attributes = {f"{PREFIX}x": {"id": "x", "operation": "dance"}}
    assert [each.operation for each in commands(attributes)] == ["dance"]


def test_a_moment_that_cannot_be_understood_is_skipped(study):
    study.set_user_attr(
        f"{PREFIX}x", {"id": "x", "operation": "pause", "sent": "yesterday"}
    )
    sent = send(study, "pause")
    assert sent in read(study)


def test_a_command_under_the_name_of_another_is_skipped(study):
    study.set_user_attr(f"{PREFIX}x", {"id": "y", "operation": "pause"})
    assert read(study) == []
