"""The columns of the leaderboard and of the running trials."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from autocnn.store.rows import TrialRow
from autocnn.views import leaderboard
from autocnn.views.tables import accuracy, count, duration, score
from autocnn.views.tui.header import ASCII_ONLY, PROMOTED, SIGNS, bar
from autocnn.views.tui.last import FINAL
from autocnn.views.tui.moment import Moment
from autocnn.views.tui.plot import dots
from autocnn.views.tui.table import Column

CURVE = 10
STYLES = {
    "running": "running",
    "paused": "dim",
    "pruned": "pruned",
    "failed": "failed",
}


def board(moment: Moment) -> Sequence[Column[TrialRow]]:
    """Columns of the leaderboard."""
    ranks, best = moment.ranks, moment.best
    low, high = scale(moment)
    wide = 2 * len(str(moment.epochs)) + 1

    def style(row: TrialRow) -> str:
        if best is not None and row.trial == best.trial:
            return "best"
        return STYLES.get(row.status, "")

    def curve(row: TrialRow) -> str:
        return _sparkline(row.curve, low, high, moment.epochs)

    def rank(row: TrialRow) -> str:
        return str(ranks.get(row.trial, ""))

    return (
        _column("rank", "rank", 4, rank, lambda r: ranks.get(r.trial), right=True,
               style=style, priority=9),
        _column("trial", "trial", 5, lambda r: f"#{r.trial}", lambda r: r.trial,
               right=True, style=style, priority=10),
        _column("status", "status", 10, _status, lambda r: r.status, style=style,
               priority=8),
        _column("val_accuracy", "val accuracy", 12,
               lambda r: score(r.val_accuracy, r.val_standard_error),
               lambda r: r.val_accuracy, right=True, style=style, priority=10),
        _column("epochs", f"{moment.unit}s", max(6, wide), _epochs, lambda r: r.epochs,
               right=True, style=style, priority=7),
        _column("curve", "curve", CURVE, curve, None, style=style, priority=5),
        _column("parameters", "params", 7, lambda r: count(r.parameters),
               lambda r: r.parameters, right=True, style=style, priority=4),
        _column("seconds", "time", 6, lambda r: duration(r.seconds),
               lambda r: r.seconds, right=True, style=style, priority=3),
        _column("settings", "settings", 20, _settings, None, style=style, priority=6,
               stretch=True),
    )  # fmt: skip


def beside(moment: Moment) -> Callable[[TrialRow], object]:
    """Say what the leaderboard writes of a trial besides its row."""
    ranks, best = moment.ranks, moment.best
    common = (scale(moment), moment.epochs)

    def of(row: TrialRow) -> object:
        return ranks.get(row.trial), row is best, common

    return of


def running(moment: Moment) -> Sequence[Column[TrialRow]]:
    """Columns of the trials that are trained now."""
    low, high = scale(moment)
    wide = 2 * len(str(moment.epochs)) + 1
    state = moment.study.state

    def epoch(row: TrialRow) -> str:
        return f"{row.epochs}/{row.planned_epochs or moment.epochs}"

    def progress(row: TrialRow) -> str:
        pace = state.paces.get(row.trial) if state else None
        planned = row.planned_epochs or moment.epochs
        within = pace.share if pace and pace.epoch == row.epochs + 1 else 0.0
        return bar((row.epochs + within) / planned, 12)

    def curve(row: TrialRow) -> str:
        planned = row.planned_epochs or moment.epochs
        return _sparkline(row.curve, low, high, planned)

    def trial(row: TrialRow) -> str:
        if row.origin == FINAL:
            return "final"
        return f"{PROMOTED if row.promotions else ''}#{row.trial}"

    def stands(row: TrialRow) -> str:
        if row.origin == FINAL:
            return f"#{row.trial}'s recipe"
        place = moment.standing(row)
        unit = moment.unit
        return f"{place} at {unit} {row.epochs}" if place else f"first {unit}"

    def speed(row: TrialRow) -> str:
        pace = state.paces.get(row.trial) if state else None
        return f"{pace.images_per_second:.0f}/s" if pace else ""

    return (
        _column("trial", "trial", 5, trial, None, right=True, priority=10),
        _column("epoch", moment.unit, max(5, wide), epoch, None, right=True,
               priority=9),
        _column("progress", "", 12, progress, None, priority=8,
               style=lambda _: "running"),
        _column("val", "val", 6, lambda r: accuracy(r.curve[-1] if r.curve else None),
               None, right=True, priority=9),
        _column("curve", "curve", CURVE, curve, None, priority=6),
        _column("standing", "stands", 22, stands, None, priority=7),
        _column("parameters", "params", 7, lambda r: count(r.parameters), None,
               right=True, priority=4),
        _column("speed", "images", 7, speed, None, right=True, priority=3),
        _column("settings", "settings", 10, _settings, None, priority=2, stretch=True),
    )  # fmt: skip


@lru_cache(maxsize=1000)
def _sparkline(curve: tuple[float, ...], low: float, high: float, epochs: int) -> str:
    return dots(curve, CURVE, low, high, epochs, ascii_only=ASCII_ONLY)


def _column(
    name: str,
    title: str,
    width: int,
    text: Callable[[TrialRow], str],
    key: Callable[[TrialRow], Any] | None,
    **more: Any,
) -> Column[TrialRow]:
    return Column(name=name, title=title, width=width, text=text, key=key, **more)


def fields(row: TrialRow) -> dict[str, object]:
    """What a filter may ask about a trial."""
    return {
        **row.params,
        "trial": row.trial,
        "status": row.status,
        "val_accuracy": row.val_accuracy,
        "epochs": row.epochs,
        "parameters": row.parameters,
        "seconds": row.seconds,
        "reason": row.reason,
    }


def scale(moment: Moment) -> tuple[float, float]:
    """Say between which accuracies all sparklines run."""
    top = moment.ranked[0].val_accuracy if moment.ranked else None
    if moment.lowest is None or top is None:
        return 0.0, 1.0
    return moment.lowest, max(top, moment.lowest + 0.01)


def _status(row: TrialRow) -> str:
    return f"{SIGNS.get(row.status, ' ')} {row.status}"


def _epochs(row: TrialRow) -> str:
    planned = f"/{row.planned_epochs}" if row.planned_epochs else ""
    return f"{row.epochs}{planned}"


def _settings(row: TrialRow) -> str:
    return leaderboard.key_settings(dict(row.params))
