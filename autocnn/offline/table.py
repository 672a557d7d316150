"""Recipes of one space that were trained to their end: what searches are played on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autocnn.choices import Scalar
from autocnn.search.space import Space


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One recipe and how it learned."""

    number: int
    """Of the trial it was."""
    params: Mapping[str, Scalar]
    curve: Sequence[float]
    """val_accuracy of each epoch, of all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All recipes that there are to find."""

    space: Space
    epochs: int
    """Of every recipe."""
    rows: Sequence[Row]
    starts: Sequence[Mapping[str, Scalar]]
    """What searches of ours begin with, in this order."""
