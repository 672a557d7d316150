"""Where a trial will end: by how complete trials of its study went on."""

import dataclasses
import random

import pytest

from autocnn.store.outlook import ENOUGH, INSIDE, outlook
from autocnn.store.rows import TrialRow
from benchmarks import curves

EPOCHS = 9


def a_row(number: int, curve, status: str = "complete", planned: int = EPOCHS):
    return TrialRow(
        trial=number, state="running", status=status, val_accuracy=max(curve),
        val_standard_error=0.01, epochs=len(curve), parameters=1, flops=1, seconds=1.0,
        params={}, curve=tuple(curve), reason="", recipe="", planned_epochs=planned,
    )  # fmt: skip


def rising(to: float, by: float):
    """From `by` below up to a value, in equal steps."""
    return [to - by * (1 - epoch / EPOCHS) for epoch in range(1, EPOCHS + 1)]


def test_what_all_gained_is_what_one_will_gain():
    others = [a_row(n, rising(0.6 + n / 50, by=0.27)) for n in range(6)]
    paused = a_row(9, rising(0.8, by=0.27)[:3], "paused")
    found = outlook(paused, [*others, paused], best=0.7)
    assert found.mean == pytest.approx(0.8)
    assert found.low == pytest.approx(found.high, abs=1e-3)
    assert found.chance > 0.999
    assert outlook(paused, others, best=0.9).chance < 0.001
    assert outlook(paused, others, best=0.8).chance == pytest.approx(0.5)


def test_too_little_is_known_of_few_trials_or_of_none_of_its_length():
    paused = a_row(9, [0.5], "paused")
    others = [a_row(n, rising(0.6, by=0.2)) for n in range(ENOUGH)]
    assert outlook(paused, others, best=None) is not None
    assert outlook(paused, others[1:], best=None) is None
    longer = [dataclasses.replace(row, planned_epochs=20) for row in others]
    assert outlook(paused, longer, best=None) is None
    pruned = [dataclasses.replace(row, status="pruned") for row in others]
    assert outlook(paused, pruned, best=None) is None
    assert outlook(others[0], others, best=0.5) is None


@pytest.mark.parametrize("epoch", [1, 3, 6])
def test_on_real_curves_the_interval_holds_what_it_promises(epoch):
    table = curves.read(curves.RECORDED)
    rows = [a_row(row.number, row.curve) for row in table.whole]
    chosen, inside = random.Random(0), []
    for row in rows:
        others = chosen.sample([each for each in rows if each is not row], 8)
        begun = dataclasses.replace(row, status="paused", curve=row.curve[:epoch])
        found = outlook(begun, others, best=None)
        inside.append(found.low <= max(row.curve) <= found.high)
    assert sum(inside) / len(inside) == pytest.approx(INSIDE, abs=0.07)
