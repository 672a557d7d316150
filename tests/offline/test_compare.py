"""What is made of many searches: equal budgets, medians, and who never matched."""

import pytest

from autocnn import processes
from autocnn.offline.board import Board
from autocnn.offline.compare import Compared, Seen, compare
from autocnn.offline.policies import OURS, RIVAL, policies

TEN = [0.5] * 10


def test_a_seed_that_never_matches_counts_as_the_whole_budget():
    compared = Compared([100, 100], {OURS: [Seen(TEN, 0.2, 9), Seen(TEN, None, 9)]})
    assert compared.matches(OURS) == [0.2, 1.0]
    assert compared.missed(OURS) == 1


def test_a_row_holds_medians_and_one_mean():
    seen = [Seen([0.1 * seed] * 10, 0.5, seed) for seed in (1, 2, 6)]
    (row,) = Compared([9] * 3, {OURS: seen}).rows()
    assert (row["policy"], row["recipes"], row["missed"]) == (OURS, 2, 0)
    assert list(row["best"]) == [f"{share}%" for share in range(10, 101, 10)]
    assert row["best"]["100%"] == 0.2
    assert row["mean"] == pytest.approx(0.3)


def test_a_budget_of_less_than_ten_epochs_has_its_tenths_too(make_table):
    board = Board(make_table(epochs=2))
    compared = compare(board, policies(1), trials=1, seeds=1, heard=[].append)
    assert compared.budgets == [2]
    (rival,) = compared.seen[RIVAL]
    assert rival.tenths[0] < rival.tenths[-1]
    assert (rival.match, rival.recipes) == (1.0, 1)


def test_the_rival_always_matches_itself_and_seeds_are_heard_of(make_table):
    heard = []
    board = Board(make_table(rows=20))
    compared = compare(board, policies(2), trials=6, seeds=2, heard=heard.append)
    assert heard == [1, 2]
    assert compared.missed(RIVAL) == 0
    assert [len(seen) for seen in compared.seen.values()] == [2] * len(policies(2))


def test_how_many_processors_there_are_changes_nothing(make_table, monkeypatch):
    board = Board(make_table(rows=20))
    words = {"trials": 4, "seeds": 2, "heard": [].append}
    monkeypatch.setattr(processes, "cores", lambda: 2)
    spread = compare(board, policies(2), **words)
    monkeypatch.setattr(processes, "cores", lambda: 1)
    assert spread == compare(board, policies(2), **words)
