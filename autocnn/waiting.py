"""What cannot be had for now, as a disk or a database: waited for, with a word why."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from time import sleep
from typing import TypeVar

from autocnn.errors import UnavailableError

Result = TypeVar("Result")
Say = Callable[[str], None]
Obstacle = Callable[[Exception], str | None]
"""Says of an error what is missing for now; None: it would come again and again."""

MOST_SECONDS = 600.0
"""Pauses in all, before it is given up."""
LONGEST_PAUSE = 5.0
REPEAT_SECONDS = 60.0
"""Of pauses, after which it is said again: who says nothing is taken for hung."""
LATER = "nothing is lost; run the same command again later"

_say: ContextVar[Say] = ContextVar("say", default=logging.getLogger(__name__).warning)
_stopping: ContextVar[Callable[[], bool]] = ContextVar("stop", default=lambda: False)


@contextlib.contextmanager
def saying(say: Say) -> Iterator[None]:
    """Let `say` tell, within, what is waited for."""
    token = _say.set(say)
    try:
        yield
    finally:
        _say.reset(token)


@contextlib.contextmanager
def no_longer(stopping: Callable[[], bool]) -> Iterator[None]:
    """Give up, within, what is waited for when `stopping` says so."""
    token = _stopping.set(stopping)
    try:
        yield
    finally:
        _stopping.reset(token)


class Wait:
    """A wait for one thing: it is spoken of, and has an end."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """For how long it has been waited."""
        self._said = -REPEAT_SECONDS

    def longer(self, reason: str, seconds: float) -> None:
        """Wait so much longer; UnavailableError if that is too long."""
        if self.seconds >= MOST_SECONDS:
            raise UnavailableError(reason, hint=LATER)
        if self.seconds - self._said >= REPEAT_SECONDS:
            self._said = self.seconds
            _say.get()(f"waiting: {reason}")
        self.seconds += seconds

    def over(self) -> None:
        """Go on; the next wait is another one."""
        if self.seconds:
            _say.get()("the wait is over")
        self.seconds, self._said = 0.0, -REPEAT_SECONDS


def patiently(function: Callable[[], Result], obstacle: Obstacle) -> Result:
    """Call until it succeeds: some minutes, with pauses, and not in silence.

    UnavailableError if it still does not; at once, what is no obstacle.
    """
    wait, pause = Wait(), 0.5
    while True:
        try:
            result = function()
        except Exception as error:
            reason = obstacle(error)
            if reason is None:
                raise
            if wait.seconds and _stopping.get()():
                raise UnavailableError(reason, hint=LATER) from error
            wait.longer(reason, pause)
        else:
            wait.over()
            return result
        sleep(pause)
        pause = min(LONGEST_PAUSE, 2 * pause)
