"""Events as JSON, one object a line, on standard output."""

import json
import sys

from autocnn import events
from autocnn.events import Event


def write(event: Event) -> None:
    """Write one event, at once."""
    sys.stdout.write(json.dumps(events.to_dict(event), ensure_ascii=False) + "\n")
    sys.stdout.flush()
