"""What keys do to the search: each asks first if it cannot be undone, then is sent.

The driver's answer comes with a later reading of the study and is shown.
"""

import threading
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from autocnn.errors import AutocnnError
from autocnn.store.command import Command
from autocnn.store.rows import TrialRow
from autocnn.views.tables import plural
from autocnn.views.tui.dialogs import Choose, Edit, ask_number, confirm, read_count
from autocnn.views.tui.extras import Extras
from autocnn.views.tui.feed import LOCKED, Waits
from autocnn.views.tui.header import SIGNS
from autocnn.views.tui.history import requested

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
MOST_JOBS, MOST_TRIALS = 256, 10**6
"""What a driver takes."""
WAIT_SECONDS = 1.0
"""After so long it is said that a request waits."""
HELD = ("paused", "pausing", "stopping")
"""The phases of a search that begins nothing new."""


class Actions(Extras):
    """The part of the app that a person steers with."""

    owned: bool
    trouble: str
    _asked: dict[str, Command]
    _leaving: bool

    KEYS: ClassVar[list[BindingType]] = [
        Binding("space", "resume", "Resume", id="search.resume"),
        Binding("space", "pause", "Pause", id="search.pause"),
        Binding("x", "prune", "Prune", id="trial.prune"),
        Binding("p", "promote", "Promote", id="trial.promote"),
        Binding("m", "mark", "Mark", show=False, id="trial.mark"),
        Binding("c", "compare", "Compare", show=False, id="trial.compare"),
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

    def toggle_mark(self, trial: int) -> None:
        """Mark a trial, to be compared, or take its mark away."""
        raise NotImplementedError

    def open_trials(self, trials: Sequence[int]) -> None:
        """Show one trial in full, or several side by side."""
        raise NotImplementedError

    @property
    def held(self) -> bool:
        """Whether the search begins nothing new, or was asked for that last."""
        if self.moment is None:
            return False
        study = self.moment.study
        open_ = [each.operation for each in study.commands if each.answer is None]
        if asked := [each for each in open_ if each in {"pause", "resume"}]:
            return asked[-1] == "pause"
        return study.state is not None and study.state.phase in HELD

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let a key, and the footer, mean what can be done now."""
        if action in {"pause", "resume"}:
            return self.held == (action == "resume")
        return super().check_action(action, parameters)

    @property
    def idle(self) -> Collection[str]:
        """The actions that would only say why they cannot be: no key is named."""
        row = self.target
        status = row.status if row else ""
        applies = {
            "pause": True,
            "resume": True,
            "prune": status in PRUNABLE,
            "promote": status == "paused",
            "enqueue": row is not None and bool(row.params),
        }
        return {action for action, good in applies.items() if self.closed or not good}

    def action_pause(self) -> None:
        """Start no more trials, or start them again."""
        self.ask("pause")

    def action_resume(self) -> None:
        """Start trials again."""
        self.ask("resume")

    def action_prune(self) -> None:
        """Give the chosen trial up."""
        row = self.target
        if row is None or row.status not in PRUNABLE:
            advice = "choose a running one (on screen 1, tab goes to them)"
            self._refuse(row, f"{advice} or a paused one")
            return
        if not self.open_to_requests():
            return
        meaning = f"it is told PRUNED, and {PRUNABLE[row.status]}"
        unit = self.moment.unit if self.moment else "epoch"
        question = f"Prune trial {row.trial} after {plural(row.epochs, unit)}?"

        def prune(answer: str | None) -> None:
            if answer == "yes":
                self.ask("prune", trial=row.trial)

        self.push_screen(confirm(question, meaning), prune)

    def action_mark(self) -> None:
        """Mark the chosen trial, to be compared, or take its mark away."""
        if self.target is None:
            advice = "choose one on screen 1 (overview) or 2 (curves)"
            self._refuse(None, advice)
            return
        self.toggle_mark(self.target.trial)

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

    def action_enqueue(self) -> None:
        """Edit a copy of the chosen trial's values and have it trained next."""
        row = self.target
        if row is None or not row.params or self.moment is None:
            self.notify("no trial with drawn values is chosen", severity="warning")
            return
        if not self.open_to_requests():
            return
        title = f"An edited copy of trial {row.trial}, to be trained next"
        edit = Edit(title, row.params, self.moment.study.distributions)

        def enqueue(values: dict[str, Any] | None) -> None:
            if values is not None:
                self.ask("enqueue", trial=row.trial, params=values)

        self.push_screen(edit, enqueue)

    def action_jobs(self) -> None:
        """Change how many train at once."""
        if not self.open_to_requests():
            return
        state = self.moment.study.state if self.moment else None
        now = f"{state.jobs}" if state else "1"
        hint = f"a number from 1 to {MOST_JOBS}"
        question = "How many trials at once?"
        asked = ask_number(question, now, hint, MOST_JOBS)
        self.push_screen(asked, lambda count: self._ask_count("jobs", count))

    def action_trials(self) -> None:
        """Change how many trials the study is to reach."""
        if not self.open_to_requests():
            return
        total = self.moment.total if self.moment else 0
        limited = self.moment is None or self.moment.bounded
        now = f"{total} now" if limited else f"no limit now, {total} begun"
        hint = f"{now}; write a total, or +20 for 20 more"
        asked = ask_number("How many trials in all?", "+20", hint, MOST_TRIALS, total)
        self.push_screen(asked, lambda count: self._ask_count("trials", count, total))

    def _ask_count(self, operation: str, answer: str | None, total: int = 0) -> None:
        if answer is not None:
            self.ask(operation, count=read_count(answer, total))

    def action_stop(self) -> None:
        """Stop the search, gently or at once."""
        if not self.open_to_requests():
            return
        answers = [
            ("f", "finish", "end when the running trials have ended"),
            ("s", "stop", "end now; unfinished trials go on another time"),
            ("n", "", "no, go on"),
        ]

        def stop(chosen: str | None) -> None:
            if chosen:
                self.ask(chosen)

        self.push_screen(Choose("Stop the search?", answers), stop)

    def action_leave(self) -> None:
        """Leave this screen; the search need not end with it."""
        if not self.alive:
            self.exit(None)
            return

        def leave(chosen: str | None) -> None:
            if chosen == "detach":
                self.exit("detach")
            elif chosen:
                self.ask(chosen)
                self._leaving = True
                text = "leaving when it has ended; q then d leaves now"
                self.notify(text, timeout=20)

        self.push_screen(Choose("Leave?", LEAVE), leave)

    @work(thread=True, group="ask", exit_on_error=False)
    def ask(self, operation: str, **details: Any) -> None:
        """Write a request into the study, off the screen."""
        if closed := self.closed:
            self.call_from_thread(self.notify, closed, severity="warning")
            return
        waits = threading.Timer(WAIT_SECONDS, self._say_it_waits)
        waits.daemon = True
        try:
            waits.start()
            command = self.feed.send(operation, **details)
        except AutocnnError as error:
            self.call_from_thread(self.notify, error.problem, severity="error")
            return
        finally:
            waits.cancel()
        self._asked[command.id] = command
        text = f"asked to {requested(command)}"
        if not self.alive:
            text += "; but it gives no sign of life: if it has died, autocnn search"
            text += " goes on with the study"
        self.call_from_thread(self.notify, text, timeout=3)

    def _say_it_waits(self) -> None:
        what = f"is {LOCKED}" if self.feed.locked() else "does not answer yet"
        self.post_message(Waits(f"the storage {what}; your request waits"))

    def on_waits(self, message: Waits) -> None:
        """Say why nothing is seen of a request."""
        self.notify(message.text, severity="warning")

    @property
    def closed(self) -> str:
        """Say why nothing can be asked of the search; nothing if it can be."""
        if self.trouble and LOCKED not in self.trouble:
            return f"nothing can be asked of the search: {self.trouble}"
        state = self.moment.study.state if self.moment else None
        if state is None or state.phase == "ended":
            return "no search is running on this study; autocnn search goes on with it"
        return ""

    def open_to_requests(self) -> bool:
        """Say at once, before anything is filled in, if nothing can be asked."""
        if closed := self.closed:
            self.notify(closed, severity="warning")
        return not closed

    def hear_answers(self, commands: Sequence[Command]) -> None:
        """Show what became of the requests that were sent from here."""
        for command in commands:
            if command.answer is not None and command.id in self._asked:
                del self._asked[command.id]
                severity = "information" if command.done else "error"
                self.notify(command.answer, severity=severity)  # type: ignore[arg-type]
