"""What is said of one trial: what became of it, how it compares, how to repeat it."""

import math
import shlex
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    FloatDistribution,
    IntDistribution,
)
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from autocnn.storage import sqlite_file, storage_url
from autocnn.store.outlook import INSIDE, Outlook, outlook
from autocnn.store.rows import TrialRow
from autocnn.views.narrowed import narrowed
from autocnn.views.tables import accuracy, count, duration
from autocnn.views.tui.header import ASCII_ONLY
from autocnn.views.tui.moment import OPEN, Moment
from autocnn.views.tui.table import Column

DEFAULT_STORAGE = "studies/autocnn.db"
FEW_VALUES = 5
"""Among fewer trials it says little where a value stands."""
RANGE = 8
LABEL = 9

Epochs = Sequence[Sequence[float]]
"""[at, train_loss, train_accuracy, val_loss, seconds, images_per_second] of each."""


def facts(
    row: TrialRow, moment: Moment, epochs: Epochs, foreseen: Outlook | None = None
) -> Iterator[tuple[str, str]]:
    """Say what became of a trial, and what may still, as labels and texts."""
    unit = moment.unit
    yield "status", fate(row, moment, unit)
    if went_on := promotions(row, unit):
        yield "promoted", went_on
    if stood := standings(row, moment, unit):
        yield "standing", stood
    if row.curve and unit == "fold":
        yield "folds", f"{accuracy(min(row.curve))} to {accuracy(max(row.curve))}"
    elif row.curve:
        top = max(range(len(row.curve)), key=row.curve.__getitem__)
        text = f"{accuracy(row.curve[top])} at epoch {top + 1}"
        if top < len(epochs):
            text += f" (train {accuracy(epochs[top][2])})"
        yield "best", text
    if foreseen is not None:
        yield "outlook", _foreseen(foreseen)
    yield "origin", origin(row, moment)
    if narrow := narrowed(moment.study.config, row.params, row.recipe):
        yield "width", narrow
    spent = row.seconds
    if spent is None and epochs:
        spent = sum(epoch[4] for epoch in epochs)
    speed = row.images_per_second or (epochs[-1][5] if epochs else None)
    parts = [duration(spent)] if spent is not None else []
    parts += [f"{speed:,.0f} images/s"] if speed else []
    if row.started is not None:
        begun = time.localtime(row.started)
        today = begun[:3] == time.localtime(moment.now)[:3]
        day = "" if today else f"{time.strftime('%Y-%m-%d', begun)} "
        parts.append(f"from {day}{time.strftime('%H:%M', begun)}")
    if parts:
        yield "time", ", ".join(parts)


def fate(row: TrialRow, moment: Moment, unit: str) -> str:
    """Say how far a trial came, and why it did not come farther."""
    whole = row.epochs if row.status == "complete" else moment.epochs
    planned = row.planned_epochs or whole
    far = f"{row.status} after {row.epochs} of {planned} {unit}s"
    match row.status:
        case "waiting":
            return "waiting for a free worker"
        case "running":
            now = f"running, {unit} {row.epochs + 1} of {planned}"
            stands = moment.standing(row)
            return f"{now}; {stands} at {unit} {row.epochs}" if stands else now
        case "interrupted":
            return f"{far}; goes on with the search"
        case "paused":
            why = f": {row.reason}" if row.reason else ""
            let = "goes on when it is among the best third (p: promote it now)"
            return f"{far}{why}; {let}"
        case _:
            return f"{far}: {row.reason}" if row.reason else far


def ahead(row: TrialRow, moment: Moment) -> Outlook | None:
    """Foresee where a trial that is not over will end; not from folds."""
    if moment.unit == "fold":
        return None
    best = moment.best.val_accuracy if moment.best else None
    return outlook(row, moment.study.trials, best) if row.status in OPEN else None


def _foreseen(end: Outlook) -> str:
    return (
        f"about {accuracy(end.mean)} at its end ({accuracy(end.low)} to "
        f"{accuracy(end.high)} in {INSIDE:.0%} of cases), as complete trials went on; "
        f"better than the best with {end.chance:.0%}"
    )


def promotions(row: TrialRow, unit: str) -> str:
    """Say when a trial went on after a pause, and how long that was."""
    return ", ".join(
        f"after {unit} {pause.epochs} ({duration(pause.until - pause.since)} paused)"
        for pause in row.pauses
        if pause.until is not None
    )


def standings(row: TrialRow, moment: Moment, unit: str) -> str:
    """Say where a trial stands at each rung it came to, among all that did."""
    rungs = moment.study.state.rungs if moment.study.state else ()
    return ", ".join(
        f"{unit} {rung}: {moment.place(row, rung)}"
        for rung in rungs
        if row.epochs >= rung
    )


def origin(row: TrialRow, moment: Moment) -> str:
    """Say where a trial's values come from, and which trials come from it."""
    drawn = f"drawn by {moment.study.config.get('sampler', 'its sampler')}"
    copy = f"edited copy of trial {row.trial}"
    copies = [f"#{r.trial}" for r in moment.study.trials if r.origin == copy]
    text = row.origin or drawn
    return f"{text}; copied as {', '.join(copies)}" if copies else text


def commands(row: TrialRow, study: str, place: str) -> list[str]:
    """Write the commands that train a trial again and that write its recipe out."""
    if not row.recipe:
        return []
    where = ["--study", study, *_storage(place)]
    train = shlex.join(["autocnn", "train", f"{row.trial}", *where])
    show = shlex.join(["autocnn", "show", f"{row.trial}", *where])
    return [train, f"{show} --recipe > mine.toml"]


