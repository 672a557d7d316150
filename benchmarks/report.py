"""What was measured, and what else the machine did meanwhile."""

import contextlib
import json
import statistics
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

from autocnn.views import tables


@dataclass(frozen=True, slots=True)
class Bar:
    """What a measure must reach, and what would be fine."""

    enough: float
    fine: float
    least: bool = True
    """Whether more is better."""
    unit: str = ""
    what: str = ""


@dataclass(slots=True)
class Measured:
    """One measure, as often as it was taken."""

    values: list[float] = field(default_factory=list)

    def to_dict(self) -> dict[str, float | int]:
        """Write the median and the extremes."""
        return {
            "ratio": round(statistics.median(self.values), 4),
            "min": round(min(self.values), 4),
            "max": round(max(self.values), 4),
            "pairs": len(self.values),
        }


def to_json(measured: Mapping[str, Measured]) -> str:
    """Write all measures as one line."""
    return json.dumps({name: one.to_dict() for name, one in measured.items()})


def write_table(measured: Mapping[str, Measured], bars: Mapping[str, Bar]) -> None:
    """Write all measures on standard output, beside their bars."""
    rows = []
    for name, one in measured.items():
        bar, found = bars[name], one.to_dict()
        median = found["ratio"]
        good = median >= bar.enough if bar.least else median <= bar.enough
        rows.append(
            {
                "measure": name,
                "median": f"{median:.3g}{bar.unit}",
                "min": f"{found['min']:.3g}",
                "max": f"{found['max']:.3g}",
                "pairs": found["pairs"],
                "bar": f"{'>=' if bar.least else '<='} {bar.enough:g}",
                "aim": f"{bar.fine:g}",
                "holds": "yes" if good else "NO",
                "of what": bar.what,
            }
        )
    tables.write(rows, "table", columns=tuple(rows[0]))


class OtherLoad:
    """How many cores processes keep busy that this one has not started."""

    SECONDS = 0.5
    """Between two looks at what runs: as much is missed of a process that ends."""

    def __init__(self) -> None:
        self._own: dict[psutil.Process, float] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._clock = time.monotonic()
        self._before = self.own_seconds()
        self._busy = _busy_seconds()
        threading.Thread(target=self._watch, daemon=True).start()

    def own_seconds(self) -> float:
        """Add up the work of this process and of all it has started, ended or not."""
        me = psutil.Process()
        with self._lock:
            for one in {me, *me.children(recursive=True), *self._own}:
                with contextlib.suppress(psutil.Error):
                    if one.is_running():  # its number may be another's by now
                        times = one.cpu_times()
                        self._own[one] = times.user + times.system
            return sum(self._own.values())

    def cores(self) -> float:
        """Say how many cores others have used since the start, and look no more."""
        self._over.set()
        all_busy = _busy_seconds() - self._busy
        own = self.own_seconds() - self._before
        return max(0.0, (all_busy - own) / (time.monotonic() - self._clock))

    def _watch(self) -> None:
        while not self._over.wait(self.SECONDS):
            self.own_seconds()


def _busy_seconds() -> float:
    """Give the work of all processors; what guests do is in it already."""
    times = psutil.cpu_times()
    idle = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(times) - sum(getattr(times, name, 0.0) for name in idle))
