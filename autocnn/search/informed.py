"""A sampler that learns from paused trials, too: Optuna knows them only as running."""

import copy
from collections.abc import Container, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState


class _Seen(optuna.Study):
    """A study in which paused trials are pruned ones, by what they have reached."""

    def _get_trials(
        self,
        deepcopy: bool = True,  # noqa: ARG002 - Optuna's signature
        states: Container[TrialState] | None = None,
        use_cache: bool = False,  # noqa: ARG002
    ) -> list[FrozenTrial]:
        found = map(_as_pruned, super()._get_trials(deepcopy=False))
        return [trial for trial in found if states is None or trial.state in states]


def _as_pruned(trial: FrozenTrial) -> FrozenTrial:
    paused = trial.user_attrs.get("status") == "paused"
    if trial.state is not TrialState.RUNNING or not paused:
        return trial
    seen = copy.copy(trial)
    seen.state = TrialState.PRUNED
    return seen


class Informed(BaseSampler):
    """Another sampler, to which every trial that waits at a rung is pruned there."""

    def __init__(self, sampler: BaseSampler) -> None:
        self._sampler = sampler

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Ask the sampler."""
        return self._sampler.infer_relative_search_space(_seen(study), trial)

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Ask the sampler."""
        return self._sampler.sample_relative(_seen(study), trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Ask the sampler."""
        return self._sampler.sample_independent(
            _seen(study), trial, param_name, param_distribution
        )

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Tell the sampler."""
        self._sampler.before_trial(study, trial)

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


def _seen(study: optuna.Study) -> optuna.Study:
    seen = copy.copy(study)
    seen.__class__ = _Seen
    return seen
