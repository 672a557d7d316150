"""What can be shown, by name: a panel, or a screen over the panels."""

import re

from autocnn.errors import RequestError, did_you_mean
from autocnn.views.tui.panels import PANELS

DETAILS = {"trial": r"trial:(\d+)", "compare": r"compare:(\d+(?:,\d+)+)"}


def read_screen(name: str) -> tuple[str, list[int]]:
    """Take ``trial:17`` apart: the screen and the trials that it is about.

    RequestError if nothing answers to the name.
    """
    for kind, pattern in DETAILS.items():
        if match := re.fullmatch(pattern, name):
            return kind, [int(number) for number in match[1].split(",")]
    names = [panel for panel, _, _ in PANELS]
    if name not in names:
        raise RequestError(
            f"there is no screen '{name}'",
            hint=did_you_mean(name, [*names, "trial:N", "compare:N,M"]),
        )
    return name, []
