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


def patiently(function: Callable[[], Result], obstacle: Obstacle) -> Result:
    """Call until it succeeds: some minutes, with pauses, and not in silence.

    UnavailableError if it still does not; at once, what is no obstacle.
    """
    waited, pause, said = 0.0, 0.5, -REPEAT_SECONDS
    while True:
        try:
            result = function()
        except Exception as error:
            reason = obstacle(error)
            if reason is None:
                raise
            if waited >= MOST_SECONDS or (waited and _stopping.get()()):
                raise UnavailableError(reason, hint=LATER) from error
            if waited - said >= REPEAT_SECONDS:
                said = waited
                _say.get()(f"waiting: {reason}")
        else:
            if waited:
                _say.get()("the wait is over")
            return result
        sleep(pause)
        waited += pause
        pause = min(LONGEST_PAUSE, 2 * pause)
