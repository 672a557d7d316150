"""A search is the same on every kind of storage, from its first trial to its views."""

import pytest
from optuna.trial import TrialState

from autocnn.events import EpochEnded
from autocnn.search import steering
from autocnn.storage import open_engine
from autocnn.store.command import commands, send
from autocnn.store.find import find_study
from autocnn.store.reader import Reader
from autocnn.store.rows import snapshot


@pytest.fixture
def url(every_url):
    return every_url


@pytest.fixture
def storage(every_storage):
    return every_storage


def by_number(job, fold, epoch) -> float:
    return 0.3 + job.trial * 3 % 8 / 50 + epoch / 100


def told(search) -> list[tuple[object, ...]]:
    return [(row.trial, row.status, row.curve, row.params) for row in search.rows()]


def test_trials_pause_and_are_promoted(make_search, scripted):
    search = make_search(epochs=9, pruner="asha")
    assert search.run(scripted(by_number, 2), trials=8) == "complete"
    rows = search.rows()
    assert len(rows) == 8
    assert {row.status for row in rows} == {"complete", "pruned"}
    assert max(row.promotions for row in rows) > 0
    assert search.leftovers() == []


def test_what_was_interrupted_goes_on_under_its_number(make_search, scripted):
    unbroken = make_search(epochs=4, pruner="none")
    unbroken.run(scripted(by_number), trials=3)
    expected = told(unbroken)
    unbroken.forget()
    search = make_search(epochs=4, pruner="none")
    stop = iter([False] * 3)
    engine = scripted(by_number)
    first = search.run(engine, trials=3, stopping=lambda: next(stop, True))
    assert first == "interrupted"
    assert search.run(scripted(by_number), trials=3) == "complete"
    assert told(search) == expected


def test_a_person_is_obeyed(make_search, scripted, monkeypatch):
    monkeypatch.setattr(steering, "SECONDS", 0.0)
    search = make_search(epochs=3)
    sent = []

    def ask(event) -> None:
        if isinstance(event, EpochEnded) and not sent:
            sent.append(send(search.study, "trials", count=2))

    assert search.run(scripted(by_number), trials=5, emit=ask) == "complete"
    assert len(search.rows()) == 2
    (command,) = commands(search.study.user_attrs)
    assert command.done


def test_views_read_what_optuna_reads_and_only_what_is_new(
    make_search, scripted, url, storage
):
    search = make_search(epochs=3)
    search.run(scripted(by_number), trials=3)
    reader = Reader(open_engine(url), "tiny")
    assert reader.read() == snapshot(find_study(storage, "tiny"))
    search.run(scripted(by_number), trials=5)
    found = reader.read()
    assert found == snapshot(find_study(storage, "tiny"))
    assert len(found.trials) == 5
    assert all(len(values) == 3 for values in reader.histories().values())
    assert reader.detail(4)["layers"]
    reader.close()


def test_any_optuna_program_reads_it(make_search, scripted, storage):
    search = make_search(epochs=3)
    search.run(scripted(by_number), trials=3)
    study = find_study(storage, None)
    assert study.best_trial.number == 2
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}
    assert len(study.trials_dataframe()) == 3
