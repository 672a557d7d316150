"""What keys do beside steering: export the best, a dashboard, a picture, colors."""

import shutil
import time
from pathlib import Path

from textual import work
from textual.binding import Binding
from textual.worker import get_current_worker

from autocnn.errors import AutocnnError
from autocnn.names import folder_name
from autocnn.views.tui.dialogs import Ask
from autocnn.views.tui.feed import Feed
from autocnn.views.tui.header import ASCII_ONLY
from autocnn.views.tui.keyboard import Keyboard
from autocnn.views.tui.moment import Moment, News

ARROWS = str.maketrans({"←": "left", "→": "right", "↑": "up", "↓": "down"})
LOOK_SECONDS = 0.5
"""How soon the dashboard notices that the screen is left."""


class Extras(Keyboard):
    """The part of the app that takes something away from a study."""

    feed: Feed
    moment: Moment | None
    _dashboard = ""
    """The address of the one that runs."""
    told: tuple[News, ...] = ()
    """What happened here, and in no study."""

    def action_export(self) -> None:
        """Copy the best network to a new folder."""
        folder: Path | None = getattr(self.feed, "folder", None)
        best = folder / "best" if folder else None
        if best is None or not best.is_dir():
            text = "no network is kept on this machine yet"
            self.notify(text, severity="warning")
            return
        name = folder_name(self.moment.study.name) if self.moment else "network"
        question = "Copy the best network to which new folder?"

        def copy(answer: str | None) -> None:
            if not answer:
                return
            try:
                shutil.copytree(best, Path(answer).expanduser())
            except OSError as error:
                self.notify(f"{error.strerror}: {answer}", severity="error")
            else:
                self.notify(f"the best network is in {answer}")

        self.push_screen(Ask(question, f"{name}-best", check=_no_place), copy)

    def action_dashboard(self) -> None:
        """Serve optuna-dashboard until this screen is left, and open it."""
        if self._dashboard:
            self.notify(self._dashboard, title="dashboard", timeout=12)
        else:
            self._dashboard = "it is being started"
            self._serve()

    @work(thread=True, group="dashboard")
    def _serve(self) -> None:
        from autocnn.views.dashboard import make_dashboard

        url = getattr(self.feed, "url", "")
        try:
            server = make_dashboard(url, 0)
        except AutocnnError as error:
            self._dashboard = ""
            self.call_from_thread(self.notify, error.problem, severity="error")
            return
        address = server.address
        text = f"{address} while this screen is open"
        self._dashboard = text
        self.told += (News(time.time(), -1, f"dashboard: {text}"),)
        self.call_from_thread(self.notify, text, title="dashboard", timeout=12)
        self.call_from_thread(self.open_url, address)
        with server:
            server.timeout = LOOK_SECONDS
            while not get_current_worker().is_cancelled:
                server.handle_request()

    def get_key_display(self, binding: Binding) -> str:
        """Write arrows as words where the font has none."""
        shown = super().get_key_display(binding)
        return shown.translate(ARROWS) if ASCII_ONLY else shown

    def action_theme(self) -> None:
        """Change between light and dark."""
        light = self.theme == "autocnn-light"
        self.theme = "autocnn-dark" if light else "autocnn-light"

    def action_picture(self) -> None:
        """Save what the screen shows as an image."""
        name = folder_name(self.moment.study.name) if self.moment else "screen"
        file = Path(f"autocnn-{name}.svg")
        file.write_text(self.export_screenshot(), encoding="utf-8")
        self.notify(f"saved as {file.resolve()}")


def _no_place(text: str) -> str:
    """Say why nothing can be copied to a path; nothing if it can."""
    if not text:
        return "write the folder's name"
    there = Path(text).expanduser()
    return "it exists already: write another name" if there.exists() else ""
