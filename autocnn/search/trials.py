"""One trial in the driver's hands: drawn, written out, told of, scored."""

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna import Study
from optuna.trial import FrozenTrial, Trial

from autocnn import durable
from autocnn import recipe as recipes
from autocnn.data.images import DataInfo
from autocnn.events import EpochEnded
from autocnn.locations import Location
from autocnn.nets.net import NetSummary, summarize
from autocnn.quantities import ordinal
from autocnn.recipe import Recipe
from autocnn.search import best
from autocnn.search import space as spaces
from autocnn.search.jobs import Job
from autocnn.search.patience import Patience
from autocnn.search.rungs import rungs
from autocnn.search.study import StudyConfig
from autocnn.store.state import Pace
from autocnn.train import answers
from autocnn.train.answers import Answers
from autocnn.train.attempt import answers_file, weights_file
from autocnn.train.cost import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one run of a search is to do."""

    config: StudyConfig
    info: DataInfo
    data: Path
    """The prepared data set's folder."""
    folder: Path
    """The study's own: checkpoints and the best network."""
    trials: int | None
    """In total, those of earlier runs included; None: as many as there is time for."""
    location: Location | None = None
    """Where machines that do not share the folders of this one find their files."""
    target: float | None = None
    """The val_accuracy, 0 to 1, at which the search may end."""
    patience: Patience = None
    trial_timeout: float = math.inf
    """Seconds that a trial may train."""
    begun: float = field(default_factory=time.monotonic)
    """When this run was, by time.monotonic()."""
    deadline: float = math.inf
    """By the same clock."""
    final: bool = False
    """Whether the winner's recipe is trained for good after the search."""
    on_val: bool = False
    """Whether that one is trained on the validation images, too."""
    confirm: int = 0
    """How many of the best recipes are trained again before that."""
    final_seconds: float = 0.0
    """What is kept back for that, before the deadline."""
    device: str = ""
    """What trains, as a person knows it."""
    prices: Calibration | None = None
    """What work costs on this machine, if that was measured."""
    typical_epoch: Callable[[], float | None] = lambda: None
    """Predicts the seconds of an epoch of the space's median network; takes one."""
    latency: Callable[[Recipe], float | None] = lambda _: None
    """Measures the seconds that a recipe's network takes for one image."""
    epoch_alone: Callable[[Recipe], float | None] = lambda _: None
    """Measures the seconds of an epoch that has the machine for itself."""

    @property
    def rungs(self) -> list[int]:
        """The epochs at which trials pause unless they are among the best third."""
        halves = self.config.pruner == "asha" and not self.config.folds
        return rungs(self.config.epochs) if halves else []

    def checkpoints(self, trial: int) -> Path:
        """Say where a trial's state lies while it is not finished."""
        return self.folder / "checkpoints" / str(trial)


@dataclass(slots=True)
class Running:
    """A trial that a worker trains, or is about to."""

    trial: Trial
    curve: list[float]
    """What the study knows: val_accuracy of each epoch, or of each fold."""
    folds: int
    job: Job | None = None
    summary: NetSummary | None = None
    attempts: int = 1
    pauses: list[list[Any]] = field(default_factory=list)
    """Of each: when it began, after how many epochs, why, and when it ended or None;
    times in seconds since 1970."""
    fills: bool = False
    """Whether it goes on only because its worker would else be idle."""
    seconds: float = 0.0
    last_epoch_seconds: float = 0.0
    log: list[list[float]] = field(default_factory=list)
    """Of each value in the curve: when it came, in seconds since 1970, train_loss,
    train_accuracy, val_loss, seconds, images_per_second."""
    pace: Pace | None = None
    """Where it is within its epoch."""
    images_per_second: list[float] = field(default_factory=list)

    @property
    def number(self) -> int:
        """The trial's number in its study."""
        return self.trial.number

    @property
    def promotions(self) -> int:
        """How often it went on after a pause."""
        return sum(until is not None for *_, until in self.pauses)

    @property
    def score(self) -> float | None:
        """The best over its epochs, or the mean over its folds."""
        if not self.curve:
            return None
        return sum(self.curve) / len(self.curve) if self.folds else max(self.curve)

    @property
    def leading(self) -> tuple[int, int]:
        """The fold (0: there are none) and the epoch of the network that is kept."""
        best = 1 + self.curve.index(max(self.curve))
        if not self.folds:
            return 0, best
        assert self.job is not None
        return best, self.job.recipe.train.epochs

    @property
    def trained(self) -> bool:
        """Whether it has had all its epochs; of folds only their worker knows."""
        if self.job is None or self.folds:
            return False
        return len(self.curve) == self.job.recipe.train.epochs


def reattached(study: Study, frozen: FrozenTrial, plan: Plan) -> Running:
    """Take a trial of an earlier run up again, under its own number."""
    trial = Trial(study, frozen._trial_id)
    curve = curve_of(frozen)
    # An epoch is logged before it is reported: a driver may die in between.
    log = list(frozen.user_attrs.get("epochs", []))[: len(curve)]
    running = Running(trial, curve, plan.config.folds, log=log)
    running.pauses = list(frozen.user_attrs.get("pauses", []))
    running.seconds = sum(epoch[4] for epoch in log)
    running.last_epoch_seconds = log[-1][4] if log else 0.0
    return running


