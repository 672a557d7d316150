"""What is said of one trial: what became of it, how it compares, how to repeat it."""

import math
import shlex
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from autocnn.storage import sqlite_file, storage_url
from autocnn.store.rows import TrialRow
from autocnn.views.tables import accuracy, duration
from autocnn.views.tui.header import SIGNS
from autocnn.views.tui.moment import Moment, ordinal
from autocnn.views.tui.plot import Band

DEFAULT_STORAGE = "studies/autocnn.db"
FEW_VALUES = 5
"""Among fewer trials it says little where a value stands."""
FEW_CURVES = 8
LEAST_CURVES = 4
"""Of fewer, quartiles are no more than the curves themselves."""
RANGE = 8

Epochs = Sequence[Sequence[float]]
"""[at, train_loss, train_accuracy, val_loss, seconds, images_per_second] of each."""


def facts(row: TrialRow, moment: Moment, epochs: Epochs) -> Iterator[tuple[str, str]]:
    """Say what became of a trial, as labels and texts."""
    unit = "fold" if moment.study.config.get("folds") else "epoch"
    yield f"{SIGNS.get(row.status, ' ')} {row.status}"[:9], fate(row, moment, unit)
    if stood := standings(row, moment, unit):
        yield "standing", stood
    if row.curve:
        top = max(range(len(row.curve)), key=row.curve.__getitem__)
        text = f"{accuracy(row.curve[top])} at {unit} {top + 1}"
        if unit == "epoch" and top < len(epochs):
            trained = epochs[top][2]
            text += f"; on what it learned from {accuracy(trained)}"
        yield "best", text
    yield "origin", origin(row, moment)
    spent = row.seconds
    if spent is None and epochs:
        spent = sum(epoch[4] for epoch in epochs)
    speed = row.images_per_second or (epochs[-1][5] if epochs else None)
    parts = [duration(spent)] if spent is not None else []
    parts += [f"{speed:,.0f} images/s"] if speed else []
    if row.started is not None:
        begun = time.localtime(row.started)
        parts.append(f"begun {time.strftime('%Y-%m-%d %H:%M', begun)}")
    if parts:
        yield "time", ", ".join(parts)


def fate(row: TrialRow, moment: Moment, unit: str) -> str:
    """Say how far a trial came, and why it did not come farther."""
    planned = row.planned_epochs if unit == "epoch" else None
    planned = planned or (row.epochs if row.status == "complete" else moment.epochs)
    far = f"after {row.epochs} of {planned} {unit}s"
    match row.status:
        case "waiting":
            return "it is trained when a worker is free"
        case "running":
            now = f"{unit} {row.epochs + 1} of {planned}"
            stands = moment.standing(row)
            return f"{now}; {stands} at {unit} {row.epochs}" if stands else now
        case "interrupted":
            return f"{far}; it goes on from there when the search does"
        case _:
            return f"{far}: {row.reason}" if row.reason else far


def standings(row: TrialRow, moment: Moment, unit: str) -> str:
    """Say where a trial stands at each rung it came to, among all that did."""
    rungs = moment.study.state.rungs if moment.study.state else ()
    found = []
    for rung in rungs:
        if row.epochs >= rung:
            others = [r.curve[rung - 1] for r in moment.study.trials if r.epochs >= rung]
            rank = 1 + sum(other > row.curve[rung - 1] for other in others)
            found.append(f"{unit} {rung}: {ordinal(rank)} of {len(others)}")
    return ", ".join(found)


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
    show = shlex.join(["autocnn", "show", f"{row.trial}", "--recipe", *where])
    return [train, f"{show} > mine.toml"]


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
    return "·" * place + "●" + "·" * (RANGE - 1 - place)


def quartiles(rows: Sequence[TrialRow]) -> Band | None:
    """Work out between which accuracies half of the finished trials run."""
    over = {"complete", "pruned"}
    curves = [row.curve for row in rows if row.curve and row.status in over]
    if len(curves) < FEW_CURVES:
        return None
    table = np.full((len(curves), max(map(len, curves))), np.nan)
    for line, curve in zip(table, curves, strict=True):
        line[: len(curve)] = curve
    told = np.isfinite(table).sum(axis=0) >= LEAST_CURVES
    edges = np.nanquantile(table[:, told], (0.25, 0.75, 0.5), axis=0)
    low, high, middle = (tuple(map(float, edge)) for edge in edges)
    xs = tuple(float(step + 1) for step in np.flatnonzero(told))
    return Band(xs=xs, low=low, high=high, middle=middle)


def written(value: Any) -> str:
    """Write a drawn value, numbers with three digits."""
    return f"{value:.3g}" if isinstance(value, float) else f"{value}"
