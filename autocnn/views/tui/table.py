"""A table drawn line by line, whose cursor stays on its row when the order changes."""

import math
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, Generic

from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from autocnn.views.tui.filters import (
    Column,
    Fitted,
    Row,
    Spans,
    arranged,
    centered,
    sort_keys,
    titles,
)
from autocnn.views.tui.writer import Writer

__all__ = ["Column", "Table"]

HOLD = 5.0  # seconds for which the order stays after the cursor moved
MARGIN = 2  # cells left of the columns: the cursor and the mark
LOOKS = ("header", "cursor", "best", "running", "pruned", "failed", "dim", "marked")
SIGNS = {"mark": "✓", "more": "…", "descending": "▼", "ascending": "▲"}
ASCII_SIGNS = {"mark": "+", "more": "~", "descending": "v", "ascending": "^"}


class _Told(Message):
    """What happened in a table, with the row at its cursor."""

    def __init__(self, table: "Table[Any]") -> None:
        super().__init__()
        self.table = table
        self.row: Any = table.current

    @property
    def control(self) -> "Table[Any]":
        """The table, so that `@on` can select by it."""
        return self.table


class Table(ScrollView, Generic[Row], can_focus=True):
    """Rows under a header, with a cursor, marks and an order of choice."""

    class Opened(_Told):
        """The row shall be shown in full."""

    class Moved(_Told):
        """The cursor is on another row, whatever brought it there."""

    class Sorted(_Told):
        """The table's `sorted_by` or `descending` was chosen; read them there."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"table--{name}" for name in ("plain", *LOOKS)
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="table.down"),
        Binding("pageup", "move(-1, 'page')", "Page up", show=False, id="table.back"),
        Binding("pagedown", "move(1, 'page')", "Page down", show=False, id="table.on"),
        Binding("home,g", "move(-1, 'end')", "First", show=False, id="table.first"),
        Binding("end,G", "move(1, 'end')", "Last", show=False, id="table.last"),
        Binding("enter", "open", "Open", show=False, id="table.open"),
    ]
    DEFAULT_CSS = """
    Table {
        background: $surface; color: $foreground;
        overflow-x: hidden; scrollbar-size-vertical: 1;
        & > .table--header { background: $panel; text-style: bold; }
        & > .table--best { color: $text-success; text-style: bold; }
        & > .table--running { color: $text-primary; }
        & > .table--pruned, & > .table--dim { color: $text-muted; }
        & > .table--failed { color: $text-error; }
        & > .table--marked { color: $text-accent; text-style: bold; }
        & > .table--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground; text-style: bold;
        }
        &:focus > .table--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
    }
    """
    hint: reactive[str] = reactive("")
    """What an empty table says."""
    stale: reactive[int] = reactive(0, repaint=False)
    """How many rows are new, or new in what they sort by, since the order is held."""

    def __init__(
        self,
        identify: Callable[[Row], Hashable],
        *,
        ascii_only: bool = False,
        one_of_several: bool = False,
        clock: Callable[[], float] = time.monotonic,
        **widget: Any,
    ) -> None:
        """`one_of_several`: the cursor is drawn only where the keyboard is."""
        super().__init__(**widget)
        self.cursor = 0
        self._one_of_several = one_of_several
        self.marks: set[Hashable] = set()
        self.sorted_by = ""
        self.descending = True
        self._identify = identify
        self._clock = clock
        self._signs = ASCII_SIGNS if ascii_only else SIGNS
        self._latest: Sequence[Row] = ()
        self._columns: Sequence[Column[Row]] = ()
        self._rows: dict[Hashable, Row] = {}
        self._ids: list[Hashable] = []
        self._keys: dict[Hashable, Any] = {}
        self._writer: Writer[Row] = Writer(self._signs["more"])
        self._drawn: dict[int, Spans] = {}
        self._chosen = False  # until it is moved the cursor stays on the first line
        self._moved = -math.inf
        self._told: list[Hashable] = []  # the row of the last message, if there is one

    @property
    def current(self) -> Row | None:
        """The row at the cursor."""
        return self._rows[self._ids[self.cursor]] if self._ids else None

    def show(
        self,
        rows: Sequence[Row],
        columns: Sequence[Column[Row]],
        beside: Callable[[Row], object] | None = None,
    ) -> None:
        """Show these rows, as `Writer.use` says; thaw first if they answer anew."""
        self._latest, self._columns = rows, columns
        self._writer.use(columns, beside)
        self._arrange()

    def thaw(self) -> None:
        """Put the rows in order although the cursor has just moved."""
        self._moved = -math.inf
        self._arrange()

    def toggle_mark(self) -> None:
        """Mark the row at the cursor, or take its mark away."""
        self.marks ^= set(self._ids[self.cursor : self.cursor + 1])
        self._follow()

    def sort_by(self, name: str, *, descending: bool | None = None) -> None:
        """Sort by this column; if that is so already, the other way round."""
        if descending is None:
            first = {each.name: each.descending for each in self._columns}
            again = name == self.sorted_by
            descending = not self.descending if again else first.get(name, True)
        self.sorted_by, self.descending = name, descending
        self.thaw()
        self.post_message(self.Sorted(self))

    def reverse(self) -> None:
        """Sort the other way round."""
        if self.sorted_by:
            self.sort_by(self.sorted_by)

    def next_column(self, by: int = 1) -> None:
        """Sort by the next column on the screen, or with -1 by the one before."""
        names = [each.name for each, _, _ in self._fitted() if each.key]
        place = names.index(self.sorted_by) if self.sorted_by in names else -(by > 0)
        if names:
            self.sort_by(names[(place + by) % len(names)])

    def move_to(self, identity: Hashable) -> None:
        """Put the cursor on a row, if it is shown."""
        if identity in self._ids:
            self._go(self._ids.index(identity))

    def action_move(self, by: int, unit: str = "line") -> None:
        """Move the cursor by lines, by pages or to an end."""
        lines = {"line": 1, "page": max(1, self.size.height - 2), "end": len(self._ids)}
        self._go(self.cursor + by * lines[unit])

    def action_open(self) -> None:
        """Open the row at the cursor."""
        if self._ids:
            self.post_message(self.Opened(self))

    def on_click(self, event: events.Click) -> None:
        """Sort by a column's title; go to a row, and open it if the cursor is there."""
        at = event.get_content_offset(self)
        if at is None:
            return
        line = self.scroll_offset.y + at.y - 1
        just_moved = self._clock() - self._moved < 1  # by the first click of two
        if at.y == 0:
            self._click_title(at.x - MARGIN)
        elif line != self.cursor and line < len(self._ids):
            self._go(line)
        elif line == self.cursor and (event.chain == 1 or just_moved):
            self.action_open()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._follow()

    @on(events.Focus)
    @on(events.Blur)
    def _redraw_cursor(self) -> None:
        self._follow()

    def render_line(self, y: int) -> Strip:
        """Draw the header, a row or a line of the hint."""
        spans = self._drawn[y] = self._spans(y)
        styles = {name: self._style(name) for name in {name for _, name in spans}}
        strip = Strip([Segment(text, styles[name]) for text, name in spans])
        return strip.crop_extend(0, self.size.width, styles[spans[-1][1]])

    def _arrange(self) -> None:
        """Put the latest rows in order; while that is held, only renew the lines."""
        rows = dict(zip(map(self._identify, self._latest), self._latest, strict=True))
        by = (each.key for each in self._columns if each.name == self.sorted_by)
        keys, old = sort_keys(rows, next(by, None)), self._keys
        if self.cursor > 0 and self._clock() - self._moved < HOLD:
            self._ids = [each for each in self._ids if each in rows]
            new = [each for each in keys if each not in old or keys[each] != old[each]]
            self.stale = len(new)
        else:
            self._ids = arranged(keys, descending=self.descending)
            self._keys, self.stale = keys, 0
        seen = self.cursor - self.scroll_offset.y in range(self.size.height - 1)
        if not self._chosen:
            self.cursor = 0
        elif self._told and self._told[0] in rows:
            self.cursor = self._ids.index(self._told[0])
        self.cursor = max(0, min(self.cursor, len(self._ids) - 1))
        self._rows, self.virtual_size = rows, Size(0, len(self._ids) + 1)
        self._follow(reveal=seen)

    def _go(self, line: int) -> None:
        self.cursor = max(0, min(line, len(self._ids) - 1))
        self._chosen = line >= 0  # beyond the first line it is to stay there
        self._moved = self._clock()
        self._follow()
        if self.cursor == 0:
            self._settle()
        if self.is_running:
            self.set_timer(HOLD + 0.1, self._settle)

    def _settle(self) -> None:
        if self.stale:
            self._arrange()

    def _follow(self, *, reveal: bool = True) -> None:
        """Show what changed, with the cursor, and tell if that is on another row."""
        width, height = self.size
        if reveal and height:
            top = max(self.scroll_offset.y, self.cursor - max(1, height - 1) + 1)
            self.scroll_to(y=min(top, self.cursor), animate=False, force=True)
        lines = [y for y in range(height) if self._drawn.get(y) != self._spans(y)]
        if lines:
            self.refresh(*(Region(0, y, width, 1) for y in lines))
        told, self._told = self._told, self._ids[self.cursor : self.cursor + 1]
        if self._told and self._told != told:
            self.post_message(self.Moved(self))

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"table--{name or 'plain'}")

    def _fitted(self) -> Fitted[Row]:
        return self._writer.fitted(self.size.width - MARGIN)

    def _spans(self, y: int) -> Spans:
        line, room = self.scroll_offset.y + y - 1, self.size.width - MARGIN
        if y == 0:
            sign = self._signs["descending" if self.descending else "ascending"]
            return [("  " + titles(self._fitted(), self.sorted_by, sign), "header")]
        if not self._ids:
            width, height = self.size
            return [(centered(self.hint, width, height - 1)[y - 1], "dim")]
        if line >= len(self._ids):
            return [(" ", "")]
        identity = self._ids[line]
        mark = self._signs["mark"] if identity in self.marks else " "
        spans = self._writer.line(identity, self._rows[identity], room)
        if line == self.cursor and (self.has_focus or not self._one_of_several):
            return [(text, "cursor") for text in (f">{mark}", *(t for t, _ in spans))]
        return [(" ", ""), (mark, "marked"), *spans]

    def _click_title(self, x: int) -> None:
        for column, cells, space in self._fitted():
            if 0 <= x < cells + space and column.key:
                self.sort_by(column.name)
            x -= cells + space
