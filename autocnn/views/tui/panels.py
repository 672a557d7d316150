"""The panels, in the order of their digits. To add one, write its file and its line."""

from collections.abc import Sequence

from autocnn.views.tui.overview import Overview
from autocnn.views.tui.panel import Panel

PANELS: Sequence[tuple[str, str, type[Panel]]] = (("overview", "Overview", Overview),)
