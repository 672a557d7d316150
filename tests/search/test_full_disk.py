"""A disk that cannot be written costs a search time, and nothing else."""

import errno
import shutil

import pytest
import torch

from autocnn import durable
from autocnn.engines.local import LocalEngine
from autocnn.errors import UnavailableError
from autocnn.events import BestImproved, Notice
from autocnn.search.jobs import Remark
from autocnn.waiting import saying


def rising(job, fold, epoch):
    return 0.5 + job.trial / 100 + epoch / 1000


def told(search) -> list[str]:
    return [event.text for event in search.told(Notice)]


FULL = "cannot write a/checkpoint-0.pt: the disk is full"


def test_a_trial_that_cannot_be_written_down_goes_on_another_time(
    make_search, scripted
):
    search, full = make_search(), True

    def script(job, fold, epoch):
        return f"unsaved: {FULL}" if full and (job.trial, epoch) == (1, 2) else 0.5

    assert search.run(scripted(script), trials=3) == "interrupted"
    assert told(search) == [f"the search stops: {FULL}"]
    assert [row.status for row in search.rows()] == ["complete", "interrupted"]
    full, engine = False, scripted(script)
    assert search.run(engine, trials=3) == "complete"
    assert [job.reported for job in engine.submitted] == [1, 0]
    assert [(row.status, row.epochs) for row in search.rows()] == [("complete", 3)] * 3


def test_others_that_run_then_go_on_another_time_too(make_search, scripted):
    search = make_search()

    def script(job, fold, epoch):
        return f"unsaved: {FULL}" if (job.trial, epoch) == (1, 2) else 0.5

    assert search.run(scripted(script, 2), trials=4) == "interrupted"
    assert [row.status for row in search.rows()] == ["interrupted"] * 2


def test_that_a_worker_waits_is_told(make_search, scripted, monkeypatch):
    search, engine = make_search(), scripted(rising)
    plain, left = engine.poll, [Remark(trial=0, text="waiting: no room")]

    def poll(timeout):
        return [*plain(timeout), *[left.pop() for _ in left[:]]]

    monkeypatch.setattr(engine, "poll", poll)
    assert search.run(engine, trials=1) == "complete"
    assert told(search) == ["waiting: no room"]


@pytest.fixture
def no_room(monkeypatch, pauses):
    """Let so many folders of networks not be written."""
    write, left = durable.write_folder, 0

    def write_folder(folder, files):
        nonlocal left
        left -= 1
        if left >= 0:
            raise OSError(errno.ENOSPC, "the disk is full", str(folder))
        write(folder, files)

    def want(times: int) -> None:
        nonlocal left
        left = times

    monkeypatch.setattr(durable, "write_folder", write_folder)
    return want


def test_the_best_network_waits_for_room(make_search, scripted, no_room, said):
    search = make_search()
    no_room(3)
    assert search.run(scripted(rising), trials=2) == "complete"
    best = search.folder / "best"
    assert said == [
        f"waiting: cannot write {best}: the disk is full",
        "the wait is over",
    ]
    improved = search.told(BestImproved)
    assert [(event.trial, event.val_accuracy) for event in improved] == [
        (trial, pytest.approx(0.5 + trial / 100 + epoch / 1000))
        for trial in (0, 1)
        for epoch in (1, 2, 3)
    ]


def test_where_there_is_never_room_for_it_the_next_run_keeps_it(
    make_search, scripted, no_room
):
    search = make_search()
    no_room(10**6)
    with pytest.raises(UnavailableError, match="the disk is full"):
        search.run(scripted(rising), trials=2)
    assert [row.status for row in search.rows()] == ["running"]
    no_room(0)
    assert search.run(scripted(rising), trials=2) == "complete"
    assert [row.status for row in search.rows()] == ["complete"] * 2
    networks = sorted(path.name for path in (search.folder / "networks").iterdir())
    assert networks == ["0", "1"]
    assert (
        "trial 1 fold 0 epoch 3"
        in (search.folder / "best" / "model.safetensors").read_text()
    )


def test_real_workers_on_a_full_disk_wait_and_lose_nothing(make_search, small_disk):
    search = make_search(epochs=6)
    engine = LocalEngine(torch.device("cpu"), jobs=1)
    try:
        search.run(engine, trials=3)
        unbroken = [row.curve for row in search.rows()]
        search.forget()
        search.heard.clear()
        search.folder = small_disk.path / "tiny"
        begun = []

        def emit(event) -> None:
            begun.append(event)
            if len(begun) == 4:
                small_disk.fill()
            if isinstance(event, Notice) and "the disk is full" in event.text:
                small_disk.filler.unlink(missing_ok=True)

        def say(text: str) -> None:
            emit(Notice(text=text))

        with saying(say):
            assert search.run(engine, trials=3, emit=emit) == "complete"
    finally:
        engine.close()
    texts = [event.text for event in begun if isinstance(event, Notice)]
    assert any("waiting: cannot write" in text for text in texts)
    assert any(text.endswith("the wait is over") for text in texts)
    assert [row.curve for row in search.rows()] == unbroken
    shutil.rmtree(search.folder)
