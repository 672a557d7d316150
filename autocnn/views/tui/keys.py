"""The last line: what keys do here."""

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

FIRST_TO_GO = ("enqueue", "pause", "resume", "prune", "scale")
"""Actions that are not named where room is short; the help names them."""


class Keys(Footer):
    """A footer that keeps to its width: a screen's own keys are named, and the ends."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._room = 0

    def compose(self) -> ComposeResult:
        """Name the keys, but for those that there is no room for."""
        keys = [key for key in super().compose() if isinstance(key, FooterKey)]
        self._room = self.app.size.width
        gone = [key for name in FIRST_TO_GO for key in keys if key.action == name]
        for key in gone:
            if sum(map(_cells, keys)) > self._room:
                keys.remove(key)
        yield from keys

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
