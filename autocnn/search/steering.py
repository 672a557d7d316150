"""What a person asks of a running search, carried out. To add one: its line in DO."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import optuna

from autocnn.choices import FloatRange, IntRange, OneOf, Range, Scalar
from autocnn.errors import RequestError
from autocnn.nets.net import summarize
from autocnn.search.study import StudyConfig
from autocnn.store.command import Command, answer, commands

SECONDS = 0.5
"""How often the study is asked for commands."""
MOST_JOBS = 256


class Steerable(Protocol):
    """A search that can be told what to do; RequestError says why something cannot."""

    def pause(self) -> str:
        """Start no more trials."""
        ...

    def resume(self) -> str:
        """Start trials again."""
        ...

    def finish(self) -> str:
        """End when the running trials have."""
        ...

    def stop(self) -> str:
        """End now."""
        ...

    def set_trials(self, count: int) -> str:
        """Change how many trials the study is to reach."""
        ...

    def set_jobs(self, count: int) -> str:
        """Change how many trials are trained at once."""
        ...

    def prune(self, trial: int) -> str:
        """Give a running or paused trial up."""
        ...

    def promote(self, trial: int) -> str:
        """Let a paused trial go on next."""
        ...

    def enqueue(self, params: Mapping[str, Any], origin: str) -> str:
        """Train these values next."""
        ...


Do = Mapping[str, Callable[[Any, Command], str]]
DO: Do = {
    "pause": lambda search, _: search.pause(),
    "resume": lambda search, _: search.resume(),
    "finish": lambda search, _: search.finish(),
    "stop": lambda search, _: search.stop(),
    "trials": lambda search, command: search.set_trials(_count(command, 10**6)),
    "jobs": lambda search, command: search.set_jobs(_count(command, MOST_JOBS)),
    "prune": lambda search, command: search.prune(_trial(command)),
    "promote": lambda search, command: search.promote(_trial(command)),
    "enqueue": lambda search, command: search.enqueue(
        command.params or {},
        "" if command.trial is None else f"edited copy of trial {command.trial}",
    ),
}


class Steering:
    """Takes commands out of a study and answers each of them once."""

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        self._next = 0.0
        for command in commands(study.user_attrs):
            if command.answer is None:
                # It was meant for a search that is over: nobody expects it any more.
                answer(
                    study, command, "the search had not begun; ask again", done=False
                )

    def obey(self, search: Any, do: Do = DO) -> None:
        """Carry out what was asked since the last time, by what `search` can do."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + SECONDS
        for command in commands(self._study.user_attrs):
            if command.answer is None:
                self._carry_out(search, command, do.get(command.operation, _refuse))

    def _carry_out(
        self, search: Any, command: Command, do: Callable[[Any, Command], str]
    ) -> None:
        try:
            text, done = do(search, command), True
        except RequestError as error:
            text, done = f"{error.problem}", False
        answer(self._study, command, text, done=done)


def check_params(params: Mapping[str, Any], config: StudyConfig) -> dict[str, Scalar]:
    """Let through what the study's sampler could have drawn and what can be built.

    RequestError says which value cannot be.
    """
    ranges = config.space.ranges
    for name in params:
        if name not in ranges:
            raise RequestError(f"'{name}' is not drawn in this study")
    values: dict[str, Scalar] = {}
    for name, choice in ranges.items():
        if name not in params:
            raise RequestError(f"a value for '{name}' is missing")
        expected = _misses(params[name], choice)
        if expected:
            raise RequestError(f"{name} cannot be {params[name]!r}: it is {expected}")
        values[name] = params[name]
    summarize(config.recipe(values), config.shape)
    return values


def _misses(value: Any, choice: Range) -> str:
    """Say what a value should have been; nothing if it is that."""
    match choice:
        case OneOf(choices):
            return "" if value in choices else f"one of {', '.join(map(str, choices))}"
        case IntRange(low, high, _, step):
            if isinstance(value, int) and low <= value <= high:
                return f"{low} and {step} more each" if (value - low) % step else ""
            return f"a whole number from {low} to {high}"
        case FloatRange(low, high):
            good = isinstance(value, int | float) and low <= value <= high
            return "" if good else f"a number from {low:g} to {high:g}"


def _refuse(_: Steerable, command: Command) -> str:
    raise RequestError(f"this search cannot '{command.operation}'")


def _count(command: Command, most: int) -> int:
    count = command.count
    if not isinstance(count, int) or not 1 <= count <= most:
        raise RequestError(f"{count} is no number from 1 to {most}")
    return count


def _trial(command: Command) -> int:
    if not isinstance(command.trial, int):
        raise RequestError("no trial was named")
    return command.trial
