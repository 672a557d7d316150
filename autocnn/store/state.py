"""What the driver says of itself in the study, for whoever watches it from anywhere."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

STATE = "autocnn:state"
BEAT_SECONDS = 2.0
"""How often a driver says that it is there."""

Phase = Literal[
    "starting",
    "searching",
    "pausing",
    "paused",
    "stopping",
    "confirming",
    "final",
    "ended",
]
"""`confirming`: the best recipes are trained again; `final`: the winner's, for good."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Where a running trial is within its epoch."""

    epoch: int
    """Of its recipe's, counted from 1: the one being trained."""
    share: float
    """Of that epoch's steps, 0 to 1."""
    fold: int = 0
    images_per_second: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the machine of the driver is doing."""

    cpu: float
    """Of all its cores, 0 to 1."""
    cores: int
    memory: int
    """Bytes in use."""
    memory_total: int
    device_memory: int = 0
    """Bytes in use on the GPUs."""
    device_memory_total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchState:
    """One search at one moment, by its driver's own words."""

    phase: Phase
    beat: int
    """Goes up while the driver lives; a viewer times it by its own clock."""
    host: str
    pid: int
    version: str
    device: str
    jobs: int
    trials: int
    """The total that the study is to reach; 0: as many as there is time for."""
    seconds: float
    """Since this run of the search began."""
    earlier_seconds: float = 0.0
    """Of the runs before."""
    seconds_left: float | None = None
    outcome: str = ""
    """When ended: complete, nothing fits, time is up, target reached, no more gain
    expected, interrupted, or failed."""
    notice: str = ""
    """The last thing that a person should know."""
    rungs: tuple[int, ...] = ()
    """The epochs at which trials are judged against each other."""
    paces: Mapping[int, Pace] = field(default_factory=dict)
    load: Load | None = None
    checkpoint_bytes: int = 0
    """On the disk, of trials that are not over."""

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, document: Any) -> "SearchState | None":
        """Read it; None if another version wrote what cannot be understood."""
        try:
            values = dict(document)
            values["paces"] = {
                int(trial): Pace(**pace)
                for trial, pace in values.get("paces", {}).items()
            }
            values["rungs"] = tuple(values.get("rungs", ()))
            values["load"] = Load(**values["load"]) if values.get("load") else None
            state = cls(**values)
        except (TypeError, ValueError, KeyError, AttributeError):
            return None
        return state if state.phase in get_args(Phase) else None
