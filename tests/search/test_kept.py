"""What a search keeps of trainings, here and where other machines find it."""

import pytest

from autocnn.locations import Location


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
