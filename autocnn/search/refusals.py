"""Drawn trials that are not trained. To add a reason, add its function to CHECKS."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from optuna import Study
from optuna.trial import FrozenTrial, TrialState

from autocnn.errors import RequestError
from autocnn.search.informed import excess
from autocnn.search.limits import LIMITS
from autocnn.search.trials import Plan, Running
from autocnn.store.rows import is_refused

MOST_OVER = 100
"""Refused in a row for a limit: hardly anything that is drawn keeps it."""
MOST_AGAIN, FEW = 50, 5
"""Drawn in a row that were there before: the space holds hardly anything else; and how
many of these are drawn again when such a search goes on."""

Ending = Literal["complete", "nothing fits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a trial is not trained, and what Optuna is to know of it."""

    reason: str
    state: TrialState
    limit: str = ""
    """The one that it is over."""
    constraints: Mapping[str, float] = field(default_factory=dict)


class Refusals:
    """Knows the recipes that were there, and turns down what is not to be trained."""

    def __init__(self, plan: Plan, trials: Iterable[FrozenTrial]) -> None:
        self.plan = plan
        self.trained: dict[str, int] = {}
        """Recipes by their keys: the trial that is, or was, trained with them."""
        self._refused: set[str] = set()
        self._over = self._again = 0
        for trial in trials:
            key = trial.user_attrs.get("key", "")
            if is_refused(trial):
                self._refused.add(key)
                self._again += trial.state is TrialState.FAIL
                continue
            self._again = 0
            if key and trial.state is not TrialState.FAIL:
                self.trained.setdefault(key, trial.number)
        # Where nothing new was to be had, a few tell whether that is still so.
        self._again = min(self._again, MOST_AGAIN - FEW)
        self._smallest: dict[str, float] = {}

    def check(self, running: Running) -> Refusal | None:
        """Say why a trial that is about to begin is not to be trained, if it is not.

        RequestError if that cannot be found out. One that has been trained already,
        if only for an epoch, goes on.
        """
        if running.curve:
            return None
        found = (check(running, self) for check in CHECKS)
        refusal = next((each for each in found if each is not None), None)
        self._count(running, refusal)
        return refusal

    def forget(self, running: Running) -> None:
        """Let a recipe be tried again whose trial failed."""
        key = running.job.recipe.key if running.job else ""
        if self.trained.get(key) == running.number:
            del self.trained[key]

    @property
    def exhausted(self) -> bool:
        """Whether it is no use to draw any more."""
        return self._over >= MOST_OVER or self._again >= MOST_AGAIN

    def ending(self) -> tuple[Ending, str]:
        """Say how a search ends that draws no more, and why."""
        if not self._smallest or (self._over < MOST_OVER and self.trained):
            why = f"all of the last {MOST_AGAIN} that were drawn were there before"
            return "complete", f"the space seems to hold no more recipes: {why}"
        smallest = "; ".join(
            LIMITS[name].reason(cost, self.plan.config.limits[name])
            for name, cost in self._smallest.items()
        )
        times = self._over + self._again
        why = f"nothing that was drawn keeps the limits, {times} times in a row"
        return "nothing fits", f"{why}: at best {smallest}"

    def _count(self, running: Running, refusal: Refusal | None) -> None:
        """Follow how often in a row nothing came of a draw."""
        assert running.job is not None
        key = running.job.recipe.key
        if refusal is None:
            self.trained.setdefault(key, running.number)
            self._over = self._again = 0
            self._smallest.clear()
            return
        if refusal.limit:
            cost = costs(running)[refusal.limit]
            least = self._smallest.get(refusal.limit, math.inf)
            self._smallest[refusal.limit] = min(cost, least)
        if key in self._refused or not refusal.limit:
            self._again += 1
        else:
            self._over += 1
        self._refused.add(key)


def tell(study: Study, running: Running, refusal: Refusal) -> None:
    """Tell Optuna of a trial that is not trained, so that its sampler is not misled."""
    trial = running.trial
    known = trial.constraints  # of a driver that died here
    for name, value in refusal.constraints.items():
        if name not in known:
            trial.set_constraint(name, value)
    for name, text in {"reason": refusal.reason, "status": "refused"}.items():
        trial.set_user_attr(name, text)
    study.tell(trial, None, refusal.state, skip_if_finished=True)


def costs(running: Running) -> dict[str, float]:
    """Read what is known of a trial's costs, by their limits."""
    attributes = running.trial.user_attrs
    return {name: attributes[name] for name in LIMITS if name in attributes}


def _trained_before(running: Running, refusals: Refusals) -> Refusal | None:
    """Train no recipe twice, unless a person asks for it.

    To Optuna it is a failure, which samplers do not look at: as pruned it would be
    thought bad, and as complete its score would count twice.
    """
    assert running.job is not None
    earlier = refusals.trained.get(running.job.recipe.key, running.number)
    origin = running.trial.user_attrs.get("origin", "")
    asked_for = origin.startswith("edited copy")
    if earlier == running.number or asked_for:
        return None
    return Refusal(reason=f"the same recipe as trial {earlier}", state=TrialState.FAIL)


def _over_a_limit(running: Running, refusals: Refusals) -> Refusal | None:
    """Refuse a network that costs more than is allowed, whoever asks for it.

    To Optuna it is pruned before its first epoch, with constraints above 0: TPE then
    takes it for infeasible, worse than all that fit, and for the less so the nearer
    it is to the limit. A low score would make it think ill of what large networks have
    in common with good ones.
    """
    limits = refusals.plan.config.limits
    for name, row in LIMITS.items():
        if name not in limits:
            continue
        cost = costs(running).get(name)
        if cost is None:
            cost = row.cost(running, refusals.plan)
            if cost is None:
                raise RequestError(f"cannot tell whether it keeps {row.option}")
            running.trial.set_user_attr(name, cost)
        if cost > limits[name]:
            known = costs(running)
            return Refusal(
                reason=row.reason(cost, limits[name]),
                state=TrialState.PRUNED,
                limit=name,
                constraints={
                    each: excess(known[each], limits[each])
                    for each in limits
                    if each in known
                },
            )
    return None


# In this order: to measure a network that was trained before would be for nothing.
CHECKS: tuple[Callable[[Running, Refusals], Refusal | None], ...] = (
    _trained_before,
    _over_a_limit,
)
