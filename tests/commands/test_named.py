"""A study is named in the same two ways wherever it is read."""

import pytest

READERS = ("bench", "leaderboard", "replay", "report", "watch")


def test_its_name_alone_or_with_an_option(run, make_curves):
    make_curves(6)
    place = ("--storage", "autocnn.db")
    alone = run("leaderboard", "tiny", *place)
    assert alone.code == 0, alone.err
    assert alone == run("leaderboard", "--study", "tiny", *place)
    assert alone == run("leaderboard", "tiny", "--study", "tiny", *place)
    assert alone == run("leaderboard", *place)


@pytest.mark.parametrize("command", READERS)
def test_two_names_are_refused(run, command):
    ran = run(command, "tiny", "--study", "other")
    assert ran.code == 2
    assert "'tiny' and --study other are two studies" in ran.err
