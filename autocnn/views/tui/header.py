"""The two lines above every screen: which study, how far, how well, how alive."""

import os
import re

from rich.cells import set_cell_size
from textual.content import Content
from textual.widgets import Static

from autocnn.names import printable
from autocnn.views.tables import duration, plural, score, size
from autocnn.views.tui.heading import Part, line
from autocnn.views.tui.last import leads
from autocnn.views.tui.moment import Moment, elapsed

ASCII_ONLY = os.environ.get("TERM") == "linux"
"""Whether the terminal's font has letters only, as the Linux console's."""
SIGNS = {
    "complete": "●",
    "pruned": "⊘",
    "failed": "×",
    "running": "▸",
    "interrupted": "■",
    "paused": "‖",
    "waiting": "…",
}
"""Of each status; single-width in all terminals."""
GONE = ("ENDED", "STOPPED", "NOT RUNNING", "NO SIGN")
"""How a life begins that no driver leads any more."""
STANDS_STILL = (*GONE, "PAUSED", "STORAGE LOCKED")
"""And of a search of which nobody knows when it will end."""
KNOWN = r"NVIDIA|AMD|GeForce|Tesla|Quadro|\d+GB|HBM\w+|PCI[eE]|SXM\d?"
"""Words in a device's name that tell nobody which of them it is."""
PROMOTED = "^" if ASCII_ONLY else "↑"
"""Beside a running trial that went on after a pause."""
if ASCII_ONLY:
    SIGNS = dict(zip(SIGNS, "DPFRIHQ", strict=True))


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
            gone = self._life.startswith(GONE)
            machine = {} if gone else _machine(self._moment)
            first = line(_identity(self._moment), {9: self._life}, width)
            second = line(_progress(self._moment, goes_on=goes_on), machine, width)
        if self._trouble and self._moment is not None:
            second = " " + printable(self._trouble)
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


def _identity(moment: Moment) -> list[Part]:
    """Say what is searched, how far it is, and what on."""
    config, state = moment.study.config, moment.study.state
    found, title = dict(moment.counts), printable(moment.study.name)
    counts = " ".join(f"{SIGNS[name]}{found[name]}" for name in SIGNS if name in found)
    total = f"/{moment.total}" if moment.bounded else ""
    trials = plural(moment.finished, "trial")
    if total:
        trials = f"{moment.finished}{total} trials"
    if moment.study.unread:
        trials, counts = f"reading {moment.total} trials", "..."
    parts: list[Part] = [{9: f"autocnn {title}"}, {8: trials, 6: f"{trials} {counts}"}]
    if config.get("data", moment.study.name) != moment.study.name:
        parts.append({5: printable(str(config["data"]))})
    if config.get("sampler"):
        pruner = f" + {config['pruner']}" if config.get("pruner") else ""
        parts.append({4: f"{config['sampler']}{pruner}"})
    if state is not None:
        device = brief(state.device)
        some = f"{state.jobs} on " if state.jobs else ""
        all_of_it = f"{state.jobs} at once on " * bool(state.jobs) + state.device
        parts.append({7: some + device, 3: all_of_it})
    return parts


def brief(device: str) -> str:
    """NVIDIA H100 80GB HBM3 to ``H100``: what tells devices apart."""
    words = [w for w in re.split("[ -]", device) if not re.fullmatch(KNOWN, w)]
    return " ".join(words) or device


def _progress(moment: Moment, *, goes_on: bool) -> list[Part]:
    """Say how well and how far."""
    best, state = moment.best, moment.study.state
    found: Part = {9: "no score yet"}
    if best is not None:
        final, config = leads(moment.study, best), moment.study.config
        images = config.get("val_images")
        if final is not None and moment.study.final is not None:
            images = moment.study.final.judged_by(config)
        top, name = (best, "best") if final is None else (final, "final")
        text = f"{name} {score(top.val_accuracy, top.val_standard_error)} #{top.trial}"
        found = {9: text} | ({2: f"{text} ({images} val images)"} if images else {})
    parts, share, times = [found], moment.share, {7: elapsed(moment)}
    if state is not None and state.seconds_left is not None and goes_on:
        left = f"{duration(state.seconds_left)} left"
        times = {7: left, 5: f"{times[7]}, {left}", 4: f"{times[7]}, about {left}"}
    if share is not None:
        parts.append({8: f"{share:.0%}", 3: f"{bar(share, 12)} {share:.0%}"})
    parts.append(times)
    if moment.study.unread:
        return parts
    if state is not None and (hours := (state.seconds + state.earlier_seconds) / 3600):
        rate = f"{moment.finished / hours:.0f}"
        parts.append({6: f"{rate}/h", 4: f"{rate} trials/h"})
    if state is not None and state.checkpoint_bytes:
        parts.append({3: f"checkpoints {size(state.checkpoint_bytes)}"})
    return parts


def _machine(moment: Moment) -> Part:
    """Say how busy it is, by what is likeliest to be the limit."""
    load = moment.study.state.load if moment.study.state else None
    if load is None:
        return {}
    used, total = load.memory / 2**30, f"/{load.memory_total / 2**30:.0f}G"
    cpu = f"CPU {load.cpu:.0%}"
    short, long = f"{cpu} mem {used:.0f}{total}", f"{cpu} mem {used:.1f}{total}"
    if load.device_memory_total:
        used = load.device_memory / 2**30
        total = f"/{load.device_memory_total / 2**30:.0f}G"
        short, long = f"{cpu} GPU {used:.0f}{total}", f"{long} GPU {used:.1f}{total}"
    return {5: short, 2: long}


def bar(share: float, width: int) -> str:
    """Draw a share as a bar of eighths of cells."""
    if ASCII_ONLY:
        return ("#" * round(min(1.0, max(0.0, share)) * width)).ljust(width, ".")
    eighths = round(min(1.0, max(0.0, share)) * width * 8)
    full, rest = divmod(eighths, 8)
    part = " ▏▎▍▌▋▊▉"[rest].strip()
    return ("█" * full + part).ljust(width, "·")
