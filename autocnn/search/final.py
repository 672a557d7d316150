"""The end of a search: the winner's recipe, trained for good.

Longer than any trial, and with all that the machine has. Where it stands is in the
study and in its checkpoint, so it may be broken off, and goes on.
"""

import dataclasses
import math
import statistics
import time
from collections.abc import Callable, Mapping

import optuna

from autocnn import durable, events
from autocnn import recipe as recipes
from autocnn.events import Emit, EpochEnded
from autocnn.nets.net import summarize
from autocnn.processes import threads_of
from autocnn.search import best, winner
from autocnn.search.beat import Beat
from autocnn.search.hands import Outcome
from autocnn.search.jobs import (
    ATTEMPTS,
    POLL_SECONDS,
    Engine,
    Job,
    JobEnded,
    Progress,
    Remark,
)
from autocnn.search.kept import FINAL_FOLDER, forget
from autocnn.search.steering import Do, Steering
from autocnn.search.trials import Plan
from autocnn.store.final import FINAL, Final, Status
from autocnn.store.rows import snapshot
from autocnn.store.state import Pace
from autocnn.train import answers
from autocnn.train.attempt import answers_file, weights_file

MOST_EPOCHS = 100
RECENT = 3
"""Epochs by which its pace is judged."""
LOOK = 0.9
"""Of the time that was left, what is when its epochs are looked at again."""
MARGIN = 0.95
"""Of the time that is left, what is planned: a machine may become slower."""

DO: Do = {
    "stop": lambda final, _: final.stop(),
    "finish": lambda *_: "the search ends after the final training",
}


