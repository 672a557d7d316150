"""One trial in full: its curve, values and layers, what became of it, how to repeat it.

What is not in its row is read, and what takes all trials worked out, off the screen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from autocnn.store.outlook import Outlook
from autocnn.store.rows import TrialRow
from autocnn.views.tables import accuracy, count, score
from autocnn.views.tui.actions import Actions
from autocnn.views.tui.crowd import quartiles
from autocnn.views.tui.facts import (
    Epochs,
    Facts,
    ahead,
    commands,
    entitle,
    facts,
    layer_columns,
    points,
    put,
    shares,
    value_columns,
)
from autocnn.views.tui.header import ASCII_ONLY, SIGNS, Header
from autocnn.views.tui.keys import Keys
from autocnn.views.tui.moment import Moment
from autocnn.views.tui.panel import Detail
from autocnn.views.tui.plot import Band, Plot, Series
from autocnn.views.tui.table import Table

LOOKS = {
    "complete": "$success",
    "running": "$primary",
    "failed": "$error",
    "paused": "$secondary",
    "pruned": "$secondary",
}
EXPLAINED = "p47: above 47 % of trials · 78%: so many have it"
ROOMY = 44
"""In so many cells the names of values are not cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a trial's row does not say."""

    trial: int
    layers: Sequence[tuple[int, Sequence[Any]]] = ()
    """By their places: name, shape of the output, parameters and FLOPs."""
    epochs: Epochs = ()
    shares: Mapping[str, str] = field(default_factory=dict)
    band: Band | None = None
    outlook: Outlook | None = None
    """Where its curve will end."""


class Looked(Message):
    """All about a trial was read in the background."""

    def __init__(self, found: Found) -> None:
        super().__init__()
        self.found = found