def _storage(place: str) -> list[str]:
    if place == storage_url(DEFAULT_STORAGE):
        return []
    file = sqlite_file(place)
    if file is None:
        return ["--storage", place]
    here = Path.cwd()
    return ["--storage", f"{file.relative_to(here) if here in file.parents else file}"]


def shares(row: TrialRow, moment: Moment) -> Iterator[tuple[str, str]]:
    """Say of each value where it is among all trials'.

    Of a number, its percentile: p96 is above 96 % of the others'. Of a choice, the
    share of the trials that have it.
    """
    for name, value in row.params.items():
        drawn = [r.params[name] for r in moment.study.trials if name in r.params]
        if len(drawn) < FEW_VALUES:
            continue
        same = drawn.count(value)
        if is_number(moment.study.distributions.get(name)):
            below = sum(other < value for other in drawn)
            yield name, f"p{100 * (below + (same - 1) / 2) / (len(drawn) - 1):.0f}"
        else:
            yield name, f"{same / len(drawn):.0%}"


def is_number(distribution: BaseDistribution | None) -> bool:
    """Say whether values have an order."""
    return isinstance(distribution, IntDistribution | FloatDistribution)


def in_range(value: Any, distribution: BaseDistribution | None) -> str:
    """Draw where a number lies between the least and the greatest it could be."""
    if not isinstance(distribution, IntDistribution | FloatDistribution):
        return ""
    stretch = math.log if distribution.log else float
    low, high = stretch(distribution.low), stretch(distribution.high)
    share = (stretch(value) - low) / (high - low) if high > low else 0.5
    place = min(RANGE - 1, max(0, int(share * RANGE)))
    dot, here = ".#" if ASCII_ONLY else "·●"
    return dot * place + here + dot * (RANGE - 1 - place)


def written(value: Any) -> str:
    """Write a drawn value, numbers with three digits."""
    return f"{value:.3g}" if isinstance(value, float) else f"{value}"


def entitle(widget: Widget, title: str, below: str = "") -> None:
    """Write on a widget's border, if it is not there already: it would be redrawn."""
    # As content: brackets in a name are no markup.
    on_top, at_foot = Content(title), Content(below)
    if (widget.border_title or "") != on_top.markup:
        widget.border_title = on_top
    if (widget.border_subtitle or "") != at_foot.markup:
        widget.border_subtitle = at_foot


def put(widget: Static, content: Content) -> None:
    """Show a text, if it is not shown already."""
    if widget.content != content:
        widget.update(content)


class Facts(Static):
    """Labels with texts, each indented under itself where it takes several lines."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: Sequence[tuple[str, str]] = ()
        self._drawn: tuple[object, int] = ((), -1)

    def show(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show these, if they are not shown already."""
        self._facts = facts
        self._draw()

    def on_resize(self) -> None:
        """Wrap the texts anew."""
        self._draw()

    def _draw(self) -> None:
        width = self.size.width or 80
        if self._drawn == (self._facts, width):
            return
        self._drawn = self._facts, width
        parts: list[str | tuple[str, str]] = []
        for label, text in self._facts:
            lines = textwrap.wrap(text, max(20, width - LABEL)) or [""]
            parts += ["\n" if parts else "", (label.ljust(LABEL), "$secondary")]
            parts.append(("\n" + " " * LABEL).join(lines))
        self.update(Content.assemble(*parts))


def value_columns(
    drawn: Sequence[tuple[str, Any]],
    moment: Moment,
    shares: Mapping[str, str],
    *,
    roomy: bool,
) -> Sequence[Column[tuple[str, Any]]]:
    """Columns of a trial's values; where it is not roomy the names are cut."""
    ranges = moment.study.distributions
    name = max((len(name) for name, _ in drawn), default=0) if roomy else 13
    longest = max((len(written(value)) for _, value in drawn), default=0)
    longest = longest if roomy else min(longest, 11)

    def bar(drawn: tuple[str, Any]) -> str:
        return in_range(drawn[1], ranges.get(drawn[0]))

    return (
        Column(name="name", title="parameter", width=name,
               text=lambda drawn: drawn[0], priority=4),
        Column(name="value", title="value", width=longest, priority=3, stretch=True,
               text=lambda drawn: written(drawn[1])),
        Column(name="share", title="", width=4, right=True, priority=2,
               text=lambda drawn: shares.get(drawn[0], "")),
        Column(name="range", title="in range", width=8, text=bar, priority=1),
    )  # fmt: skip


def layer_columns() -> Sequence[Column[tuple[int, Any]]]:
    """Columns of a trial's layers."""

    def shape(layer: tuple[int, Any]) -> str:
        return ("x" if ASCII_ONLY else "×").join(map(str, layer[1][1]))

    return (
        Column(name="layer", title="layer", width=13, priority=4, stretch=True,
               text=lambda layer: layer[1][0]),
        Column(name="output", title="output", width=9, right=True, priority=3,
               text=shape),
        Column(name="params", title="params", width=6, right=True, priority=2,
               text=lambda layer: _few(layer[1][2])),
        Column(name="flops", title="FLOPs", width=6, right=True, priority=1,
               text=lambda layer: _few(layer[1][3])),
    )  # fmt: skip


def _few(number: float) -> str:
    return count(number) if number else ""


def points(row: TrialRow) -> tuple[tuple[float, float], ...]:
    """Give a trial's curve to a plot."""
    return tuple((float(step), value) for step, value in enumerate(row.curve, start=1))
