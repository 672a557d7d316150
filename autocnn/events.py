"""What is happening in a search. Losing an event only makes a view less fresh."""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStarted:
    """The driver holds the study and is about to start workers."""

    study: str
    data: str
    storage: str
    device: str
    jobs: int
    sampler: str
    pruner: str
    epochs: int
    trials: int
    """The total that the study is to reach; 0: as many as there is time for."""
    done: int
    """How many of them were there before."""
    resumed: tuple[int, ...] = ()
    """Trials that were interrupted and go on."""
    limits: str = ""
    """What its networks may cost, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialStarted:
    """A worker has the trial's recipe; `epochs_done` of its epochs came before."""

    trial: int
    parameters: int
    flops: int
    """Of one image's forward pass."""
    epochs: int
    epochs_done: int
    params: dict[str, Any]
    epoch_seconds: float | None = None
    """Predicted, of each of its epochs; None where the machine's speed is unknown."""
    seconds_left: float | None = None
    """Until the whole search ends, as far as can be told now."""
    promotions: int = 0
    """How often it has gone on after a pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEnded:
    """One pass over the training images has been trained and scored."""

    trial: int
    epoch: int
    """Counted from 1."""
    epochs: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    """Fraction of validation images classified correctly, 0 to 1; not a number, as the
    loss, where none are held out."""
    seconds: float
    trained_seconds: float
    """Of all the trial's epochs so far, those before an interruption included."""
    images_per_second: float
    fold: int = 0
    """Counted from 1; 0 without cross-validation."""
    final: bool = False
    """Whether it is of the final training of this trial's recipe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPaused:
    """A trial waits at a rung with its checkpoint; it may be promoted later."""

    trial: int
    val_accuracy: float | None
    """The best over its epochs."""
    epochs: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded:
    """A trial is complete, pruned or failed; or refused: it was never begun."""

    trial: int
    status: str
    val_accuracy: float | None
    """The best over its epochs, or the mean over its folds."""
    epochs: int
    """Trained (with folds: folds)."""
    seconds: float
    reason: str = ""
    folds: int = 0
    """In how many it is cross-validated; 0: it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BestImproved:
    """A trial's network is the best so far and has been kept."""

    trial: int
    val_accuracy: float
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalStarted:
    """The winner's recipe is trained for good, with all that the machine has."""

    trial: int
    """Whose recipe it is."""
    parameters: int
    flops: int
    """Of one image's forward pass."""
    epochs: int
    epochs_done: int
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalEnded:
    """The winner's recipe was trained for good."""

    trial: int
    val_accuracy: float | None
    """The best over its epochs; None if it was trained on the validation images."""
    epochs: int
    seconds: float
    kept: bool
    """Whether its network is the one kept: it has no score, or the best of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the best network is worth on images that had no part in the search."""

    val_accuracy: float | None
    """As it was chosen by."""
    corrected: float | None
    """The same without what choosing the best adds."""
    corrected_interval: tuple[float, float] | None
    """Where its accuracy on so many test images is expected, with 95 %."""
    test_accuracy: float | None
    """None: the test set is sealed."""
    test_interval: tuple[float, float] | None
    """Wilson's, 95 %."""
    test_images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something a person should know."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEnded:
    """No worker trains any more."""

    study: str
    outcome: str
    """complete, nothing fits, time is up, target reached, no more gain expected,
    interrupted, or failed."""
    trials: int
    """Without those that were refused."""
    best: int | None
    val_accuracy: float | None
    seconds: float
    counts: dict[str, int] = field(default_factory=dict)
    """How many trials have each status."""


Event = (
    SearchStarted
    | TrialStarted
    | EpochEnded
    | TrialPaused
    | TrialEnded
    | BestImproved
    | FinalStarted
    | FinalEnded
    | Verdict
    | Notice
    | SearchEnded
)
Emit = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Let it pass."""


def to_dict(event: Event) -> dict[str, Any]:
    """Write an event as plain values; `event` holds its kind, as ``epoch_ended``."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    return {"event": kind} | dataclasses.asdict(event)
