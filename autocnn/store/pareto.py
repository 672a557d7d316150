"""Which trials are worth their cost. To add a cost, add its line to COSTS."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # --help lists the costs, and need not load Optuna
    from autocnn.store.rows import TrialRow

Cost = Callable[["TrialRow"], float | None]

COSTS: Mapping[str, Cost] = {
    "params": lambda row: row.parameters,
    "flops": lambda row: row.flops,
    "latency": lambda row: row.latency,
}


def front(rows: Iterable["TrialRow"], cost: Cost) -> list["TrialRow"]:
    """Choose the trials that none beats: as accurate and as cheap, and one of it more.

    The cheapest first. Trials without a score or without that cost, and failed ones,
    whose scores lead nowhere, are left out.
    """
    priced = [
        (price, -row.val_accuracy, row.trial, row)
        for row in rows
        if row.val_accuracy is not None
        and row.status != "failed"
        and (price := cost(row)) is not None
    ]
    kept: list[tuple[float, float, int, TrialRow]] = []
    for one in sorted(priced, key=lambda each: each[:3]):
        equal = bool(kept) and one[:2] == kept[-1][:2]
        if not kept or one[1] < kept[-1][1] or equal:
            kept.append(one)
    return [row for *_, row in kept]
