"""A recorded study played through the same screens, with a bar to move about in it."""

import math
import threading
from collections.abc import Collection
from typing import ClassVar

from rich.cells import cell_len
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.worker import get_current_worker

from autocnn.views.tables import duration
from autocnn.views.tui.app import Watch
from autocnn.views.tui.feed import Read
from autocnn.views.tui.header import ASCII_ONLY
from autocnn.views.tui.history import History
from autocnn.views.tui.playback import FRAME_SECONDS, ReplayFeed

JUMP = 0.05
"""How far a key goes, as a share of the recording."""
SIGNS = "|>" if ASCII_ONLY else "‖▶"
LINES = "=-" if ASCII_ONLY else "━─"
DOT = "-" if ASCII_ONLY else "·"
NARROWEST = 10
"""Cells of the bar, below which words beside it are left out."""


class ScrubBar(Widget):
    """One line: whether it plays, how far, and how fast. A click goes there."""

    class Sought(Message):
        """A person wants to be at this share of the recording."""

        def __init__(self, share: float) -> None:
            super().__init__()
            self.share = share

    def __init__(self, feed: ReplayFeed) -> None:
        super().__init__()
        self._playback = feed.playback
        timeline = feed.recording.timeline
        self._silent = _silence(timeline.silences)
        self._bar = (0, 1)

    def on_mount(self) -> None:
        """Follow the clock."""
        self.auto_refresh = FRAME_SECONDS

    def render(self) -> Content:
        """Draw the line as it is now."""
        playback = self._playback
        sign = SIGNS[playback.going]
        left = f" {sign} {_clock(playback.played)} / {_clock(playback.length)} "
        right = f" {playback.speed:g}x "
        width = self.size.width
        with_silence = f"{right}{DOT} {self._silent} " if self._silent else right
        if width - cell_len(left + with_silence) >= NARROWEST:
            right = with_silence
        cells = max(1, width - cell_len(left + right))
        self._bar = (cell_len(left), cells)
        done = round(playback.share * cells)
        return Content.assemble(
            (left, "bold"),
            ("━" * done, "$accent"),
            ("─" * (cells - done), "dim"),
            right,
        )

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go where the bar is clicked, and further while the button is held."""
        self.capture_mouse()
        self._seek(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the mouse while its button is held."""
        if self.app.mouse_captured is self:
            self._seek(event.x)

    def on_mouse_up(self) -> None:
        """Let the mouse go."""
        self.release_mouse()

    def _seek(self, x: int) -> None:
        first, cells = self._bar
        share = (x - first) / max(1, cells - 1)
        if x >= first:
            self.post_message(self.Sought(min(1.0, share)))


class Replay(Watch):
    """The screens of a recorded study; keys move in time instead of steering."""

    feed: ReplayFeed

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "play", "Play or hold", id="replay.play", priority=True),
        Binding(
            "comma",
            f"seek(-{JUMP})",
            "5 % back",
            key_display=",",
            id="replay.back",
            priority=True,
        ),
        Binding(
            "full_stop",
            f"seek({JUMP})",
            "5 % on",
            key_display=".",
            id="replay.on",
            priority=True,
        ),
        Binding(
            "home",
            "seek(-1)",
            "Beginning",
            show=False,
            id="replay.first",
            priority=True,
        ),
        Binding("end", "seek(1)", "End", show=False, id="replay.last", priority=True),
        Binding(
            "plus,equals_sign",
            "faster(2.0)",
            "Faster",
            key_display="+",
            id="replay.faster",
            priority=True,
        ),
        Binding(
            "minus",
            "faster(0.5)",
            "Slower",
            key_display="-",
            id="replay.slower",
            priority=True,
        ),
        Binding("x,p,e,w,n,S", "refuse", show=False, id="replay.refuse"),
    ]

    def __init__(self, feed: ReplayFeed, *, screen: str = "overview") -> None:
        super().__init__(feed, screen=screen)
        self._wanted = threading.Event()
        self._drawn = threading.Event()

    def compose(self) -> ComposeResult:
        """Put the bar under what is always there."""
        yield from super().compose()
        yield ScrubBar(self.feed)

    @work(thread=True, exclusive=True, group="read", exit_on_error=False)
    def read_study(self) -> None:
        """Work out picture after picture off the screen, none before it is wanted."""
        worker, history, before = get_current_worker(), History(), -math.inf
        while not worker.is_cancelled:
            found, now = self.feed.read(), self.feed.now()
            if found is not None:
                if now < before:  # it only knows how to go on
                    history = History()
                before = now
                self._drawn.clear()
                self.post_message(Read(history.update(found, now)))
                self._drawn.wait(1.0)
            self._wanted.wait(FRAME_SECONDS)
            self._wanted.clear()

    def _settle(self) -> None:
        super()._settle()
        self._drawn.set()

    @property
    def life(self) -> str:
        """Say that this is the past."""
        if self.moment is None:
            return ""
        return "REPLAY" if self.feed.playback.going else "REPLAY held"

    @property
    def alive(self) -> bool:
        """Say no: nobody can be asked for anything any more."""
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave keys to dialogs and to typed lines."""
        if action in {"play", "seek", "faster"}:
            return not (isinstance(self.screen, ModalScreen) or self.typing)
        return super().check_action(action, parameters)

    @property
    def idle(self) -> Collection[str]:
        """All that would steer a search."""
        return {"pause", "resume", "prune", "promote", "enqueue"}

    def action_play(self) -> None:
        """Hold the playback, or go on."""
        self.feed.playback.toggle()
        self._turn()

    def action_seek(self, by: float) -> None:
        """Go back or forward by a share of the recording."""
        self.feed.playback.seek(self.feed.playback.share + by)
        self._turn()

    def action_faster(self, factor: float) -> None:
        """Play faster or slower."""
        self.feed.playback.faster(factor)
        self._turn()

    def action_refuse(self) -> None:
        """Say that nothing here can be steered."""
        self.ask("")

    def on_scrub_bar_sought(self, message: ScrubBar.Sought) -> None:
        """Go where the bar was clicked."""
        self.feed.playback.seek(message.share)
        self._turn()

    def _turn(self) -> None:
        """Show at once what a person did."""
        self._wanted.set()
        self._draw_header()
        for bar in self.screen_stack[0].query(ScrubBar):
            bar.refresh()


def _clock(seconds: float) -> str:
    """4230 to ``1:10:30``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _silence(silences: list[float]) -> str:
    """Say how much is not played, and how often."""
    if not silences:
        return ""
    often = "" if len(silences) == 1 else f" in {len(silences)} breaks"
    return f"{duration(sum(silences))} of silence cut{often}"