class TrialScreen(Detail):
    """One trial; the arrows go to the next better and the next worse."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left,h",
            "step(-1)",
            "Trial",
            key_display="← →",
            id="trial.better",
        ),
        Binding("right,l", "step(1)", show=False, id="trial.worse"),
        Binding("y", "scale", "Scale", show=False, id="plot.scale"),
        Binding("m", "mark", "Mark", id="trial.mark"),
        Binding("c", "app.compare", show=False, id="trial.compare"),
        Binding("escape,backspace", "back", "Back", key_display="esc", id="back"),
    ]

    def __init__(self, trial: int) -> None:
        super().__init__()
        self.settled = False
        self._trial = trial
        self._moment: Moment | None = None
        self._asked: tuple[object, ...] = ()
        self._found = Found(trial=trial)

    def compose(self) -> ComposeResult:
        """Put the curve over what became of it, beside the values and the layers."""
        yield Header()
        yield Static(id="title")
        with Horizontal(id="trial"):
            with Vertical():
                yield Plot(
                    hint="no epoch is over yet", ascii_only=ASCII_ONLY, id="curve"
                )
                with VerticalScroll(id="facts"):
                    yield Facts()
                    yield Static(id="commands")
            with Container(id="recipe"):
                yield Table[tuple[str, Any]](
                    itemgetter(0), ascii_only=ASCII_ONLY, id="values"
                )
                yield Table[tuple[int, Any]](
                    itemgetter(0), ascii_only=ASCII_ONLY, id="layers"
                )
        yield Keys()

    def on_mount(self) -> None:
        """Show what is known already."""
        self.query_one("#facts").border_title = "what became of it"
        self.query_one(Header).show(self._moment, self.host.life, "")
        self._fit()

    @property
    def selected(self) -> int:
        """The trial that is shown."""
        return self._trial

    @property
    def host(self) -> Actions:
        """The app."""
        assert isinstance(self.app, Actions)
        return self.app

    def show(self, moment: Moment) -> None:
        """Show the trial as it is now."""
        self._moment = moment
        row = moment.row(self._trial)
        if row is None or not self.is_mounted:
            return
        # Its layers come with its recipe; its place among all changes with each end.
        asked = row.trial, row.epochs, row.status, row.recipe, moment.at_rest
        if asked != self._asked:
            self._asked = asked
            self._look(row, moment)
        self._draw(row, moment)

    @work(thread=True, exclusive=True, group="trial", exit_on_error=False)
    def _look(self, row: TrialRow, moment: Moment) -> None:
        """Read and work out what takes its time; never touch a widget here."""
        read = self.host.feed.detail(row.trial)
        found = Found(
            trial=row.trial,
            layers=tuple(enumerate(read.get("layers", ()))),
            # In a replay it holds epochs that are still to come.
            epochs=read.get("epochs", ())[: row.epochs],
            shares=dict(shares(row, moment)),
            band=quartiles(moment.study.trials),
            outlook=ahead(row, moment),
        )
        self.post_message(Looked(found))

    def on_looked(self, message: Looked) -> None:
        """Show what was found, unless another trial is shown meanwhile."""
        if message.found.trial == self._trial and self._moment is not None:
            self._found = message.found
            self.query_one("#layers", Table).hint = "its layers are not known"
            self.show(self._moment)
            self.call_after_refresh(self._settle)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say why nothing could be read; the study's next change tries again."""
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            why = getattr(error, "problem", None) or f"{error}".partition("\n")[0]
            self.query_one("#layers", Table).hint = why
            self._asked = ()
            self._settle()

    def _settle(self) -> None:
        self.settled = True

    def on_resize(self) -> None:
        """Choose the columns anew."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        if self._moment is not None:
            self.show(self._moment)

    def on_table_opened(self, event: "Table.Opened") -> None:
        """Nothing lies behind a value or a layer."""
        event.stop()

    def action_step(self, by: int) -> None:
        """Go to the next trial, by rank; those without a score come last."""
        if self._moment is None:
            return
        ranked = [row.trial for row in self._moment.ranked]
        ranked += [r.trial for r in self._moment.study.trials if r.val_accuracy is None]
        place = ranked.index(self._trial) + by
        if place in range(len(ranked)):
            self._trial = ranked[place]
            self._found = Found(trial=self._trial, band=self._found.band)
            self.show(self._moment)
            self.refresh_bindings()
            for table in self.query(Table):
                table.move_to(0)
                table.thaw()

    def action_scale(self) -> None:
        """Stretch the y axis in another way."""
        self.query_one(Plot).next_scale()
        self._fit()

    def action_mark(self) -> None:
        """Mark the trial, to be compared, or take its mark away."""
        self.host.toggle_mark(self._trial)

    def action_back(self) -> None:
        """Go back to where it was opened."""
        self.dismiss(None)

    def _draw(self, row: TrialRow, moment: Moment) -> None:
        put(self.query_one("#title", Static), self._title(row, moment))
        self._draw_curve(row, moment)
        self._draw_tables(row, moment)
        panel, found = self.query_one(Facts), self._found
        panel.show(tuple(facts(row, moment, found.epochs, found.outlook)))
        lines = commands(row, moment.study.name, self.host.feed.place)
        put(self.query_one("#commands", Static), Content("\n".join(lines)))

    def _title(self, row: TrialRow, moment: Moment) -> Content:
        rank = moment.ranks.get(row.trial)
        parts = [score(row.val_accuracy, row.val_standard_error)]
        parts += [f"rank {rank} of {len(moment.ranked)}"] if rank else []
        parts += ["best"] if moment.best and moment.best.trial == row.trial else []
        if row.trial in self.app.query_one("#board", Table).marks:
            parts.append("marked" if ASCII_ONLY else "✓ marked")
        return Content.assemble(
            (f" {moment.study.name} › ", "$secondary"),
            (f"#{row.trial}  ", "bold"),
            (f"{SIGNS.get(row.status, ' ')} {row.status}", LOOKS.get(row.status, "")),
            "  " + "  ".join(parts),
        )

    def _draw_curve(self, row: TrialRow, moment: Moment) -> None:
        best, plot = moment.best, self.query_one(Plot)
        series = []
        if self._found.epochs:
            trained = tuple(
                (float(step), epoch[2])
                for step, epoch in enumerate(self._found.epochs, start=1)
            )
            series.append(Series(trained, "context", "train"))
        if (foreseen := self._found.outlook) is not None and row.curve:
            end = (float(row.planned_epochs or 0), foreseen.mean)
            path = ((float(row.epochs), max(row.curve)), end)
            series.append(Series(path, "context", f"~{accuracy(foreseen.mean)}"))
        band = self._found.band if row.curve else None
        if best is not None and best.trial != row.trial:
            series.append(Series(points(best), "best", f"#{best.trial} best"))
        series.append(Series(points(row), "selected", f"#{row.trial}"))
        state = moment.study.state
        rungs = state.rungs if state else ()
        plot.show(
            series,
            band,
            [(float(rung), "rung") for rung in rungs],
            x_label=moment.unit,
            x_high=float(row.planned_epochs or moment.epochs),
        )
        shaded = " · shaded: middle half" if band else ""
        dim = "dim: training images · " if self._found.epochs else ""
        entitle(plot, f"val accuracy{shaded}", f"{dim}y: {plot.y_scale}")

    def _draw_tables(self, row: TrialRow, moment: Moment) -> None:
        values = self.query_one("#values", Table)
        layers = self.query_one("#layers", Table)
        drawn = [*row.params.items()]
        roomy = values.size.width >= ROOMY
        values.show(
            drawn, value_columns(drawn, moment, self._found.shares, roomy=roomy)
        )
        below = EXPLAINED if self._found.shares else ""
        entitle(values, "drawn values", below)
        values.hint = "" if row.params else "no value is drawn yet"
        layers.show(self._found.layers, layer_columns())
        many = len(self._found.layers)
        sums = f"{count(row.parameters)} params · {count(row.flops)} FLOPs"
        known = row.parameters is not None
        entitle(layers, f"{many} layers" if many else "layers", sums if known else "")
