"""Events as JSON, one object a line, on standard output."""

import json
import sys

from autocnn import events
from autocnn.events import Event
from autocnn.names import printable


def write(event: Event) -> None:
    """Write one event, at once."""
    told = {
        name: None if value != value else value  # JSON knows no "not a number"
        for name, value in events.to_dict(event).items()
    }
    # JSON itself has escapes for all that must not reach a terminal.
    sys.stdout.write(printable(json.dumps(told, ensure_ascii=False)) + "\n")
    sys.stdout.flush()
