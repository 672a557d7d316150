"""Numbers as people write them: 1.25 M, 2m30s, 3rd, 2 epochs; and read back."""

import math
import re

SIZES = {"k": 1e3, "m": 1e6, "g": 1e9}
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def count(value: float | None) -> str:
    """1250858 to ``1.25 M``."""
    if value is None:
        return "-"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:g}"


def duration(seconds: float | None) -> str:
    """150 to ``2m30s``."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"


def milliseconds(seconds: float | None) -> str:
    """0.0123 to ``12.3 ms``."""
    return "-" if seconds is None else f"{1000 * seconds:.3g} ms"


def size(number: float) -> str:
    """1288490188 bytes to ``1.29 GB``."""
    units = ("B", "kB", "MB", "GB")
    for unit in units:
        if number < 1000 or unit == units[-1]:
            break
        number /= 1000
    return f"{float(f'{number:.3g}'):g} {unit}"


def plural(number: int, what: str) -> str:
    """1 to ``1 epoch``, 3 to ``3 epochs``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def ordinal(number: int) -> str:
    """1 to ``1st``, 12 to ``12th``, 23 to ``23rd``."""
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}" + {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def read_count(text: str) -> int:
    """``1.5M`` to 1500000; ValueError if it is no whole number from 1 up."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?)", text.strip().lower())
    if found is None:
        raise ValueError(text)
    value = float(found[1]) * SIZES.get(found[2], 1.0)
    if value < 1 or not math.isclose(value, round(value)):
        raise ValueError(text)
    return round(value)


def read_duration(text: str, *, unit: str = "s") -> float:
    """``2h30m`` to 9000 seconds; a number alone is in `unit`; ValueError if neither."""
    text = text.strip().lower()
    number, units = r"\d+(?:\.\d+)?", "|".join(UNITS)
    if re.fullmatch(number, text):
        text += unit
    if not re.fullmatch(rf"(?:{number}(?:{units}))+", text):
        raise ValueError(text)
    parts = re.findall(rf"({number})({units})", text)
    return sum(float(value) * UNITS[name] for value, name in parts)
