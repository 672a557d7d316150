"""What the runs of a search ran on and with, as their study tells."""

import dataclasses
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import optuna

from autocnn import __version__
from autocnn.processes import processor
from autocnn.storage import hide_password

ENVIRONMENT = "autocnn:environment"
MOST_RUNS = 50
"""The last ones are told."""
PACKAGES = ("torch", "numpy", "optuna", "safetensors")
DECISIVE = ("torch", "kind", "device", "processor", "threads")
"""What numbers depend on, down to their last bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What a run of a search ran on, and with."""

    since: float
    """When it began, in seconds since 1970; later ones that are alike are not told."""
    words: tuple[str, ...]
    """How the program was called, without passwords."""
    versions: Mapping[str, str]
    """Of Python, autocnn and what it computes with."""
    system: str
    processor: str
    """The model of the CPU."""
    device: str
    """What trained, as a person knows it."""
    kind: str
    """The same as PyTorch's word: cpu, cuda, mps."""
    jobs: int
    """Trials at once."""
    threads: int
    """Of each worker."""

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Environment":
        """Read what `to_dict` wrote."""
        return cls(**{**document, "words": tuple(document["words"])})


def environment(*, device: str, kind: str, jobs: int, threads: int) -> Environment:
    """Describe this process, that trains on a device in so many workers."""
    program, *words = sys.argv or [""]
    return Environment(
        since=round(time.time(), 2),
        words=(Path(program).name, *map(hide_password, words)),
        versions={
            "python": platform.python_version(),
            "autocnn": __version__,
            **{name: metadata.version(name) for name in PACKAGES},
        },
        system=platform.platform(),
        processor=processor(),
        device=device,
        kind=kind,
        jobs=jobs,
        threads=threads,
    )


def record(study: optuna.Study, found: Environment) -> None:
    """Add it to what the study tells, unless its last run was just like it."""
    known = list(environments(study.user_attrs))
    if known and dataclasses.replace(found, since=known[-1].since) == known[-1]:
        return
    told = [each.to_dict() for each in (*known, found)][-MOST_RUNS:]
    study.set_user_attr(ENVIRONMENT, told)


def environments(attributes: Mapping[str, Any]) -> tuple[Environment, ...]:
    """Read what a study tells of its runs, the first one first."""
    try:
        told = attributes.get(ENVIRONMENT, ())
        return tuple(Environment.from_dict(each) for each in told)
    except (TypeError, ValueError, KeyError):
        return ()


def environment_at(
    attributes: Mapping[str, Any], moment: float | None
) -> Environment | None:
    """Say in what a trial that was begun then was trained; None if nothing tells."""
    known = environments(attributes)
    before = [each for each in known if moment is None or each.since <= moment]
    return before[-1] if before else known[0] if known else None


def changes(before: Environment, now: Environment) -> Iterator[str]:
    """Say what is not as it was, of what numbers depend on."""
    if now.kind != "cpu":
        yield f"{now.kind} adds up in no fixed order"
    for name in DECISIVE:
        old, new = (
            each.versions.get(name) if name in PACKAGES else getattr(each, name)
            for each in (before, now)
        )
        if old != new:
            yield f"{name} was {old}, is {new}"
