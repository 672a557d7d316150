"""The waist: an Optuna study as frozen rows that views show."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from autocnn.errors import NoResultError, RequestError
from autocnn.store.aim import check_accuracy, standard_error
from autocnn.store.command import Command, commands
from autocnn.store.confirmed import CONFIRMED, Confirmed
from autocnn.store.edition import check_edition
from autocnn.store.final import FINAL, Final
from autocnn.store.honest import ESTIMATE, Estimate, Opening, openings
from autocnn.store.state import STATE, SearchState

CONFIG = "autocnn:config"

STATUS: Mapping[TrialState, str] = {
    TrialState.COMPLETE: "complete",
    TrialState.RUNNING: "running",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.WAITING: "waiting",
}
Read = Callable[[FrozenTrial, int | None], "TrialRow"]
REFUSED = "refused"
UNDERWAY = ("running", "interrupted")


@dataclass(frozen=True, slots=True)
class Pause:
    """A time for which a trial waited at a rung; times in seconds since 1970."""

    since: float
    epochs: int
    """How many it had trained."""
    reason: str
    until: float | None = None
    """When it was promoted; None if it was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One trial as views show it."""

    trial: int
    state: str
    """Optuna's word, in lower case."""
    status: str
    """complete, running, paused, interrupted, pruned, failed, waiting, refused."""
    val_accuracy: float | None
    """The best over its epochs, or the mean over its folds."""
    val_standard_error: float | None
    """Binomial: of the images only, not of choosing the best of many."""
    epochs: int
    """Trained so far (with folds: folds)."""
    parameters: int | None
    flops: int | None
    """Of one image's forward pass."""
    seconds: float | None
    params: Mapping[str, Any]
    """What the sampler drew."""
    curve: tuple[float, ...]
    """val_accuracy of each epoch (or fold)."""
    reason: str
    recipe: str
    """As TOML; empty if it was never written out."""
    planned_epochs: int | None = None
    """How many its recipe has (with folds: folds)."""
    images_per_second: float | None = None
    started: float | None = None
    """When, in seconds since 1970."""
    ended: float | None = None
    origin: str = ""
    """Where it comes from if no sampler drew it."""
    promotions: int = 0
    """How often it went on after a pause."""
    pauses: tuple[Pause, ...] = ()
    epoch_ends: tuple[float, ...] = ()
    """When each value of the curve came, in seconds since 1970; of open trials only."""
    latency: float | None = None
    """Seconds that its network takes for one image, if that was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySnapshot:
    """A study at one moment."""

    name: str
    config: Mapping[str, Any]
    """What every trial shares; empty if autocnn did not make the study."""
    trials: tuple[TrialRow, ...]
    state: SearchState | None = None
    """What its driver said last."""
    commands: tuple[Command, ...] = ()
    """What people asked of it, the oldest first."""
    distributions: Mapping[str, BaseDistribution] = field(default_factory=dict)
    """What the last trial's values were drawn from."""
    final: Final | None = None
    """The last training of a winner's recipe after a search."""
    confirmed: Confirmed | None = None
    """What its best recipes came to when they were trained again."""
    estimate: Estimate | None = None
    """What its best network is expected to score on other images."""
    openings: tuple[Opening, ...] = ()
    """Of the sealed test set, the first one first."""
    unread: int = 0
    """How many more trials there are: these are some of the best, at first sight."""

    def ranked(self) -> list[TrialRow]:
        """Trials with a score, best first, earlier before later at a tie.

        Those that failed come last, whatever they scored before.
        """

        def place(row: TrialRow) -> tuple[bool, float, int]:
            return row.status == "failed", -(row.val_accuracy or 0.0), row.trial

        scored = [row for row in self.trials if row.val_accuracy is not None]
        return sorted(scored, key=place)

    def best(self) -> TrialRow | None:
        """The trial whose network is kept: the best that did not fail."""
        return next((row for row in self.ranked() if row.status != "failed"), None)

    def counts(self) -> dict[str, int]:
        """Count the trials of each status."""
        return dict(Counter(row.status for row in self.trials))

    @property
    def refused(self) -> int:
        """How many trials were drawn, but are not trained: they do not count."""
        return sum(row.status == REFUSED for row in self.trials)

    @property
    def total(self) -> int:
        """How many trials count, whatever has become of them."""
        return len(self.trials) - self.refused


def is_refused(trial: FrozenTrial) -> bool:
    """Say whether a trial was drawn, but is not trained: it does not count."""
    return trial.state.is_finished() and trial.user_attrs.get("status") == REFUSED


