"""Optuna's own figures of plotly, in the report's looks."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from optuna.distributions import BaseDistribution

from autocnn.store.rows import TrialRow
from autocnn.views.tui.weighed import as_study

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_SLICES, MOST_AXES = 4, 6
MOST_LINES = 100
HEIGHT = 360
TARGET = "validation accuracy"
SCALE = [[0.0, "#8b98a6"], [0.6, "#4f9bcf"], [1.0, "#e08214"]]
"""From gray over blue to orange: seen on light and dark, and by color-blind people."""

Distributions = Mapping[str, BaseDistribution]


def slices(
    rows: Sequence[TrialRow], distributions: Distributions, names: list[str]
) -> str:
    """Plot accuracy against each parameter's values, as JSON."""
    from optuna.visualization import plot_slice

    figure = plot_slice(
        as_study(rows, distributions), params=names[:MOST_SLICES], target_name=TARGET
    )
    figure.update_traces(
        marker={
            "colorscale": SCALE,
            "line": {"width": 0},
            "opacity": 0.8,
            "showscale": False,
            "size": 7,
        }
    )
    figure.update_layout(yaxis={"tickformat": ".0%"})
    return _finished(figure)


def parallels(
    rows: Sequence[TrialRow], distributions: Distributions, names: list[str]
) -> str:
    """Plot trials as lines through their values, as JSON; the best lie on top."""
    from optuna.visualization import plot_parallel_coordinate
    from plotly.colors import sample_colorscale

    best = sorted(rows, key=lambda row: row.val_accuracy or 0.0)[-MOST_LINES:]
    figure = plot_parallel_coordinate(
        as_study(best, distributions),
        params=names[:MOST_AXES],
        target=lambda trial: 100 * (trial.value or 0.0),
        target_name="accuracy in %",
    )
    *lines, scale = figure.data
    shares = [place / max(1, len(lines) - 1) for place in range(len(lines))]
    for line, color in zip(lines, sample_colorscale(SCALE, shares), strict=True):
        line.line.color = color
    scale.marker.showscale = False
    figure.update_xaxes(showline=False)
    return _finished(figure)


def _finished(figure: "Figure") -> str:
    """Take off what the page says itself, and leave colors to it."""
    figure.update_layout(
        title=None,
        width=None,
        height=HEIGHT,
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 60, "r": 20, "t": 20, "b": 60},
    )
    document: dict[str, Any] = json.loads(figure.to_json())
    kept = {name: document[name] for name in ("data", "layout")}
    return json.dumps(_unquoted(kept), ensure_ascii=False, separators=(",", ":"))


def _unquoted(value: Any) -> Any:
    """Take the quotes off words: Optuna writes choices as Python does."""
    match value:
        case dict():
            return {name: _unquoted(each) for name, each in value.items()}
        case list():
            return [_unquoted(each) for each in value]
        case str() if len(value) > 1 and value[0] == value[-1] == "'":
            return value[1:-1]
        case _:
            return value
