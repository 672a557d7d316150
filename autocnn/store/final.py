"""The training of the winner's recipe after a search, as its study tells of it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

FINAL = "autocnn:final"

Status = Literal["running", "interrupted", "complete", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """A recipe of the study, trained longer and with all the machine, as far as it is.

    It is no trial: its epochs are others, so it is compared with none.
    """

    trial: int
    """Whose recipe it is."""
    epochs: int
    """How many it is to have."""
    replanned: tuple[tuple[int, int], ...] = ()
    """After which epoch it was to have more or fewer, by the time that was left, and
    how many it was to have before: its schedule is that of so many until then."""
    status: Status = "running"
    curve: tuple[float, ...] = ()
    """val_accuracy of each epoch; empty if it is trained `on_val`."""
    on_val: bool = False
    """Whether it is trained on the validation images, too."""
    val_images: int | None = None
    """How many it is scored on, if it is known: with folds, those of one split."""
    done: int = 0
    """Epochs that it has."""
    seconds: float = 0.0
    reason: str = ""
    """Why it failed."""
    threads: int | None = None
    """Of its worker, the last time; None if that is not known."""

    def __post_init__(self) -> None:
        """Count the epochs of one that was written before they were."""
        object.__setattr__(self, "done", max(self.done, len(self.curve)))

    @property
    def val_accuracy(self) -> float | None:
        """The best over its epochs."""
        return max(self.curve, default=None)

    def judged_by(self, config: Mapping[str, Any]) -> int | None:
        """Say how many images it is scored on, in a study of these settings."""
        return self.val_images or config.get("val_images")

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, document: Any) -> "Final | None":
        """Read it; None if there is none, or one that cannot be understood."""
        try:
            final = cls(**document)
            curve = tuple(map(float, final.curve))
            replanned = tuple((int(at), int(n)) for at, n in final.replanned)
            final = dataclasses.replace(final, curve=curve, replanned=replanned)
        except (TypeError, ValueError, KeyError):
            return None
        return final if final.status in get_args(Status) else None
