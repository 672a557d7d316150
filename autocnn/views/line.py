"""A search as one line that is written anew: how programs and notebooks show it."""

import html
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autocnn import events
from autocnn.events import Event
from autocnn.names import printable
from autocnn.quantities import duration, plural
from autocnn.views import plain
from autocnn.views.tables import accuracy

SECONDS = 0.2
"""How often the line is written anew, at most."""
TOLD = (
    events.SearchStarted,
    events.TrialEnded,
    events.FinalStarted,
    events.FinalEnded,
    events.Verdict,
    events.Notice,
    events.SearchEnded,
)
"""Where no line can be written anew, these are told."""
CLEAR = "\r\x1b[2K"


class Standing:
    """Where a search is, by what was heard of it."""

    def __init__(self) -> None:
        self.study = ""
        self.trials = 0
        """The total; 0: as many as there is time for."""
        self.done = 0
        self.running: set[int] = set()
        self.best = ""
        self.seconds_left: float | None = None
        self.doing = ""
        """What else is being done than training trials."""

    def hear(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case events.SearchStarted():
                self.study, self.doing = event.study, ""
                self.trials, self.done = event.trials, event.done
            case events.TrialStarted():
                self.running.add(event.trial)
                self.seconds_left = event.seconds_left
            case events.TrialPaused():
                self.running.discard(event.trial)
            case events.TrialEnded():
                self.running.discard(event.trial)
                self.done += event.status != "refused"
            case events.BestImproved():
                self.best = f"best {accuracy(event.val_accuracy)} (trial {event.trial})"
            case events.FinalStarted():
                self.seconds_left = event.seconds_left
                self.doing = f"final training of trial {event.trial}'s recipe"
            case events.SearchEnded():
                self.running.clear()
                self.seconds_left, self.doing = None, event.outcome
            case events.EpochEnded(final=True):
                now = f"epoch {event.epoch} of {event.epochs}"
                scored = not math.isnan(event.val_accuracy)
                reached = f": {accuracy(event.val_accuracy)}" if scored else ""
                self.doing = f"final training, {now}{reached}"
            case _:
                pass

    @property
    def share(self) -> float | None:
        """How much of the trials is done, 0 to 1; None where there is no total."""
        return min(1.0, self.done / self.trials) if self.trials else None

    def __str__(self) -> str:
        if not self.study:
            return self.doing
        total = f" of {self.trials}" if self.trials else ""
        words = [f"{self.study}: {self.done}{total} trials"]
        if self.running:
            words.append(f"{len(self.running)} running")
        words += [word for word in (self.best, self.doing) if word]
        if self.seconds_left is not None:
            words.append(f"about {duration(self.seconds_left)} left")
        return ", ".join(words)


class Display:
    """Shows a search: `draw` writes the line anew, `tell` adds another."""

    def __init__(
        self, draw: Callable[[Standing], None], tell: Callable[[str], None]
    ) -> None:
        self._draw, self._tell = draw, tell
        self._standing = Standing()
        self._drawn = float("-inf")

    def emit(self, event: Event) -> None:
        """Show what happened."""
        self._standing.hear(event)
        if isinstance(event, events.Notice | events.Verdict | events.SearchEnded):
            self._tell(plain.line(event))
        self._redraw()

    def work(self, what: str, done: int, total: int) -> None:
        """Show how far other work is."""
        self._standing.doing = f"{what}: {done} of {plural(total, 'image')}"
        self._redraw()

    def _redraw(self) -> None:
        now = time.monotonic()
        if now - self._drawn >= SECONDS:
            self._drawn = now
            self._draw(self._standing)


class Lines:
    """Tells what a log should hold: no epochs, no starts."""

    def emit(self, event: Event) -> None:
        """Write it as a line."""
        if isinstance(event, TOLD):
            plain.write(event)

    def work(self, what: str, done: int, total: int) -> None:
        """Say nothing of other work."""


@contextmanager
def shown() -> Iterator[Display | Lines]:
    """Show a search as suits where this runs: a notebook, a terminal, or neither."""
    notebook = notebook_display()
    if notebook is not None:
        yield _in_notebook(notebook)
    elif sys.stderr.isatty():
        try:
            yield Display(_draw_on_terminal, _tell_on_terminal)
        finally:
            sys.stderr.write(CLEAR)
            sys.stderr.flush()
    else:
        yield Lines()


def notebook_display() -> Any:
    """Give the display module of IPython where a notebook shows what it displays."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython import display

    return display


def _draw_on_terminal(standing: Standing) -> None:
    width = shutil.get_terminal_size().columns - 1
    sys.stderr.write(CLEAR + printable(str(standing))[:width])
    sys.stderr.flush()


def _tell_on_terminal(text: str) -> None:
    sys.stderr.write(f"{CLEAR}{printable(text)}\n")
    sys.stderr.flush()


def _in_notebook(display: Any) -> Display:
    """One element, with a bar, the line, and below them what was told."""
    told: list[str] = []
    handle = display.display(display.HTML(""), display_id=True)
    last = Standing()

    def escaped(text: str) -> str:
        return html.escape(printable(text))

    def draw(standing: Standing) -> None:
        nonlocal last
        last = standing
        share = standing.share
        value = "" if share is None else f' value="{share:.3f}"'
        bar = f"<progress{value}></progress> " if standing.study else ""
        lines = "".join(f"<br><small>{escaped(text)}</small>" for text in told)
        handle.update(display.HTML(f"{bar}{escaped(str(standing))}{lines}"))

    def tell(text: str) -> None:
        told.append(text)
        draw(last)

    return Display(draw, tell)
