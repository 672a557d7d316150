"""What a search keeps of trainings, here and where other machines find it."""

import pytest

from autocnn.events import Notice
from autocnn.locations import Location
from autocnn.search.best import read_card


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
