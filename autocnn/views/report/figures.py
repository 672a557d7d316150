"""The pictures of a report: what was reached when, curves, costs."""

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from autocnn.store.aim import Unit
from autocnn.store.pareto import COSTS, front
from autocnn.store.replay import Recording
from autocnn.store.rows import TrialRow
from autocnn.views.report import charts
from autocnn.views.report.charts import Mark, Point
from autocnn.views.report.contents import Report
from autocnn.views.tables import accuracy, count, duration, plural
from autocnn.views.tui.axes import Curve, y_limits
from autocnn.views.tui.crowd import band

MOST_CURVES = 100
"""The best ones; of more, a picture shows no more, but weighs."""
MOST_DOTS = 1000
"""The better half of them are the best trials, the others a sample of the rest."""
BAND_FROM = 30
"""So many trials at rest are summed up as a band, too."""
FLOOR = 0.05
"""So many of the trials may lie below a picture: a few that learned nothing."""
AT_REST = ("complete", "pruned", "paused")
LOOKS = {"failed": "failed", "running": "third"}
UNITS = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def best_so_far(report: Report) -> str:
    """Draw what was the best when, and each trial where it came to rest."""
    ends, rises = [*_ends(report)], [*_rises(report)]
    timeline = Recording(report.study, report.histories).timeline
    size, unit = next(
        (each for each in UNITS if timeline.length > 2 * each[0]), UNITS[-1]
    )

    def hour(at: float) -> float:
        return timeline.played(at) / size

    over = timeline.length / size or 1.0
    tops = [(hour(at), score) for at, score in rises]
    seen = {row.trial for row in thinned(report.ranked)}
    dots = [
        charts.dot(
            (hour(at), row.val_accuracy or 0.0), _look(row), told(row, report.unit)
        )
        for at, row in ends
        if row.trial in seen
    ]
    scores = [row.val_accuracy or 0.0 for _, row in ends]
    last = [*_final_rises(report, over, size)]
    until = last[-1][0] if last else over
    marks: list[Mark] = [*dots, charts.steps(tops, over, "first")]
    if last:
        marks += [
            charts.steps(last, until, "second"),
            charts.word(last[-1], accuracy(last[-1][1]), "second"),
        ]
        scores.append(last[-1][1])
    if tops:
        marks.append(charts.word(tops[-1], accuracy(tops[-1][1]), "first"))
        scores += [score for _, score in tops]
    return charts.chart(
        charts.numbers(0.0, until, f"{unit} of search"),
        _scores(scores),
        marks,
        says=f"best validation accuracy over {until:.3g} {unit} of search",
    )


def curves(report: Report, chosen: TrialRow | None = None) -> str:
    """Draw the best trials' learning curves, and name the best, or a chosen one."""
    rows = [row for row in report.ranked if row.curve]
    rows = [row for row in rows if row.status != "failed"][:MOST_CURVES]
    best = chosen or rows[0]
    others = [row for row in rows if row.trial != best.trial]
    marks: list[Mark] = []
    resting = [
        row for row in report.study.trials if row.curve and row.status in AT_REST
    ]
    middle = band(resting) if len(resting) > BAND_FROM else None
    if middle is not None:
        marks.append(charts.area(middle.xs, middle.low, middle.high))
    marks += [_curve(row, "crowd") for row in reversed(others[4:])]
    marks += [_curve(row, "next") for row in reversed(others[:4])]
    marks.append(_curve(best, "first"))
    longest = max(row.epochs for row in (best, *rows))
    for rung in sorted({pause.epochs for row in resting for pause in row.pauses}):
        marks.append(charts.upright(rung, f"judged at {rung}"))
    marks.append(_named(best.curve, f"trial {best.trial}", "first"))
    return charts.chart(
        charts.numbers(1.0, max(2.0, longest), "epoch", whole=True),
        _curve_scores([row.curve for row in (best, *rows)]),
        marks,
        says=f"validation accuracy by epoch of {plural(len(rows), 'trial')}",
    )


def final_curve(report: Report) -> str:
    """Draw the final training beside the trial whose recipe it has, if it has a curve.

    Folds are none.
    """
    last = report.study.final
    assert last is not None
    before = next((r for r in report.study.trials if r.trial == last.trial), None)
    marks: list[Mark] = []
    found = [last.curve]
    if before is not None and before.curve and report.has_curves:
        marks += [
            _curve(before, "first"),
            _named(before.curve, f"trial {before.trial}", "first", before=True),
        ]
        found.append(before.curve)
    marks += [
        charts.line([*enumerate(last.curve, 1)], "second"),
        _named(last.curve, "final training", "second"),
    ]
    longest = max(map(len, found))
    return charts.chart(
        charts.numbers(1.0, max(2.0, longest), "epoch", whole=True),
        _curve_scores(found),
        marks,
        says="validation accuracy by epoch of the final training",
    )


