"""Some trials side by side: their curves over each other, and what differs in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from autocnn.store.rows import TrialRow
from autocnn.views.tables import accuracy, count, duration, score
from autocnn.views.tui.actions import Actions
from autocnn.views.tui.facts import entitle, points, put, written
from autocnn.views.tui.filters import fit
from autocnn.views.tui.header import ASCII_ONLY, SIGNS, Header
from autocnn.views.tui.keys import Keys
from autocnn.views.tui.moment import Moment
from autocnn.views.tui.panel import Detail
from autocnn.views.tui.plot import Plot, Role, Series
from autocnn.views.tui.table import MARGIN, Column, Table

LINES: Sequence[tuple[Role, str, str]] = (
    ("a", "━━━━━", "$success"),
    ("b", "━━ ━━", "$primary"),
    ("c", "· · ·", "$warning"),
    ("d", "━ · ━", "$secondary"),
)
"""How the curves are told apart: their roles in the plot, and how those look."""
CELLS = (13, 24)
"""The fewest and the most of a trial's column."""
NAMES = (14, 20)
"""The same of the names."""
ROOMY = 100
"""In so many cells there is room for more than the curves' names."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing, said of all trials."""

    name: str
    texts: tuple[str, ...]
    differs: bool = True
    best: int = -1
    """The place of the trial that is best in it."""


FACTS: Sequence[tuple[str, Callable[[TrialRow], str]]] = (
    ("status", lambda row: f"{SIGNS.get(row.status, ' ')} {row.status}"),
    ("epochs", lambda row: f"{row.epochs}/{row.planned_epochs or '?'}"),
    ("parameters", lambda row: count(row.parameters)),
    ("FLOPs", lambda row: count(row.flops)),
    ("time", lambda row: duration(row.seconds)),
)


def lines(rows: Sequence[TrialRow], *, everything: bool) -> list[Line]:
    """Say what is to be compared: how trials did, then their values that differ."""
    found = [_scores(rows), _distances(rows)]
    for name, text in FACTS:
        texts = tuple(map(text, rows))
        found.append(Line(name, texts, len(set(texts)) > 1))
    names = dict.fromkeys(name for row in rows for name in row.params)
    values = [
        Line(
            name,
            tuple(written(r.params[name]) if name in r.params else "-" for r in rows),
            any(row.params.get(name) != rows[0].params.get(name) for row in rows),
        )
        for name in names
    ]
    return found + [each for each in values if each.differs or everything]


def _scores(rows: Sequence[TrialRow]) -> Line:
    found = [row.val_accuracy for row in rows]
    texts = tuple(score(row.val_accuracy, row.val_standard_error) for row in rows)
    known = [value for value in found if value is not None]
    best = found.index(max(known)) if known else -1
    return Line("val accuracy", texts, len(set(texts)) > 1, best)


def _distances(rows: Sequence[TrialRow]) -> Line:
    """Say how far each is from the first, in points of accuracy."""
    first = rows[0].val_accuracy
    texts = [
        f"{100 * (row.val_accuracy - first):+.1f}".replace("-", "−")
        if row.val_accuracy is not None and first is not None and row is not rows[0]
        else ""
        for row in rows
    ]
    return Line("points from A", tuple(texts))