def pause(running: Running, reason: str) -> None:
    """Write into the study that a trial waits since its last epoch, and why."""
    epochs = len(running.curve)
    if running.pauses and running.pauses[-1][1] == epochs:
        del running.pauses[-1]  # it was to go on, but came no farther
    since = running.log[-1][0] if running.log else round(time.time(), 2)
    running.pauses.append([since, epochs, reason, None])
    running.pace, running.fills = None, False
    _write(running, "paused", reason=reason, seconds=running.seconds)


def promote(running: Running) -> None:
    """Write into the study that a paused trial goes on."""
    running.pauses[-1][-1] = round(time.time(), 2)
    running.attempts = 1
    _write(running, "running", reason="", promotions=running.promotions)


def _write(running: Running, status: str, **attributes: Any) -> None:
    """Write the status last: where it is, all is."""
    attributes |= {"pauses": running.pauses, "status": status}
    for name, value in attributes.items():
        running.trial.set_user_attr(name, value)


def curve_of(trial: FrozenTrial) -> list[float]:
    """Read the values that a trial reported, in order."""
    return [value for _, value in sorted(trial.intermediate_values.items())]


def prepare(running: Running, plan: Plan) -> Job:
    """Write a trial's recipe out and into the study, before anything is trained.

    RequestError if what was drawn cannot be built for the images.
    """
    config, trial = plan.config, running.trial
    values = spaces.draw(config.space, trial)
    text = trial.user_attrs.get("recipe")
    recipe = config.recipe(values) if text is None else recipes.loads(text)
    summary = summarize(recipe, config.shape)
    seed = config.seed * 1_000 + trial.number
    if text is None:
        _describe(trial, recipe, summary, seed, config.folds)
    running.summary = summary
    running.job = Job(
        trial=trial.number,
        recipe=recipe,
        shape=config.shape,
        data=plan.data,
        folder=plan.checkpoints(trial.number),
        seed=seed,
        split_seed=config.seed,
        folds=config.folds,
        most_seconds=plan.trial_timeout,
        reported=len(running.curve),
    )
    return running.job


def keep(running: Running, plan: Plan, study: str, folder: Path) -> bool:
    """Keep a trial's network in a folder; False if its weights are gone already.

    They are when a later epoch was better still: its own message is on its way.
    """
    job, summary, score = running.job, running.summary, running.score
    assert job is not None
    assert summary is not None
    assert score is not None
    fold, epoch = running.leading
    weights = weights_file(job.folder, fold, epoch)
    card = best.card(
        plan.info,
        trial=running.number,
        val_accuracy=score,
        val_images=plan.config.val_images,
        study=study,
        parameters=summary.parameters,
        seed=job.seed,
        **({"folds": running.folds, "fold": fold} if fold else {"epoch": epoch}),
    )
    recipe = dataclasses.replace(job.recipe, shape=plan.config.shape)
    try:
        best.keep(folder, weights, recipe, card, _answers(job))
    except FileNotFoundError:
        return False
    return True


def _answers(job: Job) -> Answers | None:
    """Read what its network says of the validation images, of all folds if so many."""
    if not job.folds:
        return _said(answers_file(job.folder))
    folds = range(1, job.folds + 1)
    found = [_said(answers_file(job.folder, fold)) for fold in folds]
    known = [each for each in found if each is not None]
    return answers.joined(known) if len(known) == job.folds else None


def _said(path: Path) -> Answers | None:
    return durable.until_read(lambda: answers.read(path))


def logged(epoch: EpochEnded) -> list[float]:
    """Write down what views show of an epoch besides its val_accuracy."""
    return [
        round(time.time(), 2),
        round(epoch.train_loss, 5),
        round(epoch.train_accuracy, 5),
        round(epoch.val_loss, 5),
        round(epoch.seconds, 3),
        round(epoch.images_per_second, 1),
    ]


def standing(value: float, others: list[float]) -> str:
    """Say where a value stands among all at its step, itself included: 3rd of 11."""
    rank = 1 + sum(other > value for other in others)
    return f"{ordinal(rank)} of {len(others)}"


def _describe(
    trial: Trial, recipe: Recipe, summary: NetSummary, seed: int, folds: int
) -> None:
    attributes: dict[str, Any] = {
        "parameters": summary.parameters,
        "flops": summary.flops,
        "key": recipe.key,
        "seed": seed,
        "planned_epochs": recipe.train.epochs,
        "layers": [
            [layer.name, list(layer.output), layer.parameters, layer.flops]
            for layer in summary.layers
        ],
    }
    if folds:
        attributes["folds"] = folds
    # The last one written: where it is, all are.
    attributes["recipe"] = recipes.dumps(dataclasses.replace(recipe, shape=None))
    for name, value in attributes.items():
        trial.set_user_attr(name, value)
