"""Which recipe of a table stands in for one that is not in it."""

import dataclasses

from autocnn.choices import IntRange
from autocnn.offline.board import Board
from autocnn.offline.table import Row


def placed(table, *places):
    """Put rows where a test wants them."""
    rows = [
        Row(number=number, params={"x": x, "rate": rate, "kind": kind}, curve=[0.5] * 9)
        for number, (x, rate, kind) in enumerate(places)
    ]
    return dataclasses.replace(table, rows=rows)


def test_the_nearest_row_is_by_share_of_the_range_and_by_equal_choices(make_table):
    board = Board(placed(make_table(), (0.5, 1.0, "a"), (0.5, 4.0, "a"), (0.9, 1, "b")))
    # From 1 to 4 is 0.3 of the range's 2 decades, from 0.5 to 0.9 more.
    assert board.nearest({"x": 0.5, "rate": 2.1, "kind": "a"}, set()) == 1
    assert board.nearest({"x": 0.5, "rate": 1.9, "kind": "a"}, set()) == 0
    assert board.nearest({"x": 0.9, "rate": 1.0, "kind": "a"}, set()) == 0
    assert board.nearest({"x": 0.9, "rate": 1.0, "kind": "a"}, {0}) == 1
    assert board.nearest({"x": 0.9, "rate": 1.0, "kind": "b"}, set()) == 2
    assert board.nearest({"x": 0.9, "rate": 1.0, "kind": "b"}, {0, 1, 2}) is None


def test_a_range_of_one_value_tells_no_rows_apart(make_table):
    table = placed(make_table(), (0.5, 1.0, "a"), (0.9, 1.0, "a"))
    ranges = {**table.space.ranges, "rate": IntRange(1, 1)}
    space = dataclasses.replace(table.space, ranges=ranges)
    board = Board(dataclasses.replace(table, space=space))
    assert board.distances({"x": 0.5, "rate": 1, "kind": "a"}).tolist() == [0.0, 0.4]
