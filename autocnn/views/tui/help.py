"""What keys do and signs mean, read from the widgets' own bindings."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.table import Table as Grid
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from autocnn.views.tui.actions import LEAVE, Actions
from autocnn.views.tui.header import PROMOTED, SIGNS
from autocnn.views.tui.overview import Overview
from autocnn.views.tui.table import Table

GROUPS: Mapping[str, str] = {
    "panel": "screens",
    "table": "move",
    "curves": "move",
    "log": "move",
    "log.filter": "look",
    "log.clear": "look",
    "trial.better": "move",
    "replay": "act",
    "search": "act",
    "study": "act",
    "trial": "act",
    "app.leave": "act",
}
"""Of a binding, by its id or by the part before the dot; all others are to look."""
ORDER = ("search", "trial", "replay", "study", "app")
"""Of the parts before the dot, in which keys that act are listed."""


@dataclass(slots=True)
class Entry:
    """What some keys do."""

    name: str
    keys: list[str]
    part: str
    about: str
    """What the action says of itself."""


class HelpScreen(ModalScreen[None]):
    """All keys in groups; any of escape, ? and q goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q,enter", "dismiss", "Back", id="help.back"),
    ]

    def __init__(self, shown: DOMNode, focused: DOMNode | None) -> None:
        """`shown` is the panel or the screen that help is asked of."""
        super().__init__()
        self._shown, self._focused = shown, focused

    def compose(self) -> ComposeResult:
        """Put what moves and looks beside what acts."""
        app = self.app
        assert isinstance(app, Actions)
        kinds = [type(each) for each in (self._focused, self._shown) if each]
        found = groups(
            type(app), [*kinds, Overview, Table, Screen], app.get_key_display
        )
        screens = "  ".join(f"{each.keys[0]} {each.name}" for each in found["screens"])
        names: dict[str, list[str]] = {}
        for name, sign in SIGNS.items():
            names.setdefault(sign, []).append(name)
        signs = "  ".join(f"{sign} {', '.join(each)}" for sign, each in names.items())
        with VerticalScroll(classes="help") as sheet:
            sheet.border_title, sheet.border_subtitle = "help", "esc: back"
            yield Static(_heading("leave", leaving(app)))
            yield Static(_heading("screens", screens))
            with Horizontal():
                with Vertical(id="moves"):
                    yield Static(_heading("move"))
                    yield Static(_grid(found["move"], about=False))
                    yield Static(_heading("look"))
                    yield Static(_grid(found["look"], about=False))
                with Vertical(id="acts"):
                    yield Static(_heading("act"))
                    yield Static(_grid(found["act"], about=True))
            yield Static(_heading("signs", f"{signs}  {PROMOTED} promoted  * best"))


def groups(
    app: type, kinds: Sequence[type], display: Callable[[Binding], str]
) -> Mapping[str, Sequence[Entry]]:
    """Read the keys of the app and of classes of widgets, sorted into groups.

    A key that means something in the first of the classes is not told of the others.
    """
    found: dict[str, list[Entry]] = {"screens": [], "move": [], "look": [], "act": []}
    known: dict[str, Entry] = {}
    taken = {each.key for each in bindings(app) if each.priority}
    for kind, binding in (
        (each, binding) for each in (app, *kinds) for binding in bindings(each)
    ):
        if kind is not app and binding.key in taken:
            continue
        taken.add(binding.key)
        name, key = binding.description, display(binding)
        if name and name not in known:
            owner = app if binding.action.startswith("app.") else kind
            part = (binding.id or "table").partition(".")[0]
            known[name] = Entry(name, [], part, about(owner, binding.action))
            group = GROUPS.get(binding.id or "", GROUPS.get(part, "look"))
            found[group].append(known[name])
        if name and key not in known[name].keys:
            known[name].keys.append(key)
    found["act"].sort(key=lambda entry: ORDER.index(entry.part))
    return found


def bindings(kind: type) -> Iterable[Binding]:
    """List what the keys of a class do, one binding for each key."""
    found: dict[str, Binding] = {}
    for each in reversed(kind.__mro__):
        # Of what Textual brings along only what goes from widget to widget is told.
        if each.__module__.startswith("autocnn.") or kind is Screen is each:
            for binding in Binding.make_bindings(vars(each).get("BINDINGS", ())):
                found[binding.key] = binding
    return [each for each in found.values() if "copy_text" not in each.action]


def about(kind: type, action: str) -> str:
    """Take the first clause of an action's docstring."""
    name = action.partition("(")[0].removeprefix("app.")
    told = getattr(kind, f"action_{name}", None)
    clause = re.split(r"[.,;]", ((told and told.__doc__) or "").strip())[0]
    return clause[:1].lower() + clause[1:]


def leaving(app: Actions) -> str:
    """Say how to leave without stopping the search."""
    study = f" {app.moment.study.name}" if app.moment else ""
    if not app.alive:
        return f"q leaves; back: autocnn watch{study}"
    first = LEAVE[0][0]
    return f"q then {first} leaves, the search goes on; back: autocnn watch{study}"


def _heading(title: str, text: str = "") -> Text:
    return Text.assemble((title, "bold underline"), f"  {text}" if text else "")


def _grid(entries: Sequence[Entry], *, about: bool) -> Grid:
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    for entry in entries:
        what = f"{entry.name}: {entry.about}" if about and entry.about else entry.name
        grid.add_row(Text(" ".join(entry.keys), "bold"), what)
    return grid
