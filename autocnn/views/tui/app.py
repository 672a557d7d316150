"""The terminal UI: reads a study in a thread, shows it, and passes on what is asked.

It holds nothing that is lost when it dies: the search is another process.
"""

import os
import threading
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import on, work
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static
from textual.worker import get_current_worker

from autocnn.errors import AutocnnError
from autocnn.storage import hide_password
from autocnn.store.rows import TrialRow
from autocnn.views.tui.actions import Actions
from autocnn.views.tui.compare import CompareScreen
from autocnn.views.tui.curves import Curves
from autocnn.views.tui.feed import AGAIN, LOCKED, Failed, Feed, Read
from autocnn.views.tui.header import GONE, Header
from autocnn.views.tui.help import HelpScreen
from autocnn.views.tui.history import History
from autocnn.views.tui.keys import Keys
from autocnn.views.tui.moment import Moment
from autocnn.views.tui.news import NewsLine
from autocnn.views.tui.overview import Overview
from autocnn.views.tui.panel import Detail, Panel
from autocnn.views.tui.panels import PANELS
from autocnn.views.tui.pulse import Pulse
from autocnn.views.tui.screens import read_screen
from autocnn.views.tui.table import Table
from autocnn.views.tui.themes import THEMES
from autocnn.views.tui.trial import TrialScreen

READ_SECONDS = 1.0
"""The study is not read more often than this, however fast it changes."""
HEADER_SECONDS = 1.0
"""How often its clocks are drawn."""
SMALLEST = (60, 16)
"""Columns and lines; in less nothing can be read."""
PATIENCE = 30.0
"""Seconds between looks at a storage that does not answer, at most."""


