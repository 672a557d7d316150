"""What a search has come to so far: scores, failures, seconds."""

from collections.abc import Sequence

from optuna.trial import FrozenTrial, TrialState

from autocnn.search.forecast import Spent
from autocnn.search.trials import Running

SAME_FAILURES = 3


class Tally:
    """Counts what trials come to; begins with those that the study has."""

    def __init__(self, trials: Sequence[FrozenTrial]) -> None:
        self.complete = [
            trial.value or 0.0 for trial in trials if trial.state is TrialState.COMPLETE
        ]
        """The scores of complete trials."""
        self.best = max(map(_best_of, trials), default=0.0)
        """The best score of any trial that did not fail."""
        self._since_best: set[int] = set()
        self.spent = Spent.of(trials)
        self._failures: list[str] = []

    @property
    def since_best(self) -> int:
        """How many trials were trained since the best was raised, in this run.

        One that paused, and then was over, is one.
        """
        return len(self._since_best)

    @property
    def keep_failing(self) -> bool:
        """Whether the last trials failed in the same way, one after the other."""
        kinds = self._failures
        return len(kinds) == SAME_FAILURES and len(set(kinds)) == 1

    def add_score(self, running: Running) -> None:
        """Count a trial that paused, or is over, but did not fail."""
        score = running.score or 0.0
        if score > self.best:
            self.best = score
            self._since_best.clear()
        else:
            self._since_best.add(running.number)

    def add_end(self, running: Running, state: TrialState, reason: str) -> None:
        """Count a trial that is over."""
        self.spent.trials.append(running.seconds)
        if state is TrialState.FAIL:
            kind = reason.partition(":")[0]
            self._failures = [*self._failures, kind][-SAME_FAILURES:]
            return
        self.add_score(running)
        if state is TrialState.COMPLETE:
            self.complete.append(running.score or 0.0)
            self._failures.clear()


def _best_of(trial: FrozenTrial) -> float:
    if trial.state is TrialState.COMPLETE:
        return trial.value or 0.0
    left_out = trial.state is TrialState.FAIL or trial.user_attrs.get("folds")
    return 0.0 if left_out else max(trial.intermediate_values.values(), default=0.0)
