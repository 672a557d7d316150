"""What a search counts of its trials."""

from types import SimpleNamespace

from optuna.trial import TrialState

from autocnn.search.tally import Tally


def running(number: int, score: float) -> SimpleNamespace:
    return SimpleNamespace(number=number, score=score, seconds=1.0)


def test_a_trial_that_paused_and_is_then_over_counts_once():
    tally = Tally([])
    tally.add_end(running(0, 0.9), TrialState.COMPLETE, "")
    for number in (1, 2):
        tally.add_score(running(number, 0.5))
        tally.add_end(running(number, 0.5), TrialState.PRUNED, "2nd of 2 at epoch 1")
    assert tally.since_best == 2


def test_a_better_score_begins_the_count_anew():
    tally = Tally([])
    for number, score in enumerate((0.5, 0.4, 0.4, 0.6, 0.3)):
        tally.add_end(running(number, score), TrialState.COMPLETE, "")
    assert (tally.best, tally.since_best) == (0.6, 1)
