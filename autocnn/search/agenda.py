"""What a free worker trains next: what was begun goes before what is new."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from autocnn.search.hands import Hands
from autocnn.search.trials import Plan, Running, reattached
from autocnn.store.rows import is_refused

MARGIN = 1.1
"""Predicted seconds are taken for so many times as long, not to come too late."""


class Agenda:
    """All that is still to be trained, in the order in which it is."""

    def __init__(
        self,
        study: optuna.Study,
        plan: Plan,
        hands: Hands,
        seconds_left: Callable[[], float],
    ) -> None:
        """`seconds_left`: until the search has to end."""
        trials = study.get_trials(deepcopy=False)
        self._study, self._plan, self._hands = study, plan, hands
        self._seconds_left = seconds_left
        self.trials = plan.trials
        """The total that the study is to reach; None: as many as there is time for."""
        self.interrupted: list[Running] = []
        """Trials of an earlier run that go on in this one."""
        self._promoted: list[int] = []
        self._copies: list[int] = []
        self._waiting = sum(t.state is TrialState.WAITING for t in trials)
        self.begun = len(trials) - self._waiting - sum(map(is_refused, trials))
        """How many trials count: all that were begun, but for those refused."""
        self._take_up(trials)
        hands.gives_way = self._gives_way

    def _take_up(self, trials: Sequence[FrozenTrial]) -> None:
        """Find the trials that an earlier run left open."""
        for frozen in trials:
            if frozen.state is not TrialState.RUNNING:
                continue
            running = reattached(self._study, frozen, self._plan)
            if frozen.user_attrs.get("status") == "paused":
                self._hands.pauses.add(running)
            elif len(running.curve) in self._plan.rungs:
                # A driver that died at a rung had perhaps not yet judged there.
                self._hands.wait(running)
            else:
                self.interrupted.append(running)

    @property
    def pending(self) -> int:
        """How many trials are still to be started, as far as that is known."""
        new = 0 if self.trials is None else max(0, self.trials - self.begun)
        return new + len(self.interrupted)

    @property
    def most(self) -> float:
        """How many trials the study may come to."""
        return math.inf if self.trials is None else max(self.trials, self.begun)

    def hopeless(self, spare: int) -> list[int]:
        """List the paused trials that can be given up, but for those a person wants."""
        if self._left_over:
            return []
        found = self._hands.pauses.hopeless(self.most, spare)
        return [trial for trial in found if trial not in self._promoted]

    def promote(self, trial: int) -> None:
        """Let a paused trial go on next, wherever it stands."""
        if trial not in self._promoted:
            self._promoted.append(trial)

    def add_copy(self, trial_id: int) -> None:
        """Let a waiting trial be the next that is begun, besides what was planned."""
        self._copies.append(trial_id)
        self._waiting += 1
        if self.trials is not None:
            self.trials = max(self.trials, self.begun) + 1

    def more(self) -> bool:
        """Whether there is another trial to start, or one that has earned to go on."""
        return bool(self.interrupted) or self._promotion() is not None or self._draws()

    def next(self) -> Running | None:
        """Choose what a free worker trains; None if there is nothing for it."""
        hands = self._hands
        if self.interrupted:
            running = self.interrupted.pop(0)
            running.trial.set_user_attr("status", "running")
            return running
        promoted = self._in_time(self._promotion())
        before = partial(self._seconds_to_rung, promoted)
        if (last := self._last_chance(before)) is not None:
            return hands.promote(last)
        if promoted is not None:
            # A person's word lets it go on once: at the next rung it is judged again.
            self._promoted = [trial for trial in self._promoted if trial != promoted]
            return hands.promote(promoted)
        late = self._too_late()
        if self._draws() and not late and self._fits(None):
            return self._draw()
        earnest = any(not running.fills for running in hands.running.values())
        if earnest or late or not (hands.tally.complete or hands.leaving):
            # Somebody is to come to the end; else it may be of use, and costs nothing.
            best = self._in_time(hands.pauses.next(hands.leaving, any_rank=True))
            if best is not None:
                running = hands.promote(best)
                running.fills = earnest
                return running
        return None

    def _promotion(self) -> int | None:
        """Choose the paused trial that goes on before anything new is begun."""
        pauses, leaving = self._hands.pauses, self._hands.leaving
        self._promoted = [trial for trial in self._promoted if trial in pauses]
        asked = (trial for trial in self._promoted if trial not in leaving)
        if (first := next(asked, None)) is not None:
            return first
        earned = pauses.next(leaving)
        if earned is None and self._left_over:
            return pauses.next(leaving, any_rank=True)
        if earned is None and not self._draws():
            # Nobody else will come: the best at a rung is worth its end.
            tops = (running.number for running in pauses.leaders(1))
            return next((trial for trial in tops if trial not in leaving), None)
        return earned

    def _gives_way(self, running: Running) -> bool:
        """Whether a trial that passes its rung has to leave its worker to a better one.

        That is one of a higher rung which could else not be finished in time.
        """
        forecast = self._hands.forecast
        before = partial(forecast.to_rung, running)
        last = self._last_chance(before)
        return last is not None and (
            len(self._hands.pauses[last].curve) > len(running.curve)
        )

    def _last_chance(self, before: Callable[[], float | None]) -> int | None:
        """Choose a paused trial that must go on now to come to its end in time.

        Those at the top of a rung, as many as there are workers, are finished before
        the time is up, even if their turn has not come: if it would be too late for
        them after what else is to be done, which takes the seconds `before`. Those are
        asked for only then: to price what is still to be drawn takes a second at first.
        """
        left = self._seconds_left()
        if left == math.inf:
            return None
        forecast = self._hands.forecast
        for running in self._hands.pauses.leaders(forecast.workers):
            seconds = forecast.to_end(running)
            if running.number in self._hands.leaving or seconds is None:
                continue
            if seconds <= left < MARGIN * ((before() or 0.0) + seconds):
                return running.number
        return None

    def _seconds_to_rung(self, promoted: int | None) -> float:
        """Predict what a promoted trial, or else a new one, takes to be judged."""
        if promoted is None:
            typical = self._hands.forecast.typical_epoch(self._hands.tally.spent) or 0.0
            return typical * [*self._plan.rungs, self._plan.config.epochs][0]
        return self._hands.forecast.to_rung(self._hands.pauses[promoted]) or 0.0

    def _in_time(self, paused: int | None) -> int | None:
        """Leave a paused trial where it is if it has no time for an epoch."""
        if paused is None or not self._fits(self._hands.pauses[paused]):
            return None
        return paused

    def _fits(self, running: Running | None) -> bool:
        """Whether an epoch of a trial, or of a new one, is over before the time is.

        Before anything is trained, something has to be begun.
        """
        left, tally = self._seconds_left(), self._hands.tally
        if left == math.inf or not tally.spent.epochs:
            return True
        if not tally.complete:
            left += self._plan.final_seconds
        forecast = self._hands.forecast
        epoch = (
            forecast.epoch(running) if running else forecast.typical_epoch(tally.spent)
        )
        return epoch is None or epoch <= left

    def _too_late(self) -> bool:
        """Whether a new trial would not be judged in time, and others wait to go on."""
        waits = self._hands.pauses.next(self._hands.leaving, any_rank=True) is not None
        return waits and self._seconds_left() < self._seconds_to_rung(None)

    @property
    def _left_over(self) -> bool:
        """Whether what was meant for new trials is there still: none are to be had."""
        return self._hands.refusals.exhausted and not (self._reached or self._waiting)

    @property
    def _reached(self) -> bool:
        """Whether as many trials are begun as the study is to reach."""
        return self.trials is not None and self.begun >= self.trials

    def _draws(self) -> bool:
        """Whether a new trial is to be begun."""
        grid = self._plan.config.sampler == "grid"
        at_will = not grid and not self._hands.refusals.exhausted
        return not self._reached and (at_will or self._waiting > 0)

    def _draw(self) -> Running:
        """Begin a trial: a person's, or one that waits, or a new one."""
        folds = self._plan.config.folds
        self._waiting = max(0, self._waiting - 1)
        self.begun += 1
        if self._copies:  # before what waits for longer: the cells of a grid
            copy = self._copies.pop(0)
            self._study._storage.set_trial_state_values(copy, TrialState.RUNNING)
            return Running(Trial(self._study, copy), [], folds)
        return Running(self._study.ask(), [], folds)
