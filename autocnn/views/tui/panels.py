"""The panels, in the order of their digits. To add one, write its file and its line."""

from collections.abc import Sequence

from autocnn.views.tui.curves import Curves
from autocnn.views.tui.importance import Importance
from autocnn.views.tui.log import Log
from autocnn.views.tui.overview import Overview
from autocnn.views.tui.panel import Panel
from autocnn.views.tui.space import Space

PANELS: Sequence[tuple[str, str, type[Panel]]] = (
    ("overview", "Overview", Overview),
    ("curves", "Curves", Curves),
    ("importance", "Importance", Importance),
    ("space", "Space", Space),
    ("log", "Log", Log),
)