class CompareScreen(Detail):
    """Two or more trials; the best of them first when it is opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "everything", "All", id="compare.all"),
        Binding("y", "scale", "Scale", id="plot.scale"),
        Binding("escape,backspace", "back", "Back", key_display="esc", id="back"),
    ]

    def __init__(self, trials: Sequence[int]) -> None:
        super().__init__()
        self._trials = list(trials)
        self._moment: Moment | None = None
        self._everything = False
        self._sorted = False

    def compose(self) -> ComposeResult:
        """Put the curves over the table; where room is short the table comes first."""
        yield Header()
        yield Static(id="legend")
        with Vertical(id="compare"):
            yield Plot(
                hint="no epoch is over yet", ascii_only=ASCII_ONLY, id="compared"
            )
            yield Table[Line](
                lambda line: line.name, ascii_only=ASCII_ONLY, id="differences"
            )
        yield Keys()

    def on_mount(self) -> None:
        """Show what is known already."""
        assert isinstance(self.app, Actions)
        self.query_one(Header).show(self._moment, self.app.life, "")
        self._fit()

    @property
    def selected(self) -> int:
        """The first of the trials."""
        return self._trials[0]

    def show(self, moment: Moment) -> None:
        """Show the trials as they are now."""
        self._moment = moment
        if not self._sorted:
            last = len(moment.ranked) + 1
            self._trials.sort(key=lambda trial: moment.ranks.get(trial, last))
            self._sorted = True
        rows = [row for row in map(moment.row, self._trials) if row is not None]
        if rows and self.is_mounted:
            roomy = self.size.width >= ROOMY
            title = f"{moment.study.name} › compare" if roomy else ""
            put(self.query_one("#legend", Static), legend(rows, title))
            self._draw_curves(rows, moment)
            self._draw_table(rows)

    def _draw_curves(self, rows: Sequence[TrialRow], moment: Moment) -> None:
        plot = self.query_one(Plot)
        series = []
        for place, row in reversed([*enumerate(rows)]):
            role: Role = LINES[place][0] if place < len(LINES) else "context"
            series.append(Series(points(row), role, name(place, row)))
        plot.show(series, x_label=moment.unit, x_high=float(moment.epochs))
        others = len(rows) - len(LINES)
        more = f" · {others} more in gray" if others > 0 else ""
        entitle(plot, f"val accuracy{more}", f"y: {plot.y_scale}")

    def _draw_table(self, rows: Sequence[TrialRow]) -> None:
        table = self.query_one(Table)
        shown = lines(rows, everything=self._everything)
        made = columns(rows, table.size.width - MARGIN, everything=self._everything)
        table.styles.max_height = len(shown) + 3
        table.show(shown, made)
        room = len(fit(made, table.size.width - MARGIN)) - 1
        what = "all values" if self._everything else "what differs"
        some = f" · {room} of {len(rows)} trials fit" if room < len(rows) else ""
        same = len(lines(rows, everything=True)) - len(shown)
        entitle(table, what + some, f"{same} values are the same" if same else "")

    def on_resize(self) -> None:
        """Say anew how many trials fit."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        if self._moment is not None:
            self.show(self._moment)

    def on_table_opened(self, event: Table.Opened) -> None:
        """Nothing lies behind a line."""
        event.stop()

    def action_everything(self) -> None:
        """Show the values that all share too, or hide them again."""
        self._everything = not self._everything
        self.query_one(Table).thaw()
        self._fit()

    def action_scale(self) -> None:
        """Stretch the y axis in another way."""
        self.query_one(Plot).next_scale()
        self._fit()

    def action_back(self) -> None:
        """Go back to where it was opened."""
        self.dismiss(None)


def name(place: int, row: TrialRow) -> str:
    """A #32; trials beyond the fourth have no letter."""
    letter = LINES[place][0].upper() + " " if place < len(LINES) else ""
    return f"{letter}#{row.trial}"


def legend(rows: Sequence[TrialRow], title: str) -> Content:
    """Say which line is which trial's."""
    parts: list[str | tuple[str, str]] = [(f" {title}  " if title else " ", "bold")]
    for (_, sample, style), (place, row) in zip(LINES, enumerate(rows), strict=False):
        parts.append((f"{sample} {name(place, row)}", style))
        parts.append(f" {accuracy(row.val_accuracy)}   ")
    return Content.assemble(*parts)


def columns(
    rows: Sequence[TrialRow], width: int, *, everything: bool
) -> Sequence[Column[Line]]:
    """One column of names and one for each trial; the last go where room is short."""
    least, most = CELLS
    roomy = width >= NAMES[1] + 1 + len(rows) * (least + 1)
    widest = NAMES[roomy]
    cells = min(most, max(least, (width - widest) // len(rows) - 2))

    def label(line: Line) -> str:
        return f"≠ {line.name}" if everything and line.differs else line.name

    def column(place: int, row: TrialRow) -> Column[Line]:
        def style(line: Line) -> str:
            return "best" if line.best == place else "" if line.differs else "dim"

        return Column(
            name=f"{row.trial}",
            title=name(place, row),
            width=cells,
            text=lambda line: line.texts[place],
            style=style,
            priority=len(rows) - place,
        )

    names: Column[Line] = Column(
        name="name",
        title="",
        width=widest,
        text=label,
        style=lambda line: "" if line.differs else "dim",
        priority=len(rows) + 1,
        stretch=not roomy,
    )
    return [names, *(column(place, row) for place, row in enumerate(rows))]
