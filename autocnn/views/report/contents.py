"""All that a report tells of a study, gathered from wherever it lies."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autocnn.evaluation import Evaluation
from autocnn.store.aim import Unit, unit_of
from autocnn.store.environment import Environment
from autocnn.store.honest import Opening
from autocnn.store.kept import final_is_kept, is_of_kept
from autocnn.store.replay import Histories
from autocnn.store.rows import StudySnapshot, TrialRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What is known of a study's images beyond its settings."""

    test_images: int
    counts: Mapping[str, Mapping[str, int]]
    """By split and class."""
    sizes: str
    """As they were found."""
    findings: Sequence[str]
    """What a person should know of them, a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A study with what was kept of it."""

    study: StudySnapshot
    histories: Histories
    now: Environment
    """What writes the report, and when."""
    card: Mapping[str, Any] = field(default_factory=dict)
    """Of the best network; empty if it is not kept here."""
    recipe: str = ""
    """Of the best network, as TOML."""
    evaluation: Evaluation | None = None
    """Of the best network on the validation images."""
    pictures: Mapping[str, str] = field(default_factory=dict)
    """Data URIs of images that the evaluation names."""
    missing: str = ""
    """Why there is no evaluation, or are no pictures: a sentence."""
    data: Data | None = None
    """None if the images are no longer in the cache."""
    runs: Sequence[Environment] = ()
    """What the search ran on and with, its first run first."""
    place: str = ""
    """The options that lead to the study."""

    @property
    def best(self) -> TrialRow:
        """The best trial; there is one."""
        found = self.study.best()
        assert found is not None
        return found

    @property
    def ranked(self) -> list[TrialRow]:
        """Trials whose score is a number, best first."""
        found = self.study.ranked()
        return [row for row in found if math.isfinite(row.val_accuracy or 0.0)]

    @property
    def unit(self) -> Unit:
        """What a value of a trial's curve is of."""
        return unit_of(self.study.config)

    @property
    def has_curves(self) -> bool:
        """Whether there are learning curves to draw: folds are none."""
        rows = self.study.trials
        return self.unit == "epoch" and any(row.curve for row in rows)

    @property
    def running(self) -> bool:
        """Whether its driver has not said that it is over."""
        state = self.study.state
        return state is not None and state.phase != "ended"

    @property
    def final(self) -> bool:
        """Whether the best network is that of the final training."""
        if self.card:
            return bool(self.card.get("final"))
        return final_is_kept(self.study)

    @property
    def tested(self) -> Opening | None:
        """What the best network came to on the sealed test set, if it was asked."""
        own = [each for each in self.study.openings if is_of_kept(self.study, each)]
        return own[0] if own else None

    @property
    def val_accuracy(self) -> float:
        """Of the best network, by which it was chosen."""
        last = self.study.final.val_accuracy if self.study.final else None
        known = last if self.final else self.best.val_accuracy
        told = self.card.get("val_accuracy", known)
        return float(self.best.val_accuracy or 0.0 if told is None else told)

    @property
    def val_images(self) -> int | None:
        """How many images that was measured on, if it is known."""
        images = self.card.get("val_images") or self.study.config.get("val_images")
        return int(images) if images else None

    @property
    def data_name(self) -> str:
        """What the data are called."""
        return str(self.study.config.get("data") or self.study.name)
