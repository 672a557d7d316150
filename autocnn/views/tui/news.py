"""The line under the panels: what happened last, and which panels there are."""

import time

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widgets import Static

from autocnn.names import printable
from autocnn.views.tui.header import replace
from autocnn.views.tui.moment import Moment
from autocnn.views.tui.panels import PANELS

SHORT = f"1-{len(PANELS)} panels"


class NewsLine(Static):
    """The latest news on the left, the panels with their digits on the right."""

    def __init__(self) -> None:
        super().__init__(id="news")
        self._news = ""
        self._panel = ""

    def show(self, moment: Moment, panel: str) -> None:
        """Tell the last thing that happened; `panel` is the one that can be seen."""
        self._news = latest(moment) or " the first trial is about to start"
        self._panel = panel
        self._draw()

    def on_resize(self) -> None:
        """Fit the line to the new width."""
        self._draw()

    def on_click(self) -> None:
        """Bring the next panel up, for those who only have a mouse."""
        names = [name for name, *_ in PANELS]
        after = names.index(self._panel) + 1 if self._panel in names else 0
        self.app.run_worker(
            self.app.run_action(f"panel('{names[after % len(names)]}')")
        )

    def _draw(self) -> None:
        width = self.size.width or 80
        tabs = [
            (f" {number} {title} ", "reverse" if name == self._panel else "")
            for number, (name, title, _) in enumerate(PANELS, start=1)
        ]
        if cell_len(self._news) + sum(len(text) for text, _ in tabs) > width:
            tabs = [(f" {SHORT} ", "")]
        room = width - sum(len(text) for text, _ in tabs)
        content = Content.assemble(set_cell_size(self._news, room), *tabs)
        replace(self, content)


def latest(moment: Moment) -> str:
    """Say the last thing that happened."""
    if not moment.news:
        return ""
    last = moment.news[-1]
    when = time.strftime("%H:%M:%S", time.localtime(last.at))
    who = f"trial {last.trial} " if last.trial >= 0 else ""
    return f" {when} {who}{printable(last.text)}"
