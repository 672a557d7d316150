"""Events as JSON, one object a line, on standard output."""

import json
import sys

from autocnn import events
from autocnn.events import Event


def write(event: Event) -> None:
    """Write one event, at once."""
    told = {
        name: None if value != value else value  # JSON knows no "not a number"
        for name, value in events.to_dict(event).items()
    }
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stdout.flush()
