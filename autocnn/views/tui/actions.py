"""What keys do to the search: each asks first if it cannot be undone, then is sent.

The driver's answer comes with a later reading of the study and is shown.
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType

from autocnn.errors import AutocnnError
from autocnn.store.command import OPERATIONS, Command
from autocnn.store.rows import TrialRow
from autocnn.views.tui.dialogs import Ask, Choose, Edit, confirm
from autocnn.views.tui.feed import Feed
from autocnn.views.tui.header import SIGNS
from autocnn.views.tui.moment import Moment

LEAVE = (
    ("d", "detach", "leave; the search goes on (autocnn watch comes back)"),
    ("f", "finish", "leave; the search ends when the running trials have ended"),
    ("s", "stop", "stop the search now; the same command goes on later"),
    ("c", "", "stay here"),
)
PRUNABLE = {
    "running": "its worker takes another trial",
    "paused": "its checkpoint is deleted",
}
"""What becomes of a trial of each status that can be given up."""


class Actions(App[str | None]):
    """The part of the app that a person steers with."""

    feed: Feed
    owned: bool
    moment: Moment | None
    _asked: dict[str, Command]
    _leaving: bool

    KEYS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Pause", id="search.pause"),
        Binding("x", "prune", "Prune", id="trial.prune"),
        Binding("p", "promote", "Promote", show=False, id="trial.promote"),
        Binding("e", "enqueue", "Edit copy", id="trial.enqueue"),
        Binding("w", "jobs", "Workers", show=False, id="search.jobs"),
        Binding("n", "trials", "More trials", show=False, id="search.trials"),
        Binding("S", "stop", "Stop", show=False, id="search.stop"),
        Binding("E", "export", "Export best", show=False, id="study.export"),
        Binding("D", "dashboard", "Dashboard", show=False, id="study.dashboard"),
        Binding("t", "theme", "Light or dark", show=False, id="app.theme"),
        Binding("f12", "picture", "Picture", show=False, id="app.picture"),
        Binding("colon", "command_palette", "Commands", show=False, id="app.palette"),
        Binding("question_mark,f1", "help", "Help", key_display="?", id="app.help"),
        Binding("q,ctrl+c", "leave", "Quit", key_display="q", id="app.leave"),
    ]

    @property
    def alive(self) -> bool:
        """Whether a driver is there to do what is asked."""
        raise NotImplementedError

    @property
    def target(self) -> TrialRow | None:
        """The trial that keys act on now."""
        raise NotImplementedError

    @property
    def life(self) -> str:
        """Say whether a driver works on the study."""
        raise NotImplementedError

    def open_trials(self, trials: Sequence[int]) -> None:
        """Show one trial in full, or several side by side."""
        raise NotImplementedError

    def action_pause(self) -> None:
        """Start no more trials, or start them again."""
        state = self.moment.study.state if self.moment else None
        paused = state is not None and state.phase in {"paused", "pausing", "stopping"}
        self.ask("resume" if paused else "pause")

    @work(group="dialog")
    async def action_prune(self) -> None:
        """Give the chosen trial up."""
        row = self.target
        running = self.moment.running if self.moment else ()
        if (row is None or row.status not in PRUNABLE) and len(running) == 1:
            row = running[0]
        if row is None or row.status not in PRUNABLE:
            self._refuse(row, "choose a running one (tab goes to them) or a paused one")
            return
        meaning = f"it is told PRUNED, and {PRUNABLE[row.status]}"
        question = f"Prune trial {row.trial} after {row.epochs} epochs?"
        if await self.push_screen_wait(confirm(question, meaning)) == "yes":
            self.ask("prune", trial=row.trial)

    def action_promote(self) -> None:
        """Let a paused trial go on, before anything new is begun."""
        row = self.target
        if row is None or row.status != "paused":
            self._refuse(row, f"choose a paused one ({SIGNS['paused']})")
            return
        self.ask("promote", trial=row.trial)

    def _refuse(self, row: TrialRow | None, advice: str) -> None:
        what = "no trial" if row is None else f"trial {row.trial} ({row.status})"
        self.notify(f"{what} is chosen; {advice}", severity="warning")

    @work(group="dialog")
    async def action_enqueue(self) -> None:
        """Edit a copy of the chosen trial's values and have it trained next."""
        row = self.target
        if row is None or not row.params or self.moment is None:
            self.notify("no trial with drawn values is chosen", severity="warning")
            return
        title = f"An edited copy of trial {row.trial}, to be trained next"
        edit = Edit(title, row.params, self.moment.study.distributions)
        values = await self.push_screen_wait(edit)
        if values is not None:
            self.ask("enqueue", trial=row.trial, params=values)

    @work(group="dialog")
    async def action_jobs(self) -> None:
        """Change how many train at once."""
        state = self.moment.study.state if self.moment else None
        now = f"{state.jobs}" if state else "1"
        count = await self._number("How many trials at once?", now)
        if count:
            self.ask("jobs", count=count)

    @work(group="dialog")
    async def action_trials(self) -> None:
        """Change how many trials the study is to reach."""
        total = self.moment.total if self.moment else 0
        hint = f"{total} now; write a total, or +20 for 20 more"
        count = await self._number("How many trials in all?", "+20", hint, total)
        if count:
            self.ask("trials", count=count)

    @work(group="dialog")
    async def action_stop(self) -> None:
        """Stop the search, gently or at once."""
        answers = [
            ("f", "finish", "end when the running trials have ended"),
            ("s", "stop", "end now; unfinished trials go on another time"),
            ("n", "", "no, go on"),
        ]
        chosen = await self.push_screen_wait(Choose("Stop the search?", answers))
        if chosen:
            self.ask(chosen)

    @work(group="dialog")
    async def action_leave(self) -> None:
        """Leave this screen; the search need not end with it."""
        if not self.alive or not self.owned:
            self.exit(None)
            return
        chosen = await self.push_screen_wait(Choose("Leave?", LEAVE))
        if chosen == "detach":
            self.exit("detach")
        elif chosen:
            self.ask(chosen)
            self._leaving = True
            self.notify("leaving when it has ended; d leaves now", timeout=20)

    @work(group="dialog")
    async def action_export(self) -> None:
        """Copy the best network to where the person wants it."""
        folder: Path | None = getattr(self.feed, "folder", None)
        best = folder / "best" if folder else None
        if best is None or not best.is_dir():
            text = "no network is kept on this machine yet"
            self.notify(text, severity="warning")
            return
        name = self.moment.study.name if self.moment else "network"
        asked = Ask("Copy the best network to which folder?", f"{name}-best")
        answer = await self.push_screen_wait(asked)
        if answer:
            try:
                shutil.copytree(best, answer)
            except OSError as error:
                self.notify(f"{error.strerror}: {answer}", severity="error")
            else:
                self.notify(f"the best network is in {answer}")

    @work(thread=True, group="dashboard", exclusive=True)
    def action_dashboard(self) -> None:
        """Serve optuna-dashboard until this screen is left, and open it."""
        from autocnn.views.dashboard import HOST, make_dashboard

        url = getattr(self.feed, "url", "")
        try:
            server = make_dashboard(url, 0)
        except AutocnnError as error:
            self.call_from_thread(self.notify, error.problem, severity="error")
            return
        address = f"http://{HOST}:{server.server_port}/"
        text = f"{address} while this screen is open"
        self.call_from_thread(self.notify, text, title="dashboard", timeout=20)
        self.call_from_thread(self.open_url, address)
        server.serve_forever()

    def action_theme(self) -> None:
        """Change between light and dark."""
        light = self.theme == "autocnn-light"
        self.theme = "autocnn-dark" if light else "autocnn-light"

    def action_picture(self) -> None:
        """Save what the screen shows as an image."""
        name = self.moment.study.name if self.moment else "screen"
        file = Path(f"autocnn-{name}.svg")
        file.write_text(self.export_screenshot(), encoding="utf-8")
        self.notify(f"saved as {file.resolve()}")

    @work(thread=True, group="ask", exit_on_error=False)
    def ask(self, operation: str, **details: Any) -> None:
        """Write a request into the study, off the screen."""
        state = self.moment.study.state if self.moment else None
        if state is None or state.phase == "ended":
            text = "no search is running on this study; autocnn search goes on with it"
            self.call_from_thread(self.notify, text, severity="warning")
            return
        try:
            command = self.feed.send(operation, **details)
        except AutocnnError as error:
            self.call_from_thread(self.notify, error.problem, severity="error")
            return
        self._asked[command.id] = command
        text = f"asked the search to {OPERATIONS[operation]}"
        if not self.alive:
            text += "; but it gives no sign of life: if it has died, autocnn search"
            text += " goes on with the study"
        self.call_from_thread(self.notify, text, timeout=3)

    def hear_answers(self, commands: Sequence[Command]) -> None:
        """Show what became of the requests that were sent from here."""
        for command in commands:
            if command.answer is not None and command.id in self._asked:
                del self._asked[command.id]
                severity = "information" if command.done else "error"
                self.notify(command.answer, severity=severity)  # type: ignore[arg-type]

    async def _number(
        self, question: str, value: str, hint: str = "", total: int = 0
    ) -> int | None:
        """Ask for a number; with ``+``, it is added to the total."""
        answer = await self.push_screen_wait(Ask(question, value, hint, _no_number))
        if answer is None:
            return None
        return int(answer) + (total if answer.startswith("+") else 0)


def _no_number(text: str) -> str:
    """Say that a text is no number above 0; nothing if it is one."""
    good = re.fullmatch(r"\+?\d{1,6}", text) and int(text) > 0
    return "" if good else f"'{text}' is no number above 0"
