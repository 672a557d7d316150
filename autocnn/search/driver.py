"""The loop of a search: ask, give to a worker, listen, judge, tell.

The driver alone writes to the study. All it knows is in the study and in checkpoints,
so it may die at any moment and another goes on.
"""

import dataclasses
import shutil
import time
from collections.abc import Callable
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from autocnn import events
from autocnn.errors import RequestError
from autocnn.events import Emit, EpochEnded
from autocnn.search.best import kept_score
from autocnn.search.forecast import Forecast
from autocnn.search.jobs import ATTEMPTS, POLL_SECONDS, Engine, JobEnded
from autocnn.search.trials import Plan, Running, keep, prepare, standing
from autocnn.storage import retried
from autocnn.store import snapshot

SAME_FAILURES = 3
DRAIN_SECONDS = 10.0

Outcome = Literal["complete", "time is up", "interrupted", "failed"]


class Driver:
    """One run of a search over a study."""

    def __init__(
        self, study: optuna.Study, plan: Plan, engine: Engine, emit: Emit
    ) -> None:
        self._study = study
        self._plan = plan
        self._engine = engine
        self._emit = emit
        self._running: dict[int, Running] = {}
        self._leaving: set[int] = set()
        trials = study.get_trials(deepcopy=False)
        self._interrupted = [t for t in trials if t.state is TrialState.RUNNING]
        self._waiting = sum(t.state is TrialState.WAITING for t in trials)
        self._asked = len(trials) - self._waiting
        self._failures: list[str] = []
        self._forecast = Forecast(plan, engine.free())
        found = snapshot(study)
        self._durations = [
            t.user_attrs.get("seconds", 0.0) for t in trials if t.state.is_finished()
        ]
        self._best_trial = -1
        self._best = kept_score(plan.folder / "best", found)
        self._clean_up()

    @property
    def interrupted(self) -> tuple[int, ...]:
        """Trials of an earlier run that go on in this one."""
        return tuple(trial.number for trial in self._interrupted)

    def run(self, stopping: Callable[[], bool]) -> Outcome:
        """Search until the plan is done; return how it ended.

        ``interrupted``: `stopping` said so, and unfinished trials go on another time.
        ``failed``: trials failed in the same way, one after the other.
        """
        while True:
            if stopping():
                return self._leave("interrupted")
            if time.monotonic() >= self._plan.deadline:
                return self._leave("time is up")
            self._employ()
            if self._keeps_failing():
                return self._leave("failed")
            if not self._running and self._engine.free():
                self._drain()
                return "complete"
            self._listen()

    def _employ(self) -> None:
        """Give each free worker a trial; only then tell of them."""
        started = []
        while self._engine.free() and not self._keeps_failing():
            running = self._next()
            if running is None:
                break
            if self._start(running):
                started.append(running)
        for running in started:
            self._announce(running)

    def _next(self) -> Running | None:
        """Go on with an interrupted trial, else draw a new one, else None."""
        folds = self._plan.config.folds
        if self._interrupted:
            frozen = self._interrupted.pop(0)
            trial = Trial(self._study, frozen._trial_id)
            trial.set_user_attr("status", "running")
            return Running(trial, _curve(frozen), folds)
        grid_is_empty = self._plan.config.sampler == "grid" and not self._waiting
        if self._asked >= self._plan.trials or grid_is_empty:
            return None
        self._waiting = max(0, self._waiting - 1)
        self._asked += 1
        return Running(retried(self._study.ask), [], folds)

    def _start(self, running: Running) -> bool:
        """Give a trial to a worker; one that cannot be built fails here."""
        try:
            job = prepare(running, self._plan)
        except RequestError as error:
            self._fail(running, error.problem)
            return False
        self._running[running.number] = running
        self._engine.submit(job)
        return True

    def _announce(self, running: Running) -> None:
        """Tell of a trial that a worker has."""
        job, summary = running.job, running.summary
        assert job is not None
        assert summary is not None
        pending = max(0, self._plan.trials - self._asked) + len(self._interrupted)
        self._emit(
            events.TrialStarted(
                trial=running.number,
                parameters=summary.parameters,
                flops=summary.flops,
                epochs=job.recipe.train.epochs,
                epochs_done=0 if running.folds else len(running.curve),
                params=dict(running.trial.params),
                epoch_seconds=self._forecast.epoch(running),
                seconds_left=self._forecast.left(
                    self._running.values(), pending, self._durations
                ),
            )
        )
        if running.curve and not running.folds:
            # The last driver may have died between hearing of its best and keeping it.
            best_epoch = 1 + running.curve.index(max(running.curve))
            self._keep_if_best(running, fold=0, epoch=best_epoch)

    def _listen(self) -> None:
        for message in self._engine.poll(POLL_SECONDS):
            running = self._running.get(message.trial)
            match message:
                case EpochEnded() if running:
                    self._hear(running, message)
                case JobEnded() if running:
                    self._end(running, message)
                case JobEnded():
                    self._leaving.discard(message.trial)
                    self._forget(message.trial)
                case _:
                    pass  # an epoch of a trial that was pruned meanwhile

    def _hear(self, running: Running, epoch: EpochEnded) -> None:
        """Report an epoch (or a fold, at its last one), and judge the trial."""
        self._emit(epoch)
        running.images_per_second.append(epoch.images_per_second)
        running.seconds = epoch.trained_seconds
        running.last_epoch_seconds = epoch.seconds
        step = epoch.fold or epoch.epoch
        unfinished = epoch.fold and epoch.epoch < epoch.epochs
        if step != len(running.curve) + 1 or unfinished:
            return
        trial = running.trial
        retried(lambda: trial.report(epoch.val_accuracy, step))
        running.curve.append(epoch.val_accuracy)
        if not epoch.fold:
            self._keep_if_best(running, fold=0, epoch=epoch.epoch)
        last = running.folds or epoch.epochs
        if step < last and retried(trial.should_prune):
            self._dismiss(running)
            self._tell(running, TrialState.PRUNED, self._standing(running, step))

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
        if lost and running.number in self._leaving:
            ended = dataclasses.replace(ended, outcome="stopped")
        elif lost and running.attempts < ATTEMPTS:
            text = f"trial {running.number} goes on from its checkpoint: {ended.reason}"
            self._emit(events.Notice(text=text))
            running.attempts += 1
            running.job = dataclasses.replace(running.job, reported=len(running.curve))
            self._engine.submit(running.job)
            return
        self._leaving.discard(running.number)
        if ended.outcome == "stopped":
            return  # interrupted: it goes on another time
        if ended.outcome == "complete":
            if running.folds:
                fold = 1 + running.curve.index(max(running.curve))
                epoch = running.job.recipe.train.epochs
                self._keep_if_best(running, fold=fold, epoch=epoch)
            self._tell(running, TrialState.COMPLETE)
            self._failures.clear()
        else:
            self._fail(running, ended.reason)
        self._forget(running.number)

    def _fail(self, running: Running, reason: str) -> None:
        self._tell(running, TrialState.FAIL, reason)
        kind = reason.partition(":")[0]
        self._failures = [*self._failures, kind][-SAME_FAILURES:]

    def _keeps_failing(self) -> bool:
        return len(self._failures) == SAME_FAILURES and len(set(self._failures)) == 1

    def _tell(self, running: Running, state: TrialState, reason: str = "") -> None:
        """Finish a trial in the study."""
        trial, speeds = running.trial, running.images_per_second
        attributes: dict[str, Any] = {"seconds": running.seconds, "reason": reason}
        if speeds:
            attributes["images_per_second"] = round(sum(speeds) / len(speeds))
        for name, value in attributes.items():
            trial.set_user_attr(name, value)
        value = running.score if state is TrialState.COMPLETE else None
        retried(lambda: self._study.tell(trial, value, state, skip_if_finished=True))
        self._running.pop(running.number, None)
        self._durations.append(running.seconds)
        self._emit(
            events.TrialEnded(
                trial=running.number,
                status={"FAIL": "failed"}.get(state.name, state.name.lower()),
                val_accuracy=running.score,
                epochs=len(running.curve),
                seconds=running.seconds,
                reason=reason,
            )
        )

    def _leave(self, outcome: Outcome) -> Outcome:
        """Stop all workers. Interrupted trials stay open; others are told."""
        for running in list(self._running.values()):
            self._dismiss(running)
            if outcome == "interrupted":
                running.trial.set_user_attr("status", "interrupted")
            else:
                self._tell(running, TrialState.PRUNED, outcome)
        self._drain()
        return outcome

    def _dismiss(self, running: Running) -> None:
        """Tell a trial's worker to leave it; until it has, its files are its own."""
        self._engine.stop(running.number)
        self._leaving.add(running.number)

    def _drain(self) -> None:
        """Wait for dismissed workers, a step of theirs at most, but not for ever."""
        patience = time.monotonic() + DRAIN_SECONDS
        while self._leaving and time.monotonic() < patience:
            self._listen()

    def _forget(self, number: int) -> None:
        """Delete the checkpoints of a trial that will not go on."""
        shutil.rmtree(self._plan.checkpoints(number), ignore_errors=True)

    def _clean_up(self) -> None:
        """Delete what a driver that died left of trials that will not go on."""
        open_trials = {str(trial.number) for trial in self._interrupted}
        for folder in self._plan.folder.glob("checkpoints/*"):
            if folder.name not in open_trials:
                shutil.rmtree(folder, ignore_errors=True)

    def _keep_if_best(self, running: Running, *, fold: int, epoch: int) -> None:
        """Keep a trial's weights if it now leads; of equals, the lowest number does."""
        score = running.score or 0.0
        if (score, -running.number) <= (self._best, -self._best_trial):
            return
        if keep(running, self._plan, self._study.study_name, fold=fold, epoch=epoch):
            self._best, self._best_trial = score, running.number
            folder = str(self._plan.folder / "best")
            self._emit(
                events.BestImproved(
                    trial=running.number, val_accuracy=score, folder=folder
                )
            )


def _curve(trial: FrozenTrial) -> list[float]:
    return [value for _, value in sorted(trial.intermediate_values.items())]
