"""What a search keeps of trainings, here and where other machines find it."""

import pytest

from autocnn.events import BestImproved, Notice
from autocnn.locations import Location
from autocnn.search.best import read_card
from autocnn.search.kept import Kept
from autocnn.views import leaderboard


@pytest.fixture(params=["path", "memory"])
def location(request, tmp_path):
    shared = str(tmp_path / "shared")
    return Location(shared if request.param == "path" else f"memory://{tmp_path.name}")


def test_checkpoints_are_deleted_wherever_they_are_once_nothing_goes_on(
    make_search, scripted, location
):
    """Trial 0 ends, 1 is broken off; 7 is what a driver that died has left."""
    there = location / "tiny" / "checkpoints"

    def by_epoch(job, _fold, epoch) -> float:
        (there / str(job.trial) / "1").write("checkpoint-0.pt", b"")
        return epoch / 10

    (there / "7" / "1").write("checkpoint-0.pt", b"")
    search = make_search(epochs=3)
    stop = iter([False] * 6)
    plan = {"trials": 2, "location": location}
    engine = scripted(by_epoch)
    ended = search.run(engine, stopping=lambda: next(stop, True), **plan)
    assert ended == "interrupted"
    assert there.names() == search.leftovers() == ["1"]
    assert search.run(scripted(by_epoch), **plan) == "complete"
    assert there.names() == search.leftovers() == []


def test_a_worse_network_is_not_the_best_because_that_is_elsewhere(
    make_search, scripted
):
    search = make_search(epochs=1)
    best = search.folder / "best"
    assert search.run(scripted([[0.9]]), trials=1) == "complete"
    best.rename(search.folder / "elsewhere")
    engine = scripted([[0.9], [0.5], [0.8], [0.95]])
    assert search.run(engine, trials=3) == "complete"
    assert not best.exists()
    told = [event.text for event in search.heard if isinstance(event, Notice)]
    why = "the study's best network is not on this machine"
    assert told == [f"{why}: only a better one is kept as the best"]
    assert search.run(engine, trials=4) == "complete"
    assert read_card(best)["trial"] == 3


BY_TRIAL = [[0.5, 0.6, 0.55], [0.9, "failed: diverged"], [0.4, 0.3, 0.3]]


def test_the_network_of_a_trial_that_failed_is_not_the_best(make_search, scripted):
    search = make_search(epochs=3)
    assert search.run(scripted(BY_TRIAL), trials=3) == "complete"
    found = search.read()
    assert found.best().trial == read_card(search.folder / "best")["trial"] == 0
    assert [row.trial for row in found.ranked()] == [0, 2, 1]
    ranks = {row["trial"]: row["rank"] for row in leaderboard.rows(found)}
    assert ranks == {0: 1, 2: 2, 1: None}
    text = "the network of trial 1, which failed, is the best no longer"
    assert text in [each.text for each in search.told(Notice)]


def test_where_nothing_is_over_the_best_of_those_that_train_follows(
    make_search, scripted
):
    search = make_search(epochs=3)
    curves = [[0.9, "failed: diverged"], [0.4, 0.3, 0.3]]
    search.run(scripted(curves, slots=2), trials=2)
    assert [each.trial for each in search.told(BestImproved)] == [0, 1]
    assert read_card(search.folder / "best")["trial"] == 1


def test_without_any_other_network_there_is_no_best(make_search, scripted):
    search = make_search(epochs=3)
    search.run(scripted([[0.9, "failed: diverged"]]), trials=1)
    assert not (search.folder / "best").exists()


def test_a_driver_that_died_meanwhile_leaves_that_to_the_next(
    make_search, scripted, monkeypatch
):
    search = make_search(epochs=3)
    with monkeypatch.context() as died:
        died.setattr(Kept, "withdraw", lambda *_: None)
        search.run(scripted(BY_TRIAL), trials=2)
    assert read_card(search.folder / "best")["trial"] == 1
    search.run(scripted(BY_TRIAL), trials=3)
    assert read_card(search.folder / "best")["trial"] == 0
