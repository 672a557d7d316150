"""A search on a terminal as it goes: a bar, the running trials, the latest news."""

import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from autocnn.events import (
    BestImproved,
    EpochEnded,
    Event,
    Notice,
    SearchStarted,
    TrialEnded,
    TrialStarted,
)
from autocnn.views import plain
from autocnn.views.tables import accuracy, console, count, duration

NEWS = 5


@dataclass(slots=True)
class _Trial:
    """A running trial's line."""

    parameters: int
    epochs: int
    done: int
    val_accuracy: float | None = None
    best: float | None = None


class LiveView:
    """Redraws a few lines at the bottom of the terminal, four times a second."""

    def __init__(self) -> None:
        self._search: SearchStarted | None = None
        self._running: dict[int, _Trial] = {}
        self._ended = 0
        self._best: BestImproved | None = None
        self._news: deque[str] = deque(maxlen=NEWS)
        self._since = time.monotonic()
        self._ends_at: float | None = None
        self._live = Live(
            console=console(err=True),
            get_renderable=self._render,
            refresh_per_second=4,
            transient=True,
        )

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def write(self, event: Event) -> None:
        """Take an event in; it is drawn at the next refresh."""
        match event:
            case SearchStarted():
                self._search = event
                self._ended = event.done
                self._live.console.print(plain.started(event))
            case TrialStarted():
                self._running[event.trial] = _Trial(
                    event.parameters, event.epochs, event.epochs_done
                )
                if event.seconds_left is not None:
                    self._ends_at = time.monotonic() + event.seconds_left
            case EpochEnded():
                self._epoch(event)
            case TrialEnded():
                self._running.pop(event.trial, None)
                self._ended += 1
                self._news.append(plain.trial_ended(event))
            case BestImproved():
                self._best = event
            case Notice():
                self._live.console.print(event.text)
            case _:
                pass

    def _epoch(self, event: EpochEnded) -> None:
        trial = self._running.get(event.trial)
        if trial is None:
            return
        trial.done, trial.val_accuracy = event.epoch, event.val_accuracy
        trial.best = max(trial.best or 0.0, event.val_accuracy)

    def _render(self) -> Group:
        if self._search is None:
            return Group()
        return Group(self._header(self._search), self._table(), *self._latest())

    def _header(self, search: SearchStarted) -> Table:
        header = Table.grid(padding=(0, 2))
        best = (
            f"best {accuracy(self._best.val_accuracy)} (trial {self._best.trial})"
            if self._best
            else "no network yet"
        )
        header.add_row(
            ProgressBar(total=search.trials, completed=self._ended, width=30),
            Text(f"{self._ended}/{search.trials} trials"),
            Text(best, style="bold green" if self._best else "dim"),
            Text(self._time(), style="dim"),
        )
        return header

    def _time(self) -> str:
        now = time.monotonic()
        passed = duration(now - self._since)
        if self._ends_at is None or self._ends_at < now:
            return passed
        return f"{passed}, about {duration(self._ends_at - now)} left"

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("trial", "epoch", "", "val", "best", "parameters"):
            table.add_column(name, justify="left" if not name else "right")
        for number, trial in sorted(self._running.items()):
            table.add_row(
                str(number),
                f"{trial.done}/{trial.epochs}",
                ProgressBar(total=trial.epochs, completed=trial.done, width=20),
                accuracy(trial.val_accuracy),
                accuracy(trial.best),
                count(trial.parameters),
            )
        return table

    def _latest(self) -> list[Text]:
        return [Text(news, style="dim", no_wrap=True) for news in self._news]
