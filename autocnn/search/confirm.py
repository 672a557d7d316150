"""The best few recipes trained again from fresh seeds: which is the best by its mean?

A single training may have been lucky, and the best of many trials has been. What is
known stands in the study; a confirmation that is broken off goes on.
"""

import dataclasses
import math
import statistics
import time
from collections.abc import Callable, Sequence

import optuna

from autocnn import events
from autocnn import recipe as recipes
from autocnn.events import Emit, EpochEnded
from autocnn.quantities import duration
from autocnn.search.beat import Beat
from autocnn.search.jobs import (
    ATTEMPTS,
    POLL_SECONDS,
    Engine,
    Job,
    JobEnded,
    Message,
    Remark,
)
from autocnn.search.kept import CONFIRM_FOLDER, forget
from autocnn.search.steering import Do, Steering
from autocnn.search.trials import Plan
from autocnn.store.confirmed import CONFIRMED, Confirmed
from autocnn.store.rows import StudySnapshot, TrialRow, snapshot

CANDIDATES = 3
"""Recipes, if nobody says otherwise."""
SEEDS = 3
SHARE = 0.25
"""Of the time that is left after a search, what this may take at most."""
FRESH = 1_000_000_000
"""Beside the seeds of trials, which are far lower."""

DO: Do = {
    "stop": lambda confirmation, _: confirmation.stop(),
    "finish": lambda *_: "the search ends after the final training",
}


@dataclasses.dataclass(slots=True)
class _Training:
    """One of them."""

    job: Job
    trial: int
    """Whose recipe it is."""
    seed: int
    scores: dict[tuple[int, int], float] = dataclasses.field(default_factory=dict)
    """val_accuracy by fold and epoch."""
    attempts: int = 1

    @property
    def score(self) -> float:
        """The best over its epochs, or the mean over its folds, at their last ones."""
        last = self.job.recipe.train.epochs
        folds = [s for (fold, at), s in self.scores.items() if fold and at == last]
        return statistics.mean(folds) if folds else max(self.scores.values())


