"""What recipes came to when they were trained again, as their study tells of it."""

import dataclasses
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CONFIRMED = "autocnn:confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The best few recipes of a search, each trained again from fresh seeds."""

    trials: tuple[int, ...]
    """Whose recipes they are, the best first."""
    seeds: int
    """How often each is trained."""
    scores: Mapping[int, Mapping[int, float]] = field(default_factory=dict)
    """By trial and seed, counted from 0: val_accuracy of each training so far; of one
    that failed, 0."""

    @property
    def complete(self) -> bool:
        """Whether all of them are trained."""
        return all(len(self.scores.get(t, ())) >= self.seeds for t in self.trials)

    @property
    def winner(self) -> int | None:
        """The trial whose recipe is best by its mean; None before all are trained."""
        if not self.complete:
            return None
        return max(self.trials, key=lambda trial: self.mean(trial)[0], default=None)

    def mean(self, trial: int) -> tuple[float, float]:
        """Give the mean of a recipe's scores and its standard error over seeds."""
        scores = list(self.scores[trial].values())
        spread = statistics.stdev(scores) if len(scores) > 1 else 0.0
        return statistics.mean(scores), spread / len(scores) ** 0.5

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, document: Any) -> "Confirmed | None":
        """Read it; None if there is none, or one that cannot be understood."""
        try:
            return cls(
                trials=tuple(map(int, document["trials"])),
                seeds=int(document["seeds"]),
                scores={
                    int(trial): {int(seed): float(s) for seed, s in scores.items()}
                    for trial, scores in document["scores"].items()
                },
            )
        except (TypeError, ValueError, KeyError, AttributeError):
            return None