class FinalTraining:
    """One run of it; `run` returns when it is done, or was broken off."""

    def __init__(
        self, study: optuna.Study, plan: Plan, engine: Engine, emit: Emit, final: Final
    ) -> None:
        """The engine has one worker, with all the cores or a GPU for itself."""
        self._study, self._plan, self._engine, self._emit = study, plan, engine, emit
        self._final = dataclasses.replace(final, threads=threads_of(1))
        found = snapshot(study)
        self._row = next(row for row in found.trials if row.trial == final.trial)
        folder = plan.folder / "checkpoints"
        self._folder = folder / FINAL_FOLDER
        kept = best.kept_score(plan.folder / "best", found)
        self._kept = best.score_to_beat(kept, found)
        self._beat = Beat(study, plan.device, plan.begun, checkpoints=folder)
        self._steering = Steering(study)
        self._asked = False
        self._pace: Pace | None = None
        self._recent: list[float] = []
        """Seconds of its last epochs."""
        until = plan.deadline - time.monotonic()
        self._look = LOOK * until if until < math.inf else 0.0
        """Seconds left, with which it is seen whether its epochs fit."""

    def stop(self) -> str:
        """End now; it goes on another time."""
        self._asked = True
        return "the final training stops, and goes on another time"

    def run(self, outcome: Outcome, stopping: Callable[[], bool]) -> Outcome:
        """Train to the end; return how the search ended, as the study says too.

        That is `outcome`, which it came to before, or ``interrupted``.
        """
        if not self._final.done:
            forget(self._plan, FINAL_FOLDER)
        self._write("running")
        self._announce()
        status, reason = self._train(stopping)
        self._write(status, reason)
        if status == "interrupted":
            outcome = "interrupted"
        else:
            self._tell()
            forget(self._plan, FINAL_FOLDER)
        self._say(outcome, over=True)
        return outcome

    def _train(self, stopping: Callable[[], bool]) -> tuple[Status, str]:
        """Listen to the worker until it is done or is to leave."""
        attempts, told = 1, False
        self._engine.submit(self._job())
        while True:
            self._steering.obey(self, DO)
            leaves = self._asked or stopping()
            if not told and (leaves or self._misfits()):
                told = True
                self._engine.stop(self._final.trial)
            for message in self._engine.poll(POLL_SECONDS):
                match message:
                    case EpochEnded():
                        self._hear(message)
                    case Progress():
                        self._pace = Pace(message.epoch, round(message.share, 3))
                    case Remark():
                        self._emit(events.Notice(text=message.text))
                    case JobEnded(outcome="complete"):
                        return "complete", ""
                    case JobEnded(outcome="unsaved"):
                        self._emit(events.Notice(text=message.reason))
                        return "interrupted", ""
                    case JobEnded() if told and leaves:
                        return "interrupted", ""
                    case JobEnded() if told:
                        told = False
                        self._replan()
                    case JobEnded(outcome="lost") if attempts < ATTEMPTS:
                        attempts += 1
                        text = "the final training goes on from its checkpoint: "
                        self._emit(events.Notice(text=text + message.reason))
                        self._engine.submit(self._job())
                    case JobEnded():
                        return "failed", message.reason
            self._say()

    def _misfits(self) -> bool:
        """Say whether another number of epochs fits better into the time.

        Looked at as time passes, not as epochs do: to go on with other epochs takes a
        start, which on a fast device is longer than an epoch.
        """
        left = self._plan.deadline - time.monotonic()
        # Within an epoch, what was trained of it would be lost.
        begun = self._pace is not None and self._pace.share > 0
        if begun or not self._recent or left > self._look:
            return False
        self._look = LOOK * left
        return self._fitting(left) != self._final.epochs

    def _fitting(self, left: float) -> int:
        """Say how many epochs it can have; as many as planned, if about that many.

        The rate falls to zero with the last one: to be cut short costs more than to
        have fewer. In its second half it gets no more.
        """
        done, epochs = self._final.done, self._final.epochs
        more = max(0.0, left) / statistics.mean(self._recent)
        if done + more < epochs - 1:
            return done + max(1, int(more))
        if done < epochs / 2 and done + MARGIN * more > epochs + max(2, epochs / 10):
            return min(MOST_EPOCHS, done + int(MARGIN * more))
        return epochs

    def _replan(self) -> None:
        """Go on with as many epochs as there is time for."""
        done, before = self._final.done, self._final.epochs
        left = self._plan.deadline - time.monotonic()
        epochs = max(done + 1, self._fitting(left))
        if epochs != before:
            changes = (*self._final.replanned, (done, before))
            self._final = dataclasses.replace(
                self._final, epochs=epochs, replanned=changes
            )
            self._write("running")
            how = "faster" if epochs > before else "slower"
            text = f"the machine has become {how}: the final training has"
            self._emit(events.Notice(text=f"{text} {epochs} epochs now"))
        self._engine.submit(self._job())

    def _job(self) -> Job:
        recipe, config = recipes.loads(self._row.recipe), self._plan.config
        return winner.job(
            self._final, recipe, config, data=self._plan.data, folder=self._folder
        )

    def _hear(self, epoch: EpochEnded) -> None:
        """Write an epoch down, and keep its network if it now leads."""
        if epoch.epoch != self._final.done + 1:
            return
        self._emit(dataclasses.replace(epoch, final=True))
        self._recent = [*self._recent, epoch.seconds][-RECENT:]
        self._pace = Pace(
            min(epoch.epoch + 1, epoch.epochs), 0.0, 0, epoch.images_per_second
        )
        scores = () if self._final.on_val else (epoch.val_accuracy,)
        self._final = dataclasses.replace(
            self._final,
            curve=(*self._final.curve, *scores),
            val_images=self._final.val_images or self._judged_by(),
            done=epoch.epoch,
            seconds=epoch.trained_seconds,
        )
        self._write("running")
        last = epoch.epoch == epoch.epochs
        # Of equals, the one trained for longer.
        if last if self._final.on_val else epoch.val_accuracy >= self._kept:
            self._keep(epoch)

    def _judged_by(self) -> int | None:
        """Count the validation images that its worker has scored."""
        said = durable.until_read(lambda: answers.read(answers_file(self._folder)))
        return None if said is None else len(said.logits)

    def _keep(self, epoch: EpochEnded) -> None:
        on_val, every = self._final.on_val, self._plan.config.val_images
        card = best.card(
            self._plan.info,
            trial=self._final.trial,
            val_accuracy=None if on_val else epoch.val_accuracy,
            val_images=0 if on_val else self._final.val_images or every,
            study=self._study.study_name,
            parameters=self._row.parameters,
            seed=self._job().seed,
            epoch=epoch.epoch,
            final=True,
            on_val=on_val,
        )
        recipe = dataclasses.replace(self._job().recipe, shape=self._plan.config.shape)
        weights = weights_file(self._folder, 0, epoch.epoch)
        try:
            path = answers_file(self._folder)
            said = None if on_val else durable.until_read(lambda: answers.read(path))
            folder = self._plan.folder / "best"
            durable.until_written(
                lambda: best.keep(folder, weights, recipe, card, said)
            )
        except FileNotFoundError:
            return  # an earlier epoch is as good, or a later one is better
        self._kept = math.inf if on_val else epoch.val_accuracy

    def _write(self, status: Status, reason: str = "") -> None:
        final = dataclasses.replace(self._final, status=status, reason=reason)
        self._final = final
        self._study.set_user_attr(FINAL, final.to_dict())

    def _announce(self) -> None:
        summary = summarize(self._job().recipe, self._plan.config.shape)
        self._emit(
            events.FinalStarted(
                trial=self._final.trial,
                parameters=summary.parameters,
                flops=summary.flops,
                epochs=self._final.epochs,
                epochs_done=self._final.done,
                seconds_left=self._seconds_left(),
            )
        )

    def _tell(self) -> None:
        """Tell how it ended."""
        score, on_val = self._final.val_accuracy, self._final.on_val
        if self._final.status == "failed" or (score is None and not on_val):
            text = f"the final training failed: {self._final.reason}"
            self._emit(events.Notice(text=f"{text}; the best trial's network is kept"))
            return
        self._emit(
            events.FinalEnded(
                trial=self._final.trial,
                val_accuracy=score,
                epochs=self._final.done,
                seconds=self._final.seconds,
                kept=score is None or score >= self._kept,
            )
        )

    def _seconds_left(self) -> float | None:
        left = self._final.epochs - self._final.done
        share = self._pace.share if self._pace else 0.0
        if self._recent:
            return max(0.0, (left - share) * statistics.mean(self._recent))
        until = self._plan.deadline - time.monotonic()
        return MARGIN * max(0.0, until) if until < math.inf else None

    def _say(self, outcome: str = "", *, over: bool = False) -> None:
        paces: Mapping[int, Pace] = {}
        if self._pace and not over:
            paces = {self._final.trial: self._pace}
        self._beat.write(
            "ended" if over else "final",
            jobs=1,
            trials=self._plan.trials or 0,
            seconds_left=self._seconds_left,
            paces=paces,
            outcome=outcome,
        )