def pareto(report: Report) -> str:
    """Draw accuracy against size; what no other beats in both is joined."""
    rows = [row for row in report.ranked if row.parameters]
    best = front(rows, COSTS["params"])
    top = {row.trial for row in best}
    crowd = [row for row in rows if row.trial not in top]
    points = [(float(row.parameters or 0), row.val_accuracy or 0.0) for row in best]
    edge = max(row.parameters or 0 for row in rows)
    unit = report.unit
    marks: list[Mark] = [_sized(row, _look(row), unit) for row in thinned(crowd)]
    marks.append(charts.steps(points, edge, "first"))
    marks += [_sized(row, "first", unit) for row in spread(best, MOST_CURVES)]
    sizes = [row.parameters or 0 for row in rows]
    return charts.chart(
        charts.powers(min(sizes), max(sizes), "parameters", count),
        _scores([row.val_accuracy or 0.0 for row in rows]),
        marks,
        says="validation accuracy against the number of parameters",
    )


def thinned(ranked: Sequence[TrialRow]) -> Sequence[TrialRow]:
    """Choose which of very many trials are drawn, the best ones first."""
    if len(ranked) <= MOST_DOTS:
        return ranked
    half = MOST_DOTS // 2
    return [*ranked[:half], *ranked[half :: math.ceil(len(ranked) / half)]]


def spread(rows: Sequence[TrialRow], most: int) -> list[TrialRow]:
    """Choose so many of them, evenly, the last one among them."""
    return [*rows[-1 :: -math.ceil(len(rows) / most)]][::-1]


def left_out(trials: int) -> str:
    """Say for captions that not all of so many trials are drawn, if so it is."""
    if trials <= MOST_DOTS:
        return ""
    return f" Of {trials:,} trials the best and a sample of the others are drawn."


def told(row: TrialRow, unit: Unit = "epoch") -> str:
    """Say of a trial what one wants to know when one points at it."""
    took = f", {duration(row.seconds)}" if row.seconds else ""
    return (
        f"trial {row.trial}: {accuracy(row.val_accuracy)}, {row.status} after "
        f"{plural(row.epochs, unit)}{took}"
    )


def _ends(report: Report) -> Iterator[tuple[float, TrialRow]]:
    """List when each trial with a score came to rest; of many, the best and some."""
    for row in report.ranked:
        pauses = [pause.since for pause in row.pauses if pause.until is None]
        at = pauses[-1] if pauses else row.ended
        if at is None:
            history = report.histories.get(row.trial, ())
            at = history[-1][0] if history else row.started
        if at is not None:
            yield at, row


def _rises(report: Report) -> Iterator[tuple[float, float]]:
    """List when the best of all scores rose, and to what."""
    scored: list[tuple[float, float]] = []
    for at, row in _ends(report):
        history = report.histories.get(row.trial, ())
        if row.status == "failed":
            continue
        if not report.has_curves or len(history) < len(row.curve):
            scored.append((at, row.val_accuracy or 0.0))
        else:
            times = [epoch[0] for epoch in history]
            scored += zip(times, row.curve, strict=False)
    best = 0.0
    for at, score in sorted(scored):
        if score > best:
            best = score
            yield at, score


def _final_rises(report: Report, since: float, size: float) -> Iterator[Point]:
    """List when the final training rose, `since` then, in units of `size` seconds."""
    last = report.study.final
    if last is None or not last.curve:
        return
    epoch = last.seconds / size / len(last.curve)
    for number, best in enumerate(itertools.accumulate(last.curve, max), start=1):
        yield since + number * epoch, best


def _scores(scores: Sequence[float]) -> charts.Axis:
    """Make an axis from a robust floor to the best score."""
    low, high = float(np.quantile(scores, FLOOR)), max(scores)
    kept = np.array([score for score in scores if score >= low], np.float64)
    low, high = y_limits([Curve("best", "", kept, kept)], "full")
    return charts.fractions(low, high, "validation accuracy")


def _curve_scores(found: Sequence[Sequence[float]]) -> charts.Axis:
    """Make an axis for curves: their beginnings may lie below it."""
    lines = []
    for values in found:
        y = np.array(values, np.float64)
        y = y[np.isfinite(y)]
        if y.size:
            lines.append(Curve("context", "", y, y))
    low, high = y_limits(lines, "zoom")
    return charts.fractions(low, high, "validation accuracy")


def _curve(row: TrialRow, look: str) -> Mark:
    points = [(n, value) for n, value in enumerate(row.curve, 1) if value == value]
    if len(points) == 1:
        return charts.dot(points[0], look, told(row), size=2.5)
    return charts.line(points, look, told(row))


def _named(
    curve: Sequence[float], name: str, look: str, *, before: bool = False
) -> Mark:
    """Name a curve where it is highest."""
    at = max(range(len(curve)), key=curve.__getitem__)
    text = f"{name}: {accuracy(curve[at])}"
    return charts.word((at + 1, curve[at]), text, look, before=before)


def _sized(row: TrialRow, look: str, unit: Unit) -> Mark:
    point: Point = (float(row.parameters or 0), row.val_accuracy or 0.0)
    size = f"{count(row.parameters)} parameters"
    return charts.dot(point, look, f"{told(row, unit)}, {size}")


def _look(row: TrialRow) -> str:
    return LOOKS.get(row.status, "first" if row.status == "complete" else "")
