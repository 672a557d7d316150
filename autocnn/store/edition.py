"""The form of what autocnn keeps in a study: one that is too new is not guessed at."""

from collections.abc import Mapping
from typing import Any

from autocnn import __version__
from autocnn.errors import StudyError

EDITION = "autocnn:edition"
KNOWN = 1
"""Goes up when an older release would misunderstand what a newer one writes."""


def check_edition(name: str, attributes: Mapping[str, Any]) -> None:
    """Raise StudyError if a newer release wrote the study, in a form not known here."""
    found = attributes.get(EDITION, KNOWN)
    if isinstance(found, int) and found <= KNOWN:
        return
    raise StudyError(
        f"study '{name}' was written by a newer autocnn, in a form that autocnn "
        f"{__version__} does not know (edition {found}, known: {KNOWN})",
        hint="upgrade autocnn: pip install --upgrade autocnn; any Optuna tool opens it",
    )
