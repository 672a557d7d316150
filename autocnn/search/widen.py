"""Wider ranges and more choices for a study that has trials already.

Every trial keeps its values; what they were drawn from is rewritten for all of them,
since a sampler's joint model covers only what all trials drew from the same ranges.
"""

import dataclasses

import sqlalchemy
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.storages import RDBStorage

from autocnn.choices import FloatRange, IntRange, OneOf, Range
from autocnn.search.space import Space
from autocnn.store import tables


def merged(before: Space, after: Space) -> Space:
    """Put the choices that a study has first, in their order: trials keep their places.

    Optuna stores a choice as its place among all.
    """
    ranges: dict[str, Range] = {}
    for name, new in after.ranges.items():
        old = before.ranges.get(name)
        if isinstance(old, OneOf) and isinstance(new, OneOf) and _holds(new, old):
            more = (choice for choice in new.choices if choice not in old.choices)
            new = OneOf((*old.choices, *more))
        ranges[name] = new
    if set(ranges) == set(before.ranges):
        ranges = {name: ranges[name] for name in before.ranges}
    return dataclasses.replace(after, ranges=ranges)


def is_wider(before: Space, after: Space) -> bool:
    """Say whether every trial of one space could be a trial of the other.

    Both must draw the same parameters and share what is fixed.
    """
    shared = ("fixed", "template")
    same = all(getattr(before, name) == getattr(after, name) for name in shared)
    return (
        same
        and list(before.ranges) == list(after.ranges)
        and all(_holds(after.ranges[name], old) for name, old in before.ranges.items())
    )


def widen(storage: RDBStorage, study: int, before: Space, after: Space) -> None:
    """Rewrite what the trials of a study were drawn from, all of it or nothing."""
    changed = {
        name: new for name, new in after.ranges.items() if new != before.ranges[name]
    }
    trials = sqlalchemy.select(tables.trials.c.trial_id).where(
        tables.trials.c.study_id == study
    )
    with storage.engine.begin() as connection:
        for name, new in changed.items():
            connection.execute(
                sqlalchemy.update(tables.params)
                .where(tables.params.c.param_name == name)
                .where(tables.params.c.trial_id.in_(trials))
                .values(distribution_json=distribution_to_json(distribution(new)))
            )


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Say in Optuna's words what a space draws."""
    return {name: distribution(choice) for name, choice in space.ranges.items()}


def distribution(choice: Range) -> BaseDistribution:
    """Write a range as Optuna does."""
    match choice:
        case FloatRange(low, high, log):
            return FloatDistribution(low, high, log=log)
        case IntRange(low, high, log, step):
            return IntDistribution(low, high, log=log, step=step)
        case OneOf(choices):
            return CategoricalDistribution(choices)


def _holds(new: Range, old: Range) -> bool:
    """Say whether a range holds all values of another of its kind."""
    match old, new:
        case OneOf(few), OneOf(many):
            return set(few) <= set(many)
        case FloatRange(log=old_log), FloatRange(log=new_log):
            return old_log == new_log and new.low <= old.low and old.high <= new.high
        case IntRange(), IntRange():
            kind = (old.log, old.step) == (new.log, new.step)
            wide = new.low <= old.low and old.high <= new.high
            return kind and wide and (old.low - new.low) % new.step == 0
        case _:
            return False
