"""A sampler that is told what Optuna does not tell it of paused and refused trials."""

import copy
import math
import statistics
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from autocnn.store.rows import is_refused

Make = Callable[[int], BaseSampler]
BEST = 100
"""Trials that a sampler is always shown; Optuna's TPE takes at most 25 for good."""
LEARNED = (TrialState.COMPLETE, TrialState.PRUNED)
STUCK = 10
"""Draws in a row of what was there before, after which chance draws."""


class _Seen(optuna.Study):
    """A study whose trials are as they are to be learned from."""

    _all_as_seen: Callable[[Callable[[], Sequence[FrozenTrial]]], Sequence[FrozenTrial]]

    def _get_trials(
        self,
        deepcopy: bool = True,  # noqa: ARG002 - Optuna's signature
        states: Container[TrialState] | None = None,
        use_cache: bool = False,  # noqa: ARG002
    ) -> list[FrozenTrial]:
        found = self._all_as_seen(lambda: super(_Seen, self)._get_trials(False))
        return [trial for trial in found if states is None or trial.state in states]


class Informed(BaseSampler):
    """Another sampler, to which every trial that waits at a rung is pruned there.

    And to which the study's limits are constraints, by what they are now: they may
    change from run to run. When it drew again and again what was there before, the
    next draws are left to chance: what is left to find is where it would not look.
    """

    def __init__(
        self,
        sampler: Make,
        chance: Make,
        limits: Mapping[str, float],
        *,
        complete_only: bool = False,
        most: float = math.inf,
        together: bool = False,
    ) -> None:
        """Both are made anew for each trial, by its number.

        `complete_only` samplers look at no other trials, so not at refused ones. `most`
        bounds how many finished trials are shown, and so what it takes to draw. Those
        that draw `together` all that trials have in common are told what that is.
        """
        self._make, self._chance = sampler, chance
        self._sampler = self._drawing = sampler(0)
        self._limits = limits
        self._complete_only, self._most = complete_only, most
        self._together = together
        self._common: dict[str, BaseDistribution] | None = None
        self._compared: set[int] = set()
        """Trials whose distributions were compared with those in common."""
        self._known: dict[int, FrozenTrial] = {}
        """Finished trials as they are seen, by their ids."""
        self._found: Sequence[FrozenTrial] | None = None
        """All trials as they are seen, read once for all parameters of a draw."""

    def _seen(self, study: optuna.Study) -> optuna.Study:
        seen = copy.copy(study)
        seen.__class__ = _Seen
        seen._all_as_seen = self._all_as_seen  # type: ignore[attr-defined]
        return seen

    def _all_as_seen(
        self, read: Callable[[], Sequence[FrozenTrial]]
    ) -> Sequence[FrozenTrial]:
        if self._found is None:
            seen = [self._as_seen(trial) for trial in read()]
            self._found = self._with_scores(thinned(seen, self._most))
        return self._found

    def _with_scores(self, seen: Sequence[FrozenTrial]) -> Sequence[FrozenTrial]:
        if not self._complete_only:
            return seen
        # With the median of all scores a refused trial is thought neither good nor bad,
        # only over a limit; unseen, it would be proposed again and again.
        done = [trial for trial in seen if trial.state is TrialState.COMPLETE]
        scores = [trial.value for trial in done if trial.value is not None]
        return [_completed(trial, scores) for trial in seen] if scores else seen

    def _as_seen(self, trial: FrozenTrial) -> FrozenTrial:
        if trial.state is TrialState.RUNNING:
            paused = trial.user_attrs.get("status") == "paused"
            return self._with_constraints(trial, paused=True) if paused else trial
        if not trial.state.is_finished():
            return trial
        if not self._limits and not is_refused(trial):
            return trial
        if trial._trial_id not in self._known:
            self._known[trial._trial_id] = self._with_constraints(trial)
        return self._known[trial._trial_id]

    def _with_constraints(
        self, trial: FrozenTrial, *, paused: bool = False
    ) -> FrozenTrial:
        """Copy a trial, with the limits of now in place of those of its time.

        All trials have a constraint for each limit, or Optuna's GP refuses them; 0
        where a cost is not known. One that was refused, but would not be now, is as if
        it had failed: nothing is known of it.
        """
        seen = copy.copy(trial)
        seen.system_attrs = {
            key: value
            for key, value in trial.system_attrs.items()
            if not key.startswith(_CONSTRAINTS)
        }
        for name, limit in self._limits.items():
            cost = trial.user_attrs.get(name, limit)
            seen.system_attrs[_CONSTRAINTS + name] = excess(cost, limit)
        if paused:
            seen.state = TrialState.PRUNED
        elif is_refused(trial) and all(each <= 0 for each in seen.constraints.values()):
            seen.state = TrialState.FAIL
        return seen

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Ask the sampler; or say what trials have in common.

        Optuna's samplers compare all since the first that is not over, each time.
        """
        seen = self._seen(study)
        if not self._together or self._drawing is not self._sampler:
            return self._drawing.infer_relative_search_space(seen, trial)
        states = LEARNED[:1] if self._complete_only else LEARNED
        for each in seen.get_trials(deepcopy=False, states=states):
            if each._trial_id not in self._compared:
                self._compared.add(each._trial_id)
                own = each.distributions
                common = own if self._common is None else self._common
                self._common = {k: d for k, d in common.items() if own.get(k) == d}
        found = sorted((self._common or {}).items())
        return {name: choice for name, choice in found if not choice.single()}

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Ask the sampler."""
        return self._drawing.sample_relative(self._seen(study), trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Ask the sampler."""
        return self._drawing.sample_independent(
            self._seen(study), trial, param_name, param_distribution
        )

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Make the sampler of this trial, and choose whether it or chance draws it."""
        self._drawing = self._sampler = self._make(trial.number)
        self._found = None
        if _is_stuck(study):
            self._drawing = self._chance(trial.number)
        self._drawing.before_trial(study, trial)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Tell the sampler."""
        self._sampler.after_trial(study, trial, state, values)

    def reseed_rng(self) -> None:
        """Tell the sampler."""
        self._sampler.reseed_rng()


def thinned(trials: Sequence[FrozenTrial], most: float) -> Sequence[FrozenTrial]:
    """Leave finished trials out until there are `most`: of all but the best, evenly.

    What good recipes have in common shows in the best ones; the others stand for what
    recipes are like, and some of them do that as well.
    """
    finished = [trial for trial in trials if trial.state.is_finished()]
    if len(finished) <= most:
        return trials
    ranked = sorted(finished, key=_rank)
    best, rest = ranked[:BEST], sorted(ranked[BEST:], key=lambda each: each.number)
    room = max(0, int(most) - len(best))
    kept = [rest[place * len(rest) // room] for place in range(room)]
    left = {trial.number for trial in (*best, *kept)}
    return [t for t in trials if t.number in left or not t.state.is_finished()]


def _rank(trial: FrozenTrial) -> tuple[float, ...]:
    """Rank finished trials as Optuna's TPE does: by how far they came, then score."""
    if trial.state is TrialState.COMPLETE:
        return (0, 0, -(trial.value or 0.0))
    if trial.state is TrialState.PRUNED and trial.intermediate_values:
        step, value = max(trial.intermediate_values.items())
        return (1, -step, -value)
    return (2, 0, 0)


def _completed(trial: FrozenTrial, scores: Sequence[float]) -> FrozenTrial:
    """Make a refused trial a complete one, in the middle of all that are."""
    if trial.state is not TrialState.PRUNED or not is_refused(trial):
        return trial
    seen = copy.copy(trial)
    seen.state, seen.value = TrialState.COMPLETE, statistics.median(scores)
    return seen


def excess(cost: float, limit: float) -> float:
    """Say how far a cost is over its limit, or below it, as Optuna's constraints are.

    In logarithms: one scale for all costs, and about linear in the log of a width.
    """
    return math.log(max(cost, 1e-12) / limit)


_CONSTRAINTS = "constraints:"
"""Optuna's prefix of the system attributes that hold them."""


def _is_stuck(study: optuna.Study) -> bool:
    """Whether the last trials were all refused as copies of earlier ones."""
    last = [
        trial
        for trial in study.get_trials(deepcopy=False)[-2 * STUCK :]
        if trial.state.is_finished()
    ][-STUCK:]
    copies = [t for t in last if is_refused(t) and t.state is TrialState.FAIL]
    return len(copies) == STUCK
