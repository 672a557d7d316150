"""The trials in a driver's hands: given to workers, listened to, judged, told."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Literal

import optuna
from optuna.trial import TrialState

from autocnn import events
from autocnn.errors import RequestError
from autocnn.events import Emit, EpochEnded
from autocnn.remembering import together
from autocnn.search import jobs, refusals, trials
from autocnn.search.forecast import Forecast
from autocnn.search.jobs import Engine, JobEnded, Progress, Remark
from autocnn.search.kept import Kept
from autocnn.search.pauses import Pauses
from autocnn.search.refusals import Refusals
from autocnn.search.tally import Tally
from autocnn.search.trials import Plan, Running, logged, prepare, standing
from autocnn.store.rows import STATUS, is_refused, snapshot
from autocnn.store.state import Pace

DRAIN_SECONDS = 10.0

Outcome = Literal[
    "complete",
    "nothing fits",
    "time is up",
    "target reached",
    "no more gain expected",
    "interrupted",
    "failed",
]
WON: Sequence[Outcome] = ("complete", "time is up", "no more gain expected")
"""After these a final training is due."""
RESUMED: Sequence[Outcome] = ("interrupted", "failed")
"""After these the same command goes on with all trials that are not over."""
Begun = Literal["started", "refused", "failed"]


class Hands:
    """All trials that workers have, and what became of the others."""

    def __init__(
        self, study: optuna.Study, plan: Plan, engine: Engine, emit: Emit
    ) -> None:
        self._study = study
        self._plan = plan
        self._engine = engine
        self._emit = emit
        self.running: dict[int, Running] = {}
        self.leaving: set[int] = set()
        """Trials that workers were told to leave, and have not yet left."""
        self.unsaved = ""
        """Why a trial could not be written down for minutes, if one could not."""
        found = study.get_trials(deepcopy=False)
        self.refusals = Refusals(plan, found)
        known = [trial for trial in found if not is_refused(trial)]
        self.tally = Tally(known)
        self.pauses = Pauses(plan.rungs, known)
        self.gives_way: Callable[[Running], bool] = lambda _: False
        """Whether a trial that passes a rung has to leave its worker to another."""
        self.forecast = Forecast(plan, engine.free())
        self._kept = Kept(plan, snapshot(study), emit)
        self._kept.forget_all_but(known)

    def start(self, running: Running) -> Begun:
        """Give a trial to a worker, unless it is refused or cannot be built."""
        try:
            with together(self._study):
                job = running.job or prepare(running, self._plan)
            refusal = self.refusals.check(running)
        except RequestError as error:
            self._fail(running, error.problem)
            return "failed"
        if refusal is not None:
            refusals.tell(self._study, running, refusal)
            self._tell_end(running, "refused", refusal.reason)
            return "refused"
        running.job = dataclasses.replace(job, reported=len(running.curve))
        self.running[running.number] = running
        self.pauses.follow(running)
        self._engine.submit(running.job)
        return "started"

    def announce(self, running: Running, pending: int) -> None:
        """Tell of a trial that a worker has."""
        job, summary = running.job, running.summary
        assert job is not None
        assert summary is not None
        self._emit(
            events.TrialStarted(
                trial=running.number,
                parameters=summary.parameters,
                flops=summary.flops,
                epochs=job.recipe.train.epochs,
                epochs_done=0 if running.folds else len(running.curve),
                params=dict(running.trial.params),
                epoch_seconds=self.forecast.epoch(running),
                seconds_left=self.seconds_left(pending),
                promotions=running.promotions,
            )
        )
        if running.curve and not running.folds:
            # The last driver may have died between hearing of its best and keeping it.
            self._kept.offer(running)

    def seconds_left(self, pending: int) -> float | None:
        """Predict when the search ends, with so many trials still to start."""
        return self.forecast.left(
            self.running.values(), pending, self.tally.spent, len(self.pauses)
        )

    def listen(self, patience: float = jobs.POLL_SECONDS) -> None:
        """Hear what workers have to say, waiting for it so many seconds."""
        for message in self._engine.poll(patience):
            running = self.running.get(message.trial)
            match message:
                case EpochEnded() if running:
                    self._hear(running, message)
                case JobEnded() if running:
                    self._end(running, message)
                case Progress() if running:
                    share, speeds = round(message.share, 3), running.images_per_second
                    speed = speeds[-1] if speeds else 0.0
                    running.pace = Pace(message.epoch, share, message.fold, speed)
                case Remark() if running:
                    self._emit(events.Notice(text=message.text))
                case JobEnded():
                    self.leaving.discard(message.trial)
                    if message.trial not in self.pauses:
                        self._kept.forget(message.trial)
                case _:
                    pass  # of a trial that was paused or pruned meanwhile

    def _hear(self, running: Running, epoch: EpochEnded) -> None:
        """Report an epoch (or a fold, at its last one), and judge the trial."""
        self._emit(epoch)
        running.images_per_second.append(speed := epoch.images_per_second)
        running.seconds = epoch.trained_seconds
        self.forecast.hear(running, epoch.seconds)
        over = epoch.epoch == epoch.epochs
        running.pace = Pace(epoch.epoch + (not over), float(over), epoch.fold, speed)
        step = epoch.fold or epoch.epoch
        if step != len(running.curve) + 1 or (epoch.fold and not over):
            return
        running.log.append(logged(epoch))
        running.trial.set_user_attr("epochs", running.log)
        running.trial.report(epoch.val_accuracy, step)
        running.curve.append(epoch.val_accuracy)
        self.tally.spent.epochs.append(epoch.seconds)
        if not epoch.fold:
            self._kept.offer(running)
        if step == (running.folds or epoch.epochs):
            return
        if self.pauses.holds(running) or (
            step in self.pauses.judged and self.gives_way(running)
        ):
            self._pause(running)
        elif not self.pauses.judged and running.trial.should_prune():
            self.dismiss(running)
            self.tell(running, TrialState.PRUNED, self._standing(running, step))

    def _pause(self, running: Running) -> None:
        """Let a trial wait at its rung; its worker takes another."""
        self.dismiss(running)
        del self.running[running.number]
        self._emit(
            events.TrialPaused(
                trial=running.number,
                val_accuracy=running.score,
                epochs=len(running.curve),
                reason=self.wait(running),
            )
        )

    def wait(self, running: Running) -> str:
        """Let a trial that no worker has wait at its rung; say where it stands."""
        self.pauses.add(running)
        self.tally.add_score(running)
        reason = self.pauses.standing(running)
        trials.pause(running, reason)
        return reason

    def promote(self, trial: int) -> Running:
        """Take a paused trial up again; its worker continues its checkpoint."""
        running = self.pauses.take(trial)
        trials.promote(running)
        return running

    def give_up(self, trial: int, reason: str = "") -> None:
        """Tell a paused trial PRUNED; by default for where it stands."""
        running = self.pauses.take(trial)
        self.tell(running, TrialState.PRUNED, reason or self.pauses.standing(running))
        if trial not in self.leaving:
            self._kept.forget(trial)

    def _standing(self, running: Running, step: int) -> str:
        others = [
            trial.intermediate_values[step]
            for trial in self._study.get_trials(deepcopy=False)
            if step in trial.intermediate_values
        ]
        unit = "fold" if running.folds else "epoch"
        return f"{standing(running.curve[-1], others)} at {unit} {step}"

    def _end(self, running: Running, ended: JobEnded) -> None:
        """Finish a trial whose worker is done; a lost worker's goes on with another."""
        assert running.job is not None
        lost = ended.outcome == "lost"
        if lost and running.number in self.leaving:
            ended = dataclasses.replace(ended, outcome="stopped")
        elif lost and running.attempts < jobs.ATTEMPTS:
            on = "goes on from its checkpoint" if running.curve else "begins again"
            said = f"trial {running.number} {on}: {ended.reason}"
            self._emit(events.Notice(text=said))
            running.attempts += 1
            running.job = dataclasses.replace(running.job, reported=len(running.curve))
            self._engine.submit(running.job)
            return
        self.leaving.discard(running.number)
        if ended.outcome == "stopped":
            return  # interrupted: it goes on another time
        if ended.outcome == "unsaved":
            self.unsaved = ended.reason
            running.trial.set_user_attr("status", "interrupted")
            del self.running[running.number]
            return
        if ended.outcome == "complete":
            if running.folds:
                self._kept.offer(running)
            self.tell(running, TrialState.COMPLETE)
        else:
            self._fail(running, ended.reason)
        self._kept.forget(running.number)

    def _fail(self, running: Running, reason: str) -> None:
        self.pauses.forget(running.number)
        self.refusals.forget(running)
        self.tell(running, TrialState.FAIL, reason)
        self._kept.withdraw(running.number, [*self.running.values(), *self.pauses])

    def tell(self, running: Running, state: TrialState, reason: str = "") -> None:
        """Finish a trial in the study."""
        trial, speeds = running.trial, running.images_per_second
        trial.set_user_attr("seconds", running.seconds)
        trial.set_user_attr("reason", reason)
        if speeds:
            trial.set_user_attr("images_per_second", round(sum(speeds) / len(speeds)))
        if state is not TrialState.FAIL and running.score is not None:
            self._kept.store(running)
        value = running.score if state is TrialState.COMPLETE else None
        self._study.tell(trial, value, state, skip_if_finished=True)
        self.running.pop(running.number, None)
        self.tally.add_end(running, state, reason)
        self._tell_end(running, STATUS[state], reason)

    def _tell_end(self, running: Running, status: str, reason: str) -> None:
        self._emit(
            events.TrialEnded(
                trial=running.number,
                status=status,
                val_accuracy=running.score,
                epochs=len(running.curve),
                seconds=running.seconds,
                reason=reason,
                folds=running.folds,
            )
        )

    def leave(self, outcome: Outcome) -> Outcome:
        """Stop all workers. Where the same command goes on, trials stay open for it."""
        for running in list(self.running.values()):
            self.dismiss(running)
            if running.trained:  # its worker is about to say so
                self.tell(running, TrialState.COMPLETE)
            elif outcome in RESUMED:
                running.trial.set_user_attr("status", "interrupted")
            else:
                why = self.pauses.left_for(running, outcome)
                self.tell(running, TrialState.PRUNED, why if running.fills else outcome)
        self.drain()
        if outcome not in RESUMED:
            for running in self.pauses:
                self.give_up(running.number, self.pauses.left_for(running, outcome))
        return outcome

    def dismiss(self, running: Running) -> None:
        """Tell a trial's worker to leave it; until it has, its files are its own."""
        self._engine.stop(running.number)
        self.leaving.add(running.number)

    def drain(self) -> None:
        """Wait for dismissed workers, a step of theirs at most, but not for ever."""
        patience = time.monotonic() + DRAIN_SECONDS
        while self.leaving and time.monotonic() < patience:
            self.listen()
