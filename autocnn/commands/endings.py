"""How a search is told to end: by signals, or because nobody reads what it writes."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from autocnn.commands.words import mute
from autocnn.errors import UnavailableError
from autocnn.events import Emit, Event, Notice
from autocnn.processes import have_workers_save, when_to_save


def stop_the_search() -> None:
    """Stop the one that runs, as a system would."""
    os.kill(os.getpid(), signal.SIGTERM)


def begin_none() -> None:
    """Leave: UnavailableError."""
    raise UnavailableError(
        "nobody reads what is said", hint="the same command begins the search"
    )


def unless_closed(write: Emit, stream: TextIO, unread: Callable[[], None]) -> Emit:
    """Do what is to be done when nobody reads what is written any more.

    Where a disk is full, only the line is lost.
    """

    def guarded(event: Event) -> None:
        try:
            write(event)
        except BrokenPipeError:
            mute(stream)
            unread()
        except OSError:
            pass  # the study holds what counts

    return guarded


SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, what a system sends before it kills, and a terminal that is gone."""

SAVED = "what is trained is saved as it stands"
AS_EVER = "no worker is on this machine: elsewhere, trials are saved after each epoch"


@contextlib.contextmanager
def interrupts(emit: Emit) -> Iterator[Callable[[], bool]]:
    """Let the first of SIGNALS stop the search, the second the program.

    What is ignored, as `nohup` has it, stays so. SIGUSR1 has all that is trained saved
    as it stands, within its epoch too: a cluster sends it before it kills.
    """
    asked: list[int] = []
    saves: list[int] = []

    def ask(_signal: int, _frame: Any) -> None:
        asked.append(_signal)
        if len(asked) > 1:
            raise KeyboardInterrupt

    known = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    heeded = [each for each in known if signal.getsignal(each) is not signal.SIG_IGN]
    handlers = {each: signal.signal(each, ask) for each in heeded}

    when_to_save(lambda number, _: saves.append(number))

    def stopping() -> bool:
        if saves:
            saves.clear()
            emit(Notice(text=SAVED if have_workers_save() else AS_EVER))
        if asked:
            emit(Notice(text="stopping; press Ctrl-C again to stop at once"))
        return bool(asked)

    try:
        yield stopping
    finally:
        for each, handler in handlers.items():
            # Once stopped, it is only a moment: a late Ctrl-C must not break it off.
            signal.signal(each, signal.SIG_IGN if asked else handler)
