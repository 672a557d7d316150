"""What a study says of its winner's true accuracy: corrected, and on the test set.

The test set is opened once. Every opening is written down, so that a second one can be
told from the first, which is the only one that nobody could have chosen by.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

TEST = "autocnn:test"
ESTIMATE = "autocnn:estimate"
METHOD = "bootstrap bias correction (arXiv:1708.07180)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a chosen network is expected to score on images that nobody chose by."""

    val_accuracy: float
    """As it was chosen by: the best of all, 0 to 1."""
    corrected: float
    interval: tuple[float, float]
    """Where its accuracy on so many test images is expected, with 95 %."""
    test_images: int
    networks: int
    """Among so many trainings it was chosen: those whose answers are kept."""
    epochs: int
    """And among so many of their epochs."""

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values."""
        return dataclasses.asdict(self)

    def to_card(self) -> dict[str, Any]:
        """Write it as a network's card has it."""
        return {
            "val_accuracy_corrected": self.corrected,
            "corrected_interval": list(self.interval),
            "corrected_by": METHOD,
        }

    @classmethod
    def from_dict(cls, document: Any) -> "Estimate | None":
        """Read it; None if there is none, or one that cannot be understood."""
        try:
            low, high = document["interval"]
            return cls(**{**document, "interval": (float(low), float(high))})
        except (TypeError, ValueError, KeyError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One scoring of a network on the sealed test set."""

    trial: int | None
    """Whose recipe the network has."""
    final: bool
    """Whether it is from the final training."""
    weights: str
    """The SHA-256 of its file."""
    accuracy: float
    interval: tuple[float, float]
    """Wilson's, 95 %."""
    images: int
    at: float
    """When, in seconds since 1970."""

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values."""
        return dataclasses.asdict(self)

    def to_card(self) -> dict[str, Any]:
        """Write it as a network's card has it."""
        return {
            "test_accuracy": self.accuracy,
            "test_interval": list(self.interval),
            "test_images": self.images,
        }

    @classmethod
    def from_dict(cls, document: Any) -> "Opening":
        """Read what `to_dict` wrote; TypeError or ValueError if it is no such thing."""
        low, high = document["interval"]
        return cls(**{**document, "interval": (float(low), float(high))})


def openings(attributes: Any) -> tuple[Opening, ...]:
    """Read how often the test set was opened, and what was found, from attributes."""
    try:
        return tuple(Opening.from_dict(each) for each in attributes.get(TEST, ()))
    except (TypeError, ValueError, KeyError):
        return ()
