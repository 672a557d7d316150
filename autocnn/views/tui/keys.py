"""The last line: what keys do here."""

from typing import Any

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from autocnn.views.tui.actions import Actions

FIRST_TO_GO = ("enqueue", "pause", "resume", "prune", "promote", "scale")
"""Actions that are not named where room is short; the help names them."""


class Keys(Footer):
    """A footer that keeps to its width, and names what can be done at the moment."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._room = 0
        self._meant: object = None
        """What it depends on what keys mean."""

    def compose(self) -> ComposeResult:
        """Name the keys that do something now, but for those without room."""
        app = self.app
        assert isinstance(app, Actions)
        self._meant, self._room = (app.held, app.idle), app.size.width
        named = (key for key in super().compose() if isinstance(key, FooterKey))
        keys = [key for key in named if key.action not in app.idle]
        gone = [key for name in FIRST_TO_GO for key in keys if key.action == name]
        for key in gone:
            if sum(map(_cells, keys)) > self._room:
                keys.remove(key)
        yield from keys

    def renew(self) -> None:
        """Name them anew if keys mean something else than before."""
        app = self.app
        assert isinstance(app, Actions)
        if self._meant != (app.held, app.idle):
            self.bindings_changed(self.screen)

    def bindings_changed(self, screen: Screen[Any]) -> None:
        """Name them anew, at once: not after all else is drawn."""
        self._bindings_ready = True
        if self.is_attached and screen is self.screen:
            self.call_next(self.recompose)

    @property
    def drawn(self) -> bool:
        """Whether any stand there yet."""
        return any(key.size for key in self.children)

    def on_resize(self) -> None:
        """Name those that there is room for now."""
        if self.app.size.width != self._room:
            self.call_after_refresh(self.recompose)


def _cells(key: FooterKey) -> int:
    return cell_len(f" {key.key_display} {key.description} ")
