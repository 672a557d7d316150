"""The loop of a search: ask, give to a worker, listen, judge, tell.

The driver alone writes to the study. All it knows is in the study and in checkpoints,
so it may die at any moment and another goes on.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from autocnn.errors import RequestError
from autocnn.events import Emit, Event, Notice
from autocnn.search.beat import Beat
from autocnn.search.forecast import Forecast
from autocnn.search.hands import Hands, Outcome
from autocnn.search.jobs import POLL_SECONDS, Engine
from autocnn.search.steering import Steering, check_params
from autocnn.search.trials import Plan, Running, reattached
from autocnn.storage import retried
from autocnn.store.rows import is_refused
from autocnn.store.state import Phase


class Driver:
    """One run of a search over a study."""

    def __init__(
        self, study: optuna.Study, plan: Plan, engine: Engine, emit: Emit
    ) -> None:
        self._study = study
        self._plan = plan
        self._engine = engine
        self._emit = emit
        trials = study.get_trials(deepcopy=False)
        self._interrupted: list[Running] = []
        self._promoted: list[int] = []
        """Paused trials that a person wants to go on."""
        self._paused = self._finishing = self._stopping = False
        self._copies: list[int] = []
        self._waiting = sum(t.state is TrialState.WAITING for t in trials)
        self._asked = len(trials) - self._waiting - sum(map(is_refused, trials))
        """Trials that count: all that were begun, but for those refused."""
        self._refused = False
        """Whether the last trial was: the next is drawn after a look around."""
        self._beat = Beat(study, plan.device, tuple(plan.rungs))
        self._hands = Hands(study, plan, engine, self._tell_both)
        self._take_up(trials)
        self._jobs = engine.free()
        self._steering = Steering(study)

    @property
    def interrupted(self) -> tuple[int, ...]:
        """Trials of an earlier run that go on in this one."""
        return tuple(running.number for running in self._interrupted)

    def _take_up(self, trials: Sequence[FrozenTrial]) -> None:
        """Find the trials that an earlier run left open."""
        for frozen in trials:
            if frozen.state is not TrialState.RUNNING:
                continue
            running = reattached(self._study, frozen, self._plan)
            # A driver that died at a rung had perhaps not yet judged there.
            at_rung = len(running.curve) in self._plan.rungs
            if at_rung or frozen.user_attrs.get("status") == "paused":
                self._hands.pauses.add(running)
            else:
                self._interrupted.append(running)

    def run(self, stopping: Callable[[], bool]) -> Outcome:
        """Search until the plan is done; return how it ended, as the study says too."""
        outcome = self._run(stopping)
        self._say("ended", outcome)
        return outcome

    def _run(self, stopping: Callable[[], bool]) -> Outcome:
        """Search until the plan is done; return how it ended.

        ``interrupted``: `stopping` said so, and unfinished trials go on another time.
        ``failed``: trials failed in the same way, one after the other.
        """
        while True:
            self._steering.obey(self)
            if self._stopping or stopping():
                return self._hands.leave("interrupted")
            if time.monotonic() >= self._plan.deadline:
                return self._hands.leave("time is up")
            self._employ()
            if self._hands.keep_failing():
                return self._hands.leave("failed")
            if self._idle() and not self._waits():
                return self._hands.leave(self._ending())
            self._say()
            self._hands.listen(0.0 if self._refused else POLL_SECONDS)

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
        """Change how many trials the study is to reach."""
        self._plan = dataclasses.replace(self._plan, trials=count)
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
        if trial not in self._promoted:
            self._promoted.append(trial)
        return f"trial {trial} goes on when a worker is free"

    def enqueue(self, params: Mapping[str, Any], origin: str) -> str:
        """Train these values next, besides what was planned."""
        values = check_params(params, self._plan.config)
        attributes = {"origin": origin}
        retried(lambda: self._study.enqueue_trial(values, user_attrs=attributes))
        waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        self._copies.append(waiting[-1]._trial_id)
        self._waiting += 1
        total = max(self._plan.trials, self._asked) + 1
        self._plan = dataclasses.replace(self._plan, trials=total)
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
            trials=self._plan.trials,
            seconds_left=lambda: self._hands.seconds_left(self._pending()),
            paces={r.number: r.pace for r in self._hands.running.values() if r.pace},
            outcome=outcome,
        )

    def _employ(self) -> None:
        """Give each free worker a trial; only then tell of them."""
        if self._engine.free() and self._plan.rungs:
            for trial in self._hands.pauses.hopeless(self._plan.trials, self._jobs):
                self._hands.give_up(trial)
        started = []
        self._refused = False
        while self._engine.free() and not self._holds_back():
            running = self._next()
            if running is None:
                break
            begun = self._hands.start(running)
            if begun == "started":
                started.append(running)
            if begun == "refused":
                self._asked -= 1
                self._refused = True
                break
        for running in started:
            self._hands.announce(running, self._pending())

    def _holds_back(self) -> bool:
        """Whether nothing is to be started although there might be more."""
        return self._paused or self._finishing or self._hands.keep_failing()

    def _waits(self) -> bool:
        """Whether only a person's word is missing to go on."""
        return self._paused and self._more() and not self._finishing

    def _idle(self) -> bool:
        """Whether no worker trains, or only for want of anything better."""
        if self._refused and self._more():
            return False
        trained = self._hands.running.values()
        for_its_own_sake = self._hands.leaving or not self._hands.completed
        if trained and all(running.fills for running in trained):
            return not for_its_own_sake and not self._more()
        return not trained and not self._hands.leaving and self._engine.free() > 0

    def _more(self) -> bool:
        """Whether there is another trial to start, or one that has earned to go on."""
        if self._interrupted or self._promotion() is not None:
            return True
        at_will = (
            self._plan.config.sampler != "grid" and not self._hands.refusals.exhausted
        )
        return self._asked < self._plan.trials and (at_will or self._waiting > 0)

    def _ending(self) -> Outcome:
        """Say how a search ends that has nothing more to do."""
        if self._more():
            return "interrupted"
        if self._asked < self._plan.trials and self._hands.refusals.exhausted:
            outcome, why = self._hands.refusals.ending()
            self._tell_both(Notice(text=why))
            return outcome
        return "complete"

    def _promotion(self) -> int | None:
        """Choose the paused trial that goes on before anything new is begun."""
        pauses, leaving = self._hands.pauses, self._hands.leaving
        self._promoted = [trial for trial in self._promoted if trial in pauses]
        asked = (trial for trial in self._promoted if trial not in leaving)
        return next(asked, pauses.next(leaving))

    def _next(self) -> Running | None:
        """Choose what a free worker trains: what was begun goes before what is new."""
        hands = self._hands
        if self._interrupted:
            running = self._interrupted.pop(0)
            running.trial.set_user_attr("status", "running")
            return running
        if (promoted := self._promotion()) is not None:
            return hands.promote(promoted)
        if self._more():
            return self._draw()
        earnest = any(not running.fills for running in hands.running.values())
        if earnest or not (hands.completed or hands.leaving):
            # Somebody is to come to the end; else it may be of use, and costs nothing.
            best = hands.pauses.next(hands.leaving, any_rank=True)
            if best is not None:
                running = hands.promote(best)
                running.fills = earnest
                return running
        return None

    def _draw(self) -> Running:
        """Begin a trial: a person's, or one that waits, or a new one."""
        folds = self._plan.config.folds
        self._waiting = max(0, self._waiting - 1)
        self._asked += 1
        if self._copies:  # before what waits for longer: the cells of a grid
            copy = self._copies.pop(0)
            retried(
                lambda: self._study._storage.set_trial_state_values(
                    copy, TrialState.RUNNING
                )
            )
            return Running(Trial(self._study, copy), [], folds)
        return Running(retried(self._study.ask), [], folds)

    def _pending(self) -> int:
        return max(0, self._plan.trials - self._asked) + len(self._interrupted)

    def _tell_both(self, event: Event) -> None:
        """Pass an event on; what a person should know stands in the study too."""
        if isinstance(event, Notice):
            self._beat.notice(event.text)
        self._emit(event)


BY_HAND = "by a person"


def _trials(count: int) -> str:
    return f"{count} trial{'' if count == 1 else 's'}"
