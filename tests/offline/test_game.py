"""Searches on made-up curves: what they spend, whom they spare, what they learn of."""

import pytest
from optuna.trial import TrialState

from autocnn.offline.board import Board
from autocnn.offline.game import Game
from autocnn.offline.policies import OURS, RIVAL, STOPPING, policies

POLICIES = policies(2)


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_spends_its_epochs_and_trains_no_row_twice(name, make_table):
    played = POLICIES[name].play(Board(make_table()), 1, epochs=120)
    assert len(played.best) == sum(played.epochs.values()) == 120
    assert played.best == sorted(played.best)


def test_ours_begins_few_trials_in_vain_and_comes_to_the_end_with_some(make_table):
    played = POLICIES[OURS].play(Board(make_table()), 1, epochs=120)
    lengths = sorted(played.epochs.values())
    assert lengths[0] == 1
    assert lengths[-1] == 9
    assert len(lengths) > 30


def test_the_first_trial_is_trained_through_at_once(make_table):
    played = POLICIES[OURS].play(Board(make_table()), 1, epochs=20)
    assert next(iter(played.epochs.values())) == 9


def test_what_begins_with_start_points_begins_with_the_rows_next_to_them(make_table):
    table = make_table()
    board = Board(table)
    first = board.nearest(table.starts[0], set())
    second = board.nearest(table.starts[1], {first})
    ours = POLICIES[OURS].play(board, 1, epochs=2)
    stopping = POLICIES[STOPPING].play(board, 1, epochs=1)
    assert list(ours.epochs) == [first, second]
    assert list(stopping.epochs) == [first]


def test_the_trials_of_a_game_are_a_total(make_table):
    played = POLICIES[RIVAL].play(Board(make_table()), 1, trials=20)
    assert len(played.epochs) == 20


def test_a_table_may_be_used_up(make_table):
    played = POLICIES[OURS].play(Board(make_table(rows=10)), 1, epochs=1_000)
    assert sorted(played.epochs) == list(range(10))
    assert set(played.epochs.values()) == {9}


def test_a_sampler_is_told_of_the_rows_only(make_table):
    table = make_table()
    game = Game(Board(table), POLICIES[OURS], seed=1)
    game.play(epochs=60)
    told = [
        trial.params
        for trial in game._study.get_trials(deepcopy=False)
        if trial.state is not TrialState.FAIL
    ]
    assert len(told) > 10
    assert all(params in [row.params for row in table.rows] for params in told)
