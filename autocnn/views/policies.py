"""Search policies beside each other: what each had found when."""

from collections.abc import Sequence

from autocnn.views import tables
from autocnn.views.tables import Row


def write(rows: Sequence[Row], form: str) -> None:
    """Write what a comparison came to, a row a policy; the table in percent."""
    shown = [_cells(row) for row in rows] if form == "table" else rows
    tables.write(shown, form)


def _cells(row: Row) -> Row:
    return {
        "policy": row["policy"],
        "recipes": f"{row['recipes']:.0f}",
        **{share: f"{100 * value:.1f}" for share, value in row["best"].items()},
        "mean": f"{100 * row['mean']:.1f}",
        "matches at": f"{row['matches_at']:.2f}",
        "missed": row["missed"],
    }
