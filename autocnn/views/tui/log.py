"""Everything that happened in the study, the newest at the end."""

import time
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widgets import Input

from autocnn.views.tui.extras import Extras
from autocnn.views.tui.header import ASCII_ONLY, SIGNS
from autocnn.views.tui.moment import Moment, News
from autocnn.views.tui.panel import Panel

KINDS = {**SIGNS, "best": "*", "asked": ">" if ASCII_ONLY else "›"}
LOOKS = {
    "time": "color: $text-muted;",
    "best": "color: $text-success; text-style: bold;",
    "running": "color: $text-primary;",
    "paused": "color: $text-muted;",
    "pruned": "color: $text-muted;",
    "failed": "color: $text-error;",
    "asked": "color: $text-accent;",
}
BEST = ", the best so far"
ON_THE_WAY = {"running", "paused", "failed"}
"""The kinds of news that are no news of the best."""
DAY = 24 * 3600
LEFT = len(" ") + len("  ● #00000  ")
"""The cells before a text but for those of its time."""


class Lines(ScrollView, can_focus=True):
    """News, a line each; only those in sight are ever written."""

    class Scrolled(Message):
        """Other lines are in sight."""

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{name}" for name in LOOKS}
    DEFAULT_CSS = "Lines { scrollbar-size: 0 1; }\n" + "\n".join(
        f"Lines .lines--{name} {{ {look} }}" for name, look in LOOKS.items()
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False, id="log.up"),
        Binding("down,j", "scroll_down", "Down", show=False, id="log.down"),
        Binding("home,g", "scroll_home", "First", show=False, id="log.first"),
        Binding("end,G", "scroll_end", "Follow the end", show=False, id="log.last"),
    ]

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._news: Sequence[News] = ()
        self._best: frozenset[int] = frozenset()
        self._clock = ""
        self.follows = True
        """Whether the end is in sight, and shall stay there."""
        self.hint = ""

    def show(self, news: Sequence[News], best: frozenset[int]) -> None:
        """Show these; `best` are the trials that were the best when they ended."""
        self._news, self._best = news, best
        days = bool(news) and news[-1].at - news[0].at > DAY
        self._clock = "%d %b %H:%M:%S" if days else "%H:%M:%S"
        longest = max((len(one.text) for one in news), default=0)
        clock = len(time.strftime(self._clock))
        self.virtual_size = Size(longest + clock + LEFT + len(BEST), len(news))
        self.refresh()
        self._follow()

    @property
    def below(self) -> int:
        """How many lines are below those in sight."""
        return max(0, len(self._news) - self.scroll_offset.y - self.size.height)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the end if it came into sight, and no longer if it went."""
        super().watch_scroll_y(old_value, new_value)
        self.follows = self.is_vertical_scroll_end
        self.post_message(self.Scrolled())

    def on_resize(self) -> None:
        """Keep the end in sight."""
        self._follow()

    def _follow(self) -> None:
        if self.follows:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        """Give the text that the mouse has marked, to be copied."""
        lines = (self.line(y).plain for y in range(len(self._news)))
        return selection.extract("\n".join(lines)), "\n"

    def selection_updated(
        self,
        selection: Selection | None,  # noqa: ARG002 - Textual's signature
    ) -> None:
        """Show what the mouse has marked."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Write a line that is in sight."""
        width, at = self.size.width, self.scroll_offset
        y += at.y
        blank = self.rich_style
        text = Text(self.hint if not y else "")
        if y < len(self._news):
            text = self.line(y)
        text.style = blank
        span = self.text_selection.get_span(y) if self.text_selection else None
        if span is not None:
            first, last = span
            marked = self.screen.get_component_rich_style("screen--selection")
            text.stylize(marked, first, len(text.plain) if last == -1 else last)
        strip = Strip(text.render(self.app.console), cell_len(text.plain))
        strip = strip.crop_extend(at.x, at.x + width, blank)
        return strip.apply_offsets(at.x, y)

    def line(self, y: int) -> Text:
        """Write one of all lines: the time of day, a sign, the trial, what happened."""
        one = self._news[y]
        kind, what = one.kind, " ".join(one.text.split())
        if one.trial in self._best and kind not in ON_THE_WAY:
            kind, what = "best", what + BEST
        clock = time.strftime(self._clock, time.localtime(one.at))
        who = f"#{one.trial}" if one.trial >= 0 else ""
        rest = f"{KINDS.get(kind, ' ')} {who:>6}  {what}"
        style = self.get_component_rich_style(f"lines--{kind}") if kind in LOOKS else ""
        moment = self.get_component_rich_style("lines--time")
        return Text.assemble((f" {clock}  ", moment), (rest, style), end="")


class Log(Panel):
    """The news of the study, with a filter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="log.filter"),
        Binding("escape", "clear", "All lines", show=False, id="log.clear"),
    ]

    def __init__(self, **widget: Any) -> None:
        super().__init__(**widget)
        self._moment: Moment | None = None
        self._shown: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Put the filter's line below the news."""
        yield Lines(id="lines")
        yield Input(placeholder="pruned, #17, best, asked ...", id="search")

    def on_mount(self) -> None:
        """Hide the filter's line."""
        self.query_one(Input).display = False

    @property
    def lines(self) -> Lines:
        """The news."""
        return self.query_one(Lines)

    def take_focus(self) -> None:
        """Put the keyboard on the news."""
        self.lines.focus()

    def show(self, moment: Moment) -> None:
        """Show what is new."""
        self._moment = moment
        best = moment.winners
        words = self.query_one(Input).value.casefold().split()
        told = self.app.told if isinstance(self.app, Extras) else ()
        wanted = (moment.news, told, best, words)
        if wanted == self._shown:
            return
        self._shown = wanted
        news: Sequence[News] = sorted((*moment.news, *told), key=lambda one: one.at)
        if words:
            news = [one for one in news if matches(one, words, best)]
        self.lines.hint = " no line has all of these words" if words else ""
        self.lines.show(news, best)
        self._title()

    def on_lines_scrolled(self) -> None:
        """Say whether new lines will be seen."""
        self._title()

    def _title(self) -> None:
        if self._moment is None:
            return
        lines, words = self.lines, self.query_one(Input).value.strip()
        title = f" log · {lines.virtual_size.height} of {len(self._moment.news)} lines"
        title += f" · filter: {words} " if words else " "
        lines.border_title = Content(title)  # brackets in it are no markup
        lines.border_subtitle = (
            " follows the end "
            if lines.follows
            else f" {lines.below} lines below · end or G: follow them "
        )

    def action_filter(self) -> None:
        """Open the filter's line."""
        line = self.query_one(Input)
        line.display = True
        self.screen.set_focus(line)  # at once: what is typed next is for it

    def on_input_changed(self) -> None:
        """Filter while it is typed."""
        if self._moment is not None:
            self.show(self._moment)

    def on_input_submitted(self) -> None:
        """Go back to the lines; an empty filter's line goes."""
        line = self.query_one(Input)
        line.display = bool(line.value.strip())
        self.lines.focus()

    def action_clear(self) -> None:
        """Show all lines again."""
        line = self.query_one(Input)
        line.value, line.display = "", False
        self.lines.focus()


def matches(one: News, words: Sequence[str], best: frozenset[int]) -> bool:
    """Say whether a line has all of the words."""
    text = f"#{one.trial} trial {one.trial} {one.text}".casefold()
    if one.kind == "asked":
        text = one.text.casefold()
    elif one.trial in best and one.kind not in ON_THE_WAY:
        text += BEST
    return all(word in text for word in words)