def snapshot(study: optuna.Study, read: Read | None = None) -> StudySnapshot:
    """Read all of a study, each trial as `row` does; or by `read`.

    A trial that only waits has no distributions yet.
    """
    read = read or row
    trials = study.get_trials(deepcopy=False)
    attributes = study.user_attrs
    directions = [direction.name for direction in study.directions]
    check_accuracy(study.study_name, directions)
    return compose(
        study.study_name,
        attributes,
        [read(trial, val_images(attributes)) for trial in trials],
        next((t.distributions for t in reversed(trials) if t.distributions), {}),
    )


def compose(
    name: str,
    attributes: Mapping[str, Any],
    rows: Sequence[TrialRow],
    distributions: Mapping[str, BaseDistribution],
) -> StudySnapshot:
    """Put a snapshot together; StudyError if a newer release wrote the study.

    RequestError if another program did, and it is not about an accuracy.
    """
    check_edition(name, attributes)
    if CONFIG not in attributes:
        values = (value for row in rows for value in (row.val_accuracy, *row.curve))
        check_accuracy(name, values=(value for value in values if value is not None))
    return StudySnapshot(
        name=name,
        config=attributes.get(CONFIG, {}),
        trials=tuple(rows),
        state=SearchState.from_dict(attributes.get(STATE)),
        commands=tuple(commands(attributes)),
        distributions=distributions,
        final=Final.from_dict(attributes.get(FINAL)),
        confirmed=Confirmed.from_dict(attributes.get(CONFIRMED)),
        estimate=Estimate.from_dict(attributes.get(ESTIMATE)),
        openings=openings(attributes),
    )


def val_images(attributes: Mapping[str, Any]) -> int | None:
    """Say how many images a study's accuracies were measured on, if it is known."""
    images = attributes.get(CONFIG, {}).get("val_images")
    return int(images) if images else None


def find_trial(snapshot: StudySnapshot, reference: str) -> TrialRow:
    """Look a trial up: ``17``, ``best``, or ``best-2`` for the second best."""
    ranked = [row for row in snapshot.ranked() if row.status != "failed"]
    match = re.fullmatch(r"best(?:-(\d+))?", reference)
    if match:
        rank = int(match[1] or 1)
        if 1 <= rank <= len(ranked):
            return ranked[rank - 1]
        raise NoResultError(
            f"study '{snapshot.name}' has {len(ranked)} scored trials, no {reference}",
            hint="let the search go on: run the same autocnn search again",
        )
    for row in snapshot.trials:
        if reference.lstrip("#") == str(row.trial):
            return row
    last = len(snapshot.trials) - 1
    numbers = f"a number from 0 to {last}, or " if last >= 0 else ""
    raise RequestError(
        f"study '{snapshot.name}' has no trial '{reference}'",
        hint=f"name it by {numbers}best, best-2, ...",
    )


def row(trial: FrozenTrial, images: int | None) -> TrialRow:
    """Read one trial; `images` are what its accuracy was measured on."""
    attributes = trial.user_attrs
    curve = tuple(value for _, value in sorted(trial.intermediate_values.items()))
    status = STATUS[trial.state]
    if status == "running":
        status = attributes.get("status", status)
    elif is_refused(trial):
        status = REFUSED
    score = _score(trial, curve, folds=bool(attributes.get("folds")))
    return TrialRow(
        trial=trial.number,
        state=trial.state.name.lower(),
        status=status,
        val_accuracy=score,
        val_standard_error=standard_error(score, images),
        epochs=len(curve),
        parameters=attributes.get("parameters"),
        flops=attributes.get("flops"),
        # What stands there was written when it paused last.
        seconds=None if status in UNDERWAY else attributes.get("seconds"),
        params=dict(trial.params),
        curve=curve,
        reason=attributes.get("reason", ""),
        recipe=attributes.get("recipe", ""),
        planned_epochs=attributes.get("folds", attributes.get("planned_epochs")),
        images_per_second=attributes.get("images_per_second"),
        started=_moment(trial.datetime_start),
        ended=_moment(trial.datetime_complete),
        origin=attributes.get("origin", ""),
        promotions=attributes.get("promotions", 0),
        pauses=tuple(Pause(*pause) for pause in attributes.get("pauses", ())),
        epoch_ends=_epoch_ends(trial, len(curve)),
        latency=attributes.get("latency"),
    )


def _epoch_ends(trial: FrozenTrial, epochs: int) -> tuple[float, ...]:
    if trial.state is not TrialState.RUNNING:
        return ()
    return tuple(epoch[0] for epoch in trial.user_attrs.get("epochs", ())[:epochs])


def _moment(time: datetime | None) -> float | None:
    return time.timestamp() if time else None


def _score(
    trial: FrozenTrial, curve: tuple[float, ...], *, folds: bool
) -> float | None:
    if trial.state is TrialState.COMPLETE:
        return trial.value
    if not curve:
        return None
    return sum(curve) / len(curve) if folds else max(curve)
