"""The loop of a search: ask, give to a worker, listen, judge, tell.

The driver alone writes to the study. All it knows is in the study and in checkpoints,
so it may die at any moment and another goes on.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import optuna
from optuna.trial import TrialState

from autocnn.errors import RequestError
from autocnn.events import Emit, Event, Notice
from autocnn.quantities import plural
from autocnn.remembering import together
from autocnn.search.agenda import Agenda
from autocnn.search.beat import Beat
from autocnn.search.forecast import Forecast
from autocnn.search.hands import WON, Hands, Outcome
from autocnn.search.jobs import POLL_SECONDS, Engine
from autocnn.search.patience import exhausted
from autocnn.search.steering import Steering, check_params
from autocnn.search.study import change_trials
from autocnn.search.trials import Plan, Running
from autocnn.store.state import Phase

BY_HAND = "by a person"
AT_ONCE, CROWD = 4, 32
"""Trials begun in a row: to draw one takes a while, and those that train wait; beside a
crowd of them, one."""


class Driver:
    """One run of a search over a study."""

    def __init__(
        self, study: optuna.Study, plan: Plan, engine: Engine, emit: Emit
    ) -> None:
        self._study = study
        self._plan = plan
        self._engine = engine
        self._emit = emit
        self._paused = self._finishing = self._stopping = False
        self._hurries = False
        """Whether workers are free after a round: more is drawn after a look around."""
        checkpoints = plan.folder / "checkpoints"
        self._beat = Beat(
            study, plan.device, plan.begun, tuple(plan.rungs), checkpoints
        )
        self._hands = Hands(study, plan, engine, self._tell_both)
        self._agenda = Agenda(study, plan, self._hands, self._seconds_left)
        self._jobs = engine.free()
        self._steering = Steering(study)

    @property
    def interrupted(self) -> tuple[int, ...]:
        """Trials of an earlier run that go on in this one."""
        return tuple(running.number for running in self._agenda.interrupted)

    def run(self, stopping: Callable[[], bool]) -> Outcome:
        """Search until the plan is done; return how it ended.

        The study says so too, unless the final training follows.
        """
        outcome = self._run(stopping)
        if not (self._plan.final and outcome in WON):
            self._say("ended", outcome)
        return outcome

    def _run(self, stopping: Callable[[], bool]) -> Outcome:
        """Search until the plan is done; return how it ended.

        ``interrupted``: `stopping` said so, or they cannot be written down; unfinished
        trials go on another time.
        ``failed``: trials failed in the same way, one after the other.
        """
        while True:
            self._steering.obey(self)
            if self._hands.unsaved:
                self._tell_both(Notice(text=f"the search stops: {self._hands.unsaved}"))
            if self._stopping or self._hands.unsaved or stopping():
                self._say("stopping")
                return self._hands.leave("interrupted")
            if (ending := self._ending()) is not None:
                return self._hands.leave(ending)
            self._employ()
            if self._hands.tally.keep_failing:
                return self._hands.leave("failed")
            if self._idle() and not self._waits():
                return self._hands.leave(self._conclusion())
            self._say()
            with together(self._study):
                self._hands.listen(0.0 if self._hurries else POLL_SECONDS)

    def _seconds_left(self) -> float:
        plan = self._plan
        return plan.deadline - plan.final_seconds - time.monotonic()

    def _ending(self) -> Outcome | None:
        """Say why the search is to end before all trials are trained, if it is."""
        plan, tally = self._plan, self._hands.tally
        lent = 0.0 if tally.complete else plan.final_seconds
        if self._seconds_left() + lent <= 0:
            return "time is up"
        if plan.target is not None and tally.best >= plan.target:
            return "target reached"
        images = plan.config.val_images
        if exhausted(tally.complete, tally.since_best, plan.patience, images):
            return "no more gain expected"
        return None

    def _conclusion(self) -> Outcome:
        """Say how a search ends that has nothing more to do."""
        agenda, refusals = self._agenda, self._hands.refusals
        if agenda.more():  # but it was to finish, or has no time for an epoch
            return "interrupted" if self._finishing else "time is up"
        if agenda.begun < agenda.most and refusals.exhausted:
            outcome, why = refusals.ending()
            self._tell_both(Notice(text=why))
            return outcome
        return "complete"

    def pause(self) -> str:
        """Start no more trials."""
        self._paused = True
        return f"paused; {_trials(len(self._hands.running))} will go on to the end"

    def resume(self) -> str:
        """Start trials again."""
        self._paused = self._finishing = False
        return "the search goes on"

    def finish(self) -> str:
        """End when the running trials have."""
        self._finishing = True
        return f"the search ends after {_trials(len(self._hands.running))}"

    def stop(self) -> str:
        """End now; unfinished trials go on another time."""
        self._stopping = True
        return "the search stops; unfinished trials go on another time"

    def set_trials(self, count: int) -> str:
        """Change how many trials the study is to reach: no fewer than it has begun."""
        if count < self._agenda.begun:
            raise RequestError(
                f"{_trials(self._agenda.begun)} are begun already: name a larger "
                "total, or ask for the search to finish"
            )
        self._agenda.trials = count
        change_trials(self._study, count)
        return f"the study is to reach {_trials(count)}"

    def set_jobs(self, count: int) -> str:
        """Change how many trials are trained at once."""
        self._engine.resize(count)
        self._jobs = count
        self._hands.forecast = Forecast(self._plan, count)
        return f"{_trials(count)} at once; those that run go on"

    def prune(self, trial: int) -> str:
        """Give a running or paused trial up."""
        running = self._hands.running.get(trial)
        if trial in self._hands.pauses:
            self._hands.give_up(trial, BY_HAND)
        elif running is not None:
            self._hands.dismiss(running)
            self._hands.tell(running, TrialState.PRUNED, BY_HAND)
        else:
            raise RequestError(f"trial {trial} is neither running nor paused")
        return f"trial {trial} is pruned"

    def promote(self, trial: int) -> str:
        """Let a paused trial go on next."""
        if trial not in self._hands.pauses:
            raise RequestError(f"trial {trial} is not paused")
        self._agenda.promote(trial)
        return f"trial {trial} goes on when a worker is free"

    def enqueue(self, params: Mapping[str, Any], origin: str) -> str:
        """Train these values next, besides what was planned."""
        values = check_params(params, self._plan.config)
        key = self._plan.config.recipe(values).key
        if (same := self._hands.refusals.trained.get(key)) is not None:
            raise RequestError(f"trial {same} has this recipe: change a value")
        attributes = {"origin": origin}
        self._study.enqueue_trial(values, user_attrs=attributes)
        waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        self._agenda.add_copy(waiting[-1]._trial_id)
        if (total := self._agenda.trials) is not None:
            change_trials(self._study, total)
        return "queued: the next trial trains it"

    def _say(self, phase: Phase | None = None, outcome: str = "") -> None:
        """Let those who watch know, through the study."""
        if phase is None:
            waiting: Phase = "pausing" if self._hands.running else "paused"
            phase = waiting if self._paused else "searching"
            phase = "stopping" if self._finishing else phase
        self._beat.write(
            phase,
            jobs=self._jobs,
            trials=self._agenda.trials or 0,
            seconds_left=lambda: self._hands.seconds_left(self._agenda.pending),
            paces={r.number: r.pace for r in self._hands.running.values() if r.pace},
            outcome=outcome,
        )

    def _employ(self) -> None:
        """Give free workers a trial, a few at once; only then tell of them."""
        if self._engine.free() and self._plan.rungs:
            for trial in self._agenda.hopeless(self._jobs):
                self._hands.give_up(trial)
        started: list[Running] = []
        self._hurries = False
        most = AT_ONCE if len(self._hands.running) < CROWD else 1
        while self._engine.free() and not self._holds_back():
            if len(started) >= most:
                self._hurries = True
                break
            running = self._agenda.next()
            if running is None:
                break
            begun = self._hands.start(running)
            if begun == "started":
                started.append(running)
            if begun == "refused":
                self._agenda.begun -= 1
                self._hurries = True
                break
        for running in started:
            self._hands.announce(running, self._agenda.pending)

    def _holds_back(self) -> bool:
        """Whether nothing is to be started although there might be more."""
        return self._paused or self._finishing or self._hands.tally.keep_failing

    def _waits(self) -> bool:
        """Whether only a person's word is missing to go on."""
        return self._paused and self._agenda.more() and not self._finishing

    def _idle(self) -> bool:
        """Whether no worker trains, or only for want of anything better."""
        if self._hurries and self._agenda.more():
            return False
        trained, leaving = self._hands.running.values(), self._hands.leaving
        if trained and all(running.fills for running in trained):
            return bool(self._hands.tally.complete and not leaving) and not (
                self._agenda.more()
            )
        return not trained and not leaving and self._engine.free() > 0

    def _tell_both(self, event: Event) -> None:
        """Pass an event on; what a person should know stands in the study too."""
        if isinstance(event, Notice):
            self._beat.notice(event.text)
        self._emit(event)


def _trials(count: int) -> str:
    return plural(count, "trial")
