"""The two lines above every screen: which study, how far, how well, how alive."""

import os

from rich.cells import set_cell_size
from textual.content import Content
from textual.widgets import Static

from autocnn.store.state import BEAT_SECONDS
from autocnn.views.tables import duration, score, size
from autocnn.views.tui.moment import Moment, elapsed

STALE_SECONDS = 5 * BEAT_SECONDS
ASCII_ONLY = os.environ.get("TERM") == "linux"
"""Whether the terminal's font has letters only, as the Linux console's."""
SIGNS = {
    "complete": "●",
    "pruned": "⊘",
    "failed": "×",
    "running": "▸",
    "interrupted": "‖",
    "paused": "‖",
    "waiting": "…",
}
"""Of each status; single-width in all terminals."""
PROMOTED = "^" if ASCII_ONLY else "↑"
"""Beside a running trial that went on after a pause."""
if ASCII_ONLY:
    SIGNS = dict(zip(SIGNS, "DPFRIIQ", strict=True))


class Header(Static):
    """Drawn anew once a second, for the clocks in it."""

    def __init__(self) -> None:
        super().__init__()
        self._moment: Moment | None = None
        self._life = ""
        self._trouble = ""

    def show(self, moment: Moment | None, life: str, trouble: str) -> None:
        """Take in what is known now; `life` says whether the driver lives."""
        self._moment, self._life, self._trouble = moment, life, trouble
        self._draw()

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self._draw()

    def _draw(self) -> None:
        width = self.size.width or 80
        if self._moment is None:
            first, second = " autocnn", f" {self._trouble or 'reading the study ...'}"
        else:
            first = _fit(*_identity(self._moment), self._life, width)
            second = _fit(*_progress(self._moment), _machine(self._moment), width)
        if self._trouble and self._moment is not None:
            second = " " + self._trouble
        style = "$error" if self._trouble else "$text"
        content = Content.assemble(
            (set_cell_size(first, width), "bold"),
            "\n",
            (set_cell_size(second, width), style),
        )
        replace(self, content)


def replace(line: Static, content: Content) -> None:
    """Draw a line anew if it has changed; its size stays.

    Laying the whole screen out for it, as usual, would be dear.
    """
    before = line.content
    if not (isinstance(before, Content) and content.is_same(before)):
        line.update(content, layout=False)


def _fit(left: str, more: list[str], right: str, width: int) -> str:
    """Put as many parts on a line as fit, the last one at its right end."""
    line = left
    for part in more:
        if len(line) + len(part) + len(right) + 5 <= width:
            line += f" │ {part}"
    return line + " " * max(1, width - len(line) - len(right) - 1) + right


def _identity(moment: Moment) -> tuple[str, list[str]]:
    config, state = moment.study.config, moment.study.state
    found = dict(moment.counts)
    counts = " ".join(f"{SIGNS[name]}{found[name]}" for name in SIGNS if name in found)
    total = f"/{moment.total}" if moment.bounded else ""
    parts = [f"{moment.finished}{total} trials {counts}"]
    if config.get("data"):
        parts.append(f"{config['data']}")
    if config.get("sampler"):
        pruner = f" + {config['pruner']}" if config.get("pruner") else ""
        parts.append(f"{config['sampler']}{pruner}")
    if state is not None:
        parts.append(f"{state.jobs} at once on {state.device}")
    return f" autocnn {moment.study.name}", parts


def _progress(moment: Moment) -> tuple[str, list[str]]:
    best, state = moment.best, moment.study.state
    found = "no score yet"
    if best is not None:
        images = moment.study.config.get("val_images")
        found = (
            f"best {score(best.val_accuracy, best.val_standard_error)} #{best.trial}"
        )
        if images:
            found += f" ({images} val images)"
    share = moment.share
    parts = [f"{bar(share, 12)} {share:.0%}", elapsed(moment)]
    if state is not None and state.seconds_left is not None:
        parts[-1] += f", about {duration(state.seconds_left)} left"
    if state is not None and (hours := (state.seconds + state.earlier_seconds) / 3600):
        parts.append(f"{moment.finished / hours:.0f} trials/h")
    if state is not None and state.checkpoint_bytes:
        parts.append(f"checkpoints {size(state.checkpoint_bytes)}")
    return f" {found}", parts


def _machine(moment: Moment) -> str:
    load = moment.study.state.load if moment.study.state else None
    if load is None:
        return ""
    text = f"CPU {load.cpu:.0%} mem {load.memory / 2**30:.1f}/"
    text += f"{load.memory_total / 2**30:.0f}G"
    if load.device_memory_total:
        used, total = load.device_memory, load.device_memory_total
        text += f" GPU {used / 2**30:.1f}/{total / 2**30:.0f}G"
    return text


def bar(share: float, width: int) -> str:
    """Draw a share as a bar of eighths of cells."""
    if ASCII_ONLY:
        return ("#" * round(min(1.0, max(0.0, share)) * width)).ljust(width, ".")
    eighths = round(min(1.0, max(0.0, share)) * width * 8)
    full, rest = divmod(eighths, 8)
    part = " ▏▎▍▌▋▊▉"[rest].strip()
    return ("█" * full + part).ljust(width, "·")