class Confirmation:
    """One run of it; `run` returns when it is done, or was broken off."""

    def __init__(
        self, study: optuna.Study, plan: Plan, engine: Engine, emit: Emit
    ) -> None:
        """The engine's workers have nothing to do."""
        self._study, self._plan, self._engine, self._emit = study, plan, engine, emit
        self._jobs = engine.free()
        found = snapshot(study)
        self._rows = candidates(found, plan.confirm)
        self._confirmed = _begun(found, self._rows)
        self._folder = plan.folder / "checkpoints" / CONFIRM_FOLDER
        self._training: dict[int, _Training] = {}
        self._beat = Beat(study, plan.device, plan.begun)
        self._steering = Steering(study)
        self._asked = False

    def stop(self) -> str:
        """End now; it goes on another time."""
        self._asked = True
        return "the confirmation stops, and goes on another time"

    def run(self, stopping: Callable[[], bool]) -> bool:
        """Train what is still to be trained; False if it was broken off.

        Where it would take too long, it says so and leaves it.
        """
        if self._confirmed.complete or not self._affordable():
            return True
        waiting, told = self._missing(), False
        while waiting or self._training:
            self._steering.obey(self, DO)
            if not told and (self._asked or stopping()):
                waiting, told = [], True
                for number in self._training:
                    self._engine.stop(number)
            while waiting and self._engine.free():
                self._begin(waiting.pop(0))
            for message in self._engine.poll(POLL_SECONDS):
                self._hear(message)
            self._say()
        if self._confirmed.complete:
            forget(self._plan, CONFIRM_FOLDER)
        return self._confirmed.complete

    def _affordable(self) -> bool:
        """Whether there is time for it; if not, say so."""
        rows, trainings = self._rows, len(self._missing())
        longest = [
            (row.seconds or 0.0) / max(1, row.epochs) * (row.planned_epochs or 0)
            for row in rows
        ]
        takes = trainings * statistics.mean(longest or [0.0]) / max(1, self._jobs)
        left = max(0.0, self._plan.deadline - time.monotonic())
        if not rows or takes <= SHARE * left:
            return bool(rows)
        text = f"no confirmation: to train the best {len(rows)} recipes {SEEDS} times"
        much = f"would take {duration(takes)} of the {duration(left)} that are left"
        self._emit(events.Notice(text=f"{text} {much}"))
        return False

    def _missing(self) -> list[_Training]:
        """List what is still to be trained, the best recipe's first."""
        return [
            _Training(self._job(row, seed), row.trial, seed)
            for seed in range(SEEDS)
            for row in self._rows
            if seed not in self._confirmed.scores.get(row.trial, {})
        ]

    def _job(self, row: TrialRow, seed: int) -> Job:
        """The seed is the same for all of them: they differ by their recipes alone."""
        config = self._plan.config
        return Job(
            trial=SEEDS * row.trial + seed,
            recipe=recipes.loads(row.recipe),
            shape=config.shape,
            data=self._plan.data,
            folder=self._folder / f"{row.trial}-{seed}",
            seed=config.seed * 1_000 + FRESH + seed,
            split_seed=config.seed,
            folds=config.folds,
        )

    def _begin(self, training: _Training) -> None:
        self._training[training.job.trial] = training
        self._engine.submit(training.job)

    def _hear(self, message: Message) -> None:
        """Remember what each training came to, and write down how it ended."""
        training = self._training.get(message.trial)
        if training is None:
            return
        if isinstance(message, EpochEnded):
            training.scores[message.fold, message.epoch] = message.val_accuracy
        if isinstance(message, Remark):
            self._emit(events.Notice(text=message.text))
        if not isinstance(message, JobEnded):
            return
        if message.outcome == "lost" and training.attempts < ATTEMPTS:
            training.attempts += 1
            self._engine.submit(training.job)
            return
        del self._training[message.trial]
        if message.outcome == "unsaved":
            self._asked = True
            self._emit(events.Notice(text=message.reason))
        elif message.outcome != "stopped":
            score = training.score if message.outcome == "complete" else 0.0
            self._write(training, score)

    def _write(self, training: _Training, score: float) -> None:
        known = self._confirmed.scores.get(training.trial, {})
        scores = {**known, training.seed: score}
        self._confirmed = dataclasses.replace(
            self._confirmed,
            scores={**self._confirmed.scores, training.trial: scores},
        )
        self._study.set_user_attr(CONFIRMED, self._confirmed.to_dict())
        self._tell(training.trial)

    def _tell(self, trial: int) -> None:
        """Tell of a recipe when all its trainings are done."""
        if len(self._confirmed.scores[trial]) < SEEDS:
            return
        mean, error = self._confirmed.mean(trial)
        text = f"confirmed: trial {trial}'s recipe comes to {mean:.1%} ± {error:.1%}"
        more = f"{text} (mean of {SEEDS} fresh trainings ± standard error)"
        self._emit(events.Notice(text=more))

    def _say(self) -> None:
        left = self._plan.deadline - time.monotonic()
        self._beat.write(
            "confirming",
            jobs=self._jobs,
            trials=self._plan.trials or 0,
            seconds_left=lambda: left if left < math.inf else None,
            paces={},
        )


def chosen(found: StudySnapshot) -> TrialRow | None:
    """Choose the trial whose recipe has won: confirmed, if the best ones were."""
    confirmed = found.confirmed
    if confirmed is not None and confirmed.winner is not None:
        rows = candidates(found, len(confirmed.trials))
        if {row.trial for row in rows} == set(confirmed.trials):
            return next(row for row in rows if row.trial == confirmed.winner)
    return found.best()


def candidates(found: StudySnapshot, count: int) -> list[TrialRow]:
    """Choose the best trials whose recipes are known."""
    ranked = [row for row in found.ranked() if row.status != "failed" and row.recipe]
    return ranked[:count]


def _begun(found: StudySnapshot, rows: Sequence[TrialRow]) -> Confirmed:
    """Go on with what was confirmed of these recipes; others' results are of no use."""
    trials = tuple(row.trial for row in rows)
    known = found.confirmed
    if known is not None and known.seeds == SEEDS:
        kept = {t: s for t, s in known.scores.items() if t in trials}
        return Confirmed(trials=trials, seeds=SEEDS, scores=kept)
    return Confirmed(trials=trials, seeds=SEEDS)
