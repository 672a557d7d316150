"""What was measured, and what else the machine did meanwhile."""

import json
import os
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
    """How many cores other processes keep busy, by Linux's own accounts."""

    def __init__(self) -> None:
        self._ours: set[int] = {os.getpid()}
        self._started = self._read()

    def own(self, pids: Iterable[int]) -> None:
        """Count these processes as ours."""
        self._ours |= set(pids)

    def cores(self) -> float | None:
        """Say how many cores others used since the start; None where nobody tells."""
        now = self._read()
        if now is None or self._started is None:
            return None
        all_busy, own, clock = (a - b for a, b in zip(now, self._started, strict=True))
        return max(0.0, (all_busy - own) / clock) if clock else 0.0

    def _read(self) -> tuple[float, float, float] | None:
        """Seconds of all processors' work, of our work, and of the clock."""
        try:
            fields = Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()
            uptime = float(Path("/proc/uptime").read_text("ascii").split()[0])
        except OSError:
            return None
        ticks = [int(value) for value in fields[1:9]]
        busy = sum(ticks) - ticks[3] - ticks[4]
        own = sum(_ticks(pid) for pid in self._ours)
        second = os.sysconf("SC_CLK_TCK")
        return busy / second, own / second, uptime


def _ticks(pid: int) -> int:
    """Work of a process and of the children it has waited for."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return 0
    return sum(int(value) for value in text.rpartition(")")[2].split()[11:15])
