"""The two lines above every screen: which study, how far, how well, how alive."""

import os

from rich.cells import set_cell_size
from textual.content import Content
from textual.widgets import Static

from autocnn.views.tables import duration, score, size
from autocnn.views.tui.last import leads
from autocnn.views.tui.moment import Moment, elapsed

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
GONE = ("ENDED", "STOPPED", "NOT RUNNING", "NO SIGN")
"""How a life begins that no driver leads any more."""
STANDS_STILL = (*GONE, "PAUSED", "STORAGE LOCKED")
"""And of a search of which nobody knows when it will end."""
ROOMY = 100
"""Columns from which on the second line says everything at its length."""
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
            goes_on = not self._life.startswith(STANDS_STILL)
            machine = "" if self._life.startswith(GONE) else _machine(self._moment)
            first = _fit(*_identity(self._moment), self._life, width)
            progress = _progress(self._moment, goes_on=goes_on, short=width < ROOMY)
            second = _fit(*progress, machine, width)
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
        at_once = f"{state.jobs} at once on " if state.jobs else ""
        parts.append(f"{at_once}{state.device}")
    return f" autocnn {moment.study.name}", parts


def _progress(moment: Moment, *, goes_on: bool, short: bool) -> tuple[str, list[str]]:
    """Say how well and how far; what is most worth knowing comes first."""
    best, state = moment.best, moment.study.state
    found = "no score yet"
    if best is not None:
        images = moment.study.config.get("val_images")
        final = leads(moment.study, best)
        top, name = (best, "best") if final is None else (final, "final")
        found = f"{name} {score(top.val_accuracy, top.val_standard_error)} #{top.trial}"
        if images and not short:
            found += f" ({images} val images)"
    share, times = moment.share, elapsed(moment)
    if state is not None and state.seconds_left is not None and goes_on:
        times += f", about {duration(state.seconds_left)} left"
    if share is None:
        parts = [times]
    else:
        parts = [f"{share:.0%}" if short else f"{bar(share, 12)} {share:.0%}", times]
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
