"""Complete learning curves of many recipes of one space, kept in one file."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from autocnn import durable
from autocnn.choices import Scalar
from autocnn.offline import table as tables
from autocnn.offline.table import Table
from autocnn.recipe import ImageShape
from autocnn.search import space as spaces
from autocnn.search.portfolio import start_points
from autocnn.search.space import Space

Origin = Literal["start", "random", "tpe"]
RECORDED = Path(__file__).parent / "curves-cifar10.json.gz"
FROM_THE_TABLE = {"portfolio: shallow, dense", "portfolio: tiny, adamax"}
"""Start points that are rows 49 (the best) and 126 of curves-cifar10, rounded.

On that table they would be handed what they are to find, so nobody begins with them.
"""
NOT_IN_THE_TABLE = {"portfolio: flip"}
"""Start points that its space, which is older, cannot draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One recipe, trained to its end."""

    number: int
    """As it was drawn, counted from 0."""
    origin: Origin
    """`start`: the space's default; `tpe`: drawn near what was good before it."""
    params: dict[str, Scalar]
    curve: list[float]
    """val_accuracy of each epoch; shorter than all others if training failed."""
    parameters: int
    """Of the network."""
    predicted_seconds: float | None
    """Of an epoch, by the prices of the machine that recorded."""
    seconds: float
    """Of an epoch, the median."""
    failure: str = ""

    @property
    def final(self) -> float:
        """What the recipe is worth: its best over all epochs."""
        return max(self.curve)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Recipes and how they learned."""

    about: dict[str, Any]
    """What it was recorded on: data, images, epochs, device, versions."""
    shape: ImageShape
    space: Space
    epochs: int
    rows: list[Row] = field(default_factory=list)

    @property
    def whole(self) -> Sequence[Row]:
        """The rows whose training did not fail."""
        return [row for row in self.rows if len(row.curve) == self.epochs]

    @property
    def table(self) -> Table:
        """What searches are played on."""
        points = start_points(self.space)
        return Table(
            space=self.space,
            epochs=self.epochs,
            rows=[
                tables.Row(number=row.number, params=row.params, curve=row.curve)
                for row in self.whole
            ],
            starts=[
                values for origin, values in points if origin not in FROM_THE_TABLE
            ],
        )


def read(file: Path) -> Curves:
    """Read a table."""
    document = json.loads(gzip.decompress(file.read_bytes()))
    return Curves(
        about=document["about"],
        shape=ImageShape(**document["shape"]),
        space=spaces.from_dict(document["space"]),
        epochs=document["epochs"],
        rows=[Row(**row) for row in document["rows"]],
    )


def write(file: Path, curves: Curves) -> None:
    """Write a table, whole or not at all; the same table gives the same bytes."""
    document = {
        "about": curves.about,
        "shape": asdict(curves.shape),
        "space": spaces.to_dict(curves.space),
        "epochs": curves.epochs,
        "rows": [asdict(row) for row in curves.rows],
    }
    text = json.dumps(document, separators=(",", ":"))
    durable.write(file, gzip.compress(text.encode(), mtime=0))
