"""What a person asks of a running search, and its answer. To add one: OPERATIONS.

A command is one attribute of the study, so it reaches a driver on any machine, and two
people never overwrite each other's. The driver answers by writing it again.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import optuna

PREFIX = "autocnn:command:"

OPERATIONS: Mapping[str, str] = {
    "pause": "start no more trials; the running ones go on to their ends",
    "resume": "start trials again",
    "finish": "end the search when the running trials have ended",
    "stop": "end the search now; unfinished trials go on another time",
    "trials": "change how many trials the study is to reach",
    "jobs": "change how many trials are trained at once",
    "prune": "give a running or paused trial up",
    "promote": "let a paused trial go on next",
    "enqueue": "train an edited copy of a trial next",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One request, and what came of it."""

    id: str
    operation: str
    trial: int | None = None
    count: int | None = None
    params: Mapping[str, Any] | None = None
    sent: float = 0.0
    """By the sender's clock, in seconds since 1970."""
    sender: str = ""
    answer: str | None = None
    """None until a driver took it."""
    done: bool = False
    """Whether it was done; else the answer says why not."""


def send(study: optuna.Study, operation: str, **details: Any) -> Command:
    """Ask something of the study's driver; `answer` comes later, if one runs."""
    if operation not in OPERATIONS:
        raise ValueError(f"there is no operation '{operation}'")
    command = Command(
        id=uuid.uuid4().hex, operation=operation, sent=time.time(), **details
    )
    _write(study, command)
    return command


def answer(study: optuna.Study, command: Command, text: str, *, done: bool) -> None:
    """Say what was done, or why it was not."""
    document = asdict(command) | {"answer": text, "done": done}
    study.set_user_attr(PREFIX + command.id, document)


def commands(attributes: Mapping[str, Any]) -> list[Command]:
    """Read all commands among a study's attributes, the oldest first."""
    found = []
    for key, document in attributes.items():
        if not key.startswith(PREFIX) or not isinstance(document, dict):
            continue
        try:
            command = Command(**document)
        except TypeError:
            continue  # of a version that knows more
        if key == PREFIX + str(command.id) and _is_sound(command):
            found.append(command)
    return sorted(found, key=lambda command: (command.sent, command.id))


def _is_sound(command: Command) -> bool:
    """Tell what a driver can work with from what another program wrote."""
    kinds = {"operation": str, "params": dict | None, "sent": int | float}
    return all(isinstance(getattr(command, name), kinds[name]) for name in kinds)


def _write(study: optuna.Study, command: Command) -> None:
    study.set_user_attr(PREFIX + command.id, asdict(command))