class Watch(Actions, App[str | None]):
    """One study on the screen; returns how it was left: detach, stop, or nothing."""

    CSS_PATH = "app.tcss"
    TITLE = "autocnn"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual's own declaration
        (0, "-tiny"),
        (SMALLEST[0], "-narrow"),
        (100, "-normal"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-flat"),
        (SMALLEST[1], "-short"),
        (32, "-high"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                str(number), f"panel('{name}')", title, show=False, id=f"panel.{name}"
            )
            for number, (name, title, _) in enumerate(PANELS, start=1)
        ),
        *Actions.KEYS,
    ]

    def __init__(
        self, feed: Feed, *, screen: str = "overview", owned: bool = False
    ) -> None:
        """`owned`: the search was started together with this screen."""
        super().__init__()
        self.feed = feed
        self.owned = owned
        self.moment: Moment | None = None
        self.trouble = ""
        self._asked = {}
        self._leaving = False
        self._left = threading.Event()
        self._header_at = 0.0
        self._first, self._about = read_screen(screen)
        self.settled, self.pulse = False, Pulse()
        for theme in THEMES:
            self.register_theme(theme)
        # Textual itself takes the variable away and would draw black on black.
        plain = "NO_COLOR" in os.environ
        self.theme = "autocnn-plain" if plain else "autocnn-dark"

    def get_system_commands(
        self,
        screen: Screen[Any],  # noqa: ARG002 - Textual's signature
    ) -> Iterable[SystemCommand]:
        """Offer all that keys do in the command palette, too."""
        for binding in self.BINDINGS:
            assert isinstance(binding, Binding)
            action = partial(self.run_action, binding.action)
            key = binding.key_display or binding.key
            offered = self.check_action(binding.action, ())
            if binding.description and offered and binding.action != "command_palette":
                yield SystemCommand(binding.description, f"key {key}", action)
        yield SystemCommand("Theme", "choose among all themes", self.search_themes)

    def compose(self) -> ComposeResult:
        """Lay the panels one over the other, between header and footer."""
        yield Header()
        names = [name for name, *_ in PANELS]
        first = self._first if self._first in names else names[0]
        with ContentSwitcher(initial=first):
            for name, _, make in PANELS:
                yield make(id=name)
        yield Static(f"at least {SMALLEST[0]}x{SMALLEST[1]}, please", id="small")
        yield NewsLine()
        yield Keys()

    def on_mount(self) -> None:
        """Begin to read."""
        self.set_interval(HEADER_SECONDS, self._tick)
        self.panel.take_focus()
        self.call_after_refresh(self.read_study)

    def on_unmount(self) -> None:
        """Wake the reader: the process ends with its last thread."""
        self._left.set()

    @work(thread=True, exclusive=True, group="read", exit_on_error=False)
    def read_study(self) -> None:
        """Read the study again and again off the screen; never touch a widget here."""
        worker, history = get_current_worker(), History()
        wait, read = self.feed.seconds, 0.0
        # One that begins while the screen is being left is never cancelled.
        while not (worker.is_cancelled or self._left.is_set()):
            if time.monotonic() - read >= READ_SECONDS:
                try:
                    found = self.feed.read()
                    if found is not None:
                        past = History() if found.unread else history
                        read = 0.0 if found.unread else time.monotonic()
                        self.post_message(Read(past.update(found, self.feed.now())))
                    elif (trouble := self.pulse.trouble(self.feed)) != self.trouble:
                        self.post_message(Failed(trouble))
                    wait = self.feed.seconds
                except AutocnnError as error:
                    self.post_message(Failed(error.problem + AGAIN))
                    wait = min(PATIENCE, 2 * max(wait, 0.5))
                except Exception as error:  # noqa: BLE001 - stands on the screen
                    self.post_message(Failed(f"{type(error).__name__}: {error}{AGAIN}"))
                    wait = min(PATIENCE, 2 * max(wait, 0.5))
            self._left.wait(wait)

    def on_read(self, message: Read) -> None:
        """Show what was read, where it can be seen."""
        if not self.is_running or self._exit:
            return  # it came while the screen was being left
        self.moment, self.trouble = message.moment, ""
        self.pulse.hear(message.moment.study.state)
        self._draw_header()
        self.hear_answers(message.moment.study.commands)
        self._show()
        if self._leaving and not self.alive:
            self.exit(None)

    def _show(self) -> None:
        """Bring what can be seen up to date."""
        moment = self.moment
        assert moment is not None
        if self._about:
            trials, self._about = self._about, []
            self.open_trials(trials)
        self.panel.show(moment)
        self.query_one(NewsLine).show(moment, self.panel.id or "")
        for screen in self.screen_stack:
            if isinstance(screen, Detail):
                screen.show(moment)
        self.renew_keys()
        self.call_after_refresh(self._settle)

    @on(Table.Moved)
    @on(Curves.Chosen)
    def renew_keys(self) -> None:
        """Name in the footer what can be done now, and to the chosen trial."""
        for screen in self.screen_stack:
            for keys in screen.query_children(Keys):
                keys.renew()

    def _settle(self) -> None:
        """Say that a picture may be taken, once all is read that it shows."""
        if not self.screen_stack:  # it is being left
            return
        shown = self.screen if isinstance(self.screen, Detail) else self.panel
        # The footer draws itself when all else stands.
        screen = shown if isinstance(shown, Detail) else self.default_screen
        drawn = any(keys.drawn for keys in screen.query_children(Keys))
        self.settled = shown.settled and drawn
        if not self.settled:
            self.set_timer(0.05, self._settle)

    @property
    def panel(self) -> Panel:
        """The panel that a digit has brought up."""
        current = self.query_one(ContentSwitcher).current
        return self.query_one(f"#{current}", Panel)

    @property
    def target(self) -> TrialRow | None:
        """The trial that keys act on now."""
        if self.moment is None:
            return None
        shown = self.screen if isinstance(self.screen, Detail) else self.panel
        return None if shown.selected is None else self.moment.row(shown.selected)

    def toggle_mark(self, trial: int) -> None:
        """Mark a trial, to be compared, or take its mark away."""
        self.query_one(Overview).board.marks ^= {trial}
        if self.moment is not None:
            self._show()

    def open_trials(self, trials: Sequence[int]) -> None:
        """Show one trial in full, or several side by side."""
        moment = self.moment
        for trial in trials:
            if moment is None or moment.row(trial) is None:
                self.notify(f"there is no trial {trial}", severity="error")
                return
        screen = CompareScreen(trials) if len(trials) > 1 else TrialScreen(trials[0])
        self.push_screen(screen)
        assert moment is not None
        screen.show(moment)

    def action_compare(self) -> None:
        """Show the marked trials side by side; a single one beside the chosen one."""
        marks = self.query_one(Overview).board.marks
        marked = {mark for mark in marks if isinstance(mark, int)}
        if len(marked) == 1 and self.target is not None:
            marked.add(self.target.trial)
        if len(marked) < 2:
            self.notify("mark two or more trials with m first", severity="warning")
            return
        self.open_trials(sorted(marked))

    def action_help(self) -> None:
        """Say what the keys do and what the signs mean."""
        shown = self.screen if isinstance(self.screen, Detail) else self.panel
        self.push_screen(HelpScreen(shown, self.focused))

    def on_failed(self, message: Failed) -> None:
        """Say what is wrong where everybody looks."""
        self.trouble = hide_password(message.text)
        self._draw_header()

    @property
    def life(self) -> str:
        """Say whether a driver works on the study, by this process's own clock."""
        if self.moment is None:
            return ""
        locked = LOCKED in self.trouble
        return self.pulse.life(self.moment.study.state, locked=locked)

    @property
    def alive(self) -> bool:
        """Whether a driver is there to do what is asked."""
        return bool(self.life) and not self.life.startswith(GONE)

    def action_panel(self, name: str) -> None:
        """Show another panel, in place of what lies over it."""
        while isinstance(self.screen, Detail):
            self.pop_screen()
        self.query_one(ContentSwitcher).current = name
        self.panel.take_focus()
        if self.moment is not None:
            self.panel.show(self.moment)
            self.query_one(NewsLine).show(self.moment, name)

    def _tick(self) -> None:
        """Let the clocks go on where no reading does it."""
        if time.monotonic() - self._header_at >= 0.9 * HEADER_SECONDS:
            self._draw_header()

    def _draw_header(self) -> None:
        self._header_at = time.monotonic()
        if self.is_running:
            # Under a dialog, too, it goes on.
            for screen in self.screen_stack:
                for header in screen.query_children(Header):
                    header.show(self.moment, self.life, self.trouble)
