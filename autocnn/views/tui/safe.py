"""What a screen never does: obey a name, read it as markup, show what it remembers."""

import os
import re
import traceback
from contextlib import suppress
from pathlib import Path

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter
from textual.notifications import SeverityLevel

from autocnn.errors import AutocnnError
from autocnn.names import STEERING
from autocnn.storage import hide_password

LOG = "screen.log"


class Harmless(LineFilter):
    """Leaves out of every line what a terminal would obey: that takes no cells."""

    def apply(
        self,
        segments: list[Segment],
        background: Color,  # noqa: ARG002 - Textual's signature
    ) -> list[Segment]:
        """Write a line's pieces anew where they hold anything of it."""
        return [
            Segment(STEERING.sub(_cells, piece.text), piece.style)
            if not piece.control and STEERING.search(piece.text)
            else piece
            for piece in segments
        ]


HARMLESS = Harmless()


class Safe(App[str | None]):
    """The part of the app that keeps it safe, from names and from its own faults."""

    def get_line_filters(self) -> list[LineFilter]:
        """Let nothing on the screen but what can be seen there."""
        return [*super().get_line_filters(), HARMLESS]

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Say it as it is: names may have brackets."""
        super().notify(
            message, title=title, severity=severity, timeout=timeout, markup=markup
        )

    def panic(self, *_renderables: object) -> None:
        """Leave without a word: `check` has it, once the terminal is itself again."""
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    def check(self) -> None:
        """Raise what has broken the screen, if anything has; the search goes on.

        Where it broke is written down beside the study's other files, without what
        variables held.
        """
        error = self._exception
        if error is None:
            return
        problem = getattr(error, "problem", error)
        reason = hide_password(f"{type(error).__name__}: {problem}".strip().rstrip(":"))
        folder: Path | None = getattr(getattr(self, "feed", None), "folder", None)
        where = ""
        if folder is not None and folder.is_dir():
            with suppress(OSError):
                _write(folder / LOG, error)
                where = f"; {folder / LOG} says where it broke"
        raise AutocnnError(
            f"the screen broke off: {reason}",
            hint=f"a search goes on without it: autocnn watch comes back{where}",
        ) from None


def _cells(found: re.Match[str]) -> str:
    return "?" * cell_len(found[0])


def _write(file: Path, error: Exception) -> None:
    text = hide_password("".join(traceback.format_exception(error)))
    place = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(place, "w", encoding="utf-8", errors="backslashreplace") as log:
        log.write(text)
