"""The driver, by a script of what workers say: totals, judgements, ends, resumes."""

import json
from types import SimpleNamespace

import optuna
import pytest

from autocnn.events import BestImproved, EpochEnded, Notice, TrialEnded, TrialStarted
from autocnn.search import driver as drivers
from autocnn.search import jobs

GRID = {"batch_size": [16, 32], "optimizer": ["sgd", "adam", "nadam"]}


def constant(value: float = 0.5):
    return lambda job, fold, epoch: value


def rising(job, fold, epoch):
    return 0.5 + job.trial / 100 + epoch / 1000


@pytest.fixture
def make_grid(make_search):
    """Make a search over six cells."""

    def make(**changes):
        return make_search(GRID, sampler="grid", **changes)

    return make


class Clock:
    """Stands still until it is told the time."""

    def __init__(self, monkeypatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(
            drivers, "time", SimpleNamespace(monotonic=lambda: self.now)
        )


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_a_search_makes_as_many_trials_as_asked_for(make_search, scripted, slots):
    search = make_search()
    assert search.run(scripted(rising, slots), trials=5) == "complete"
    rows = search.rows()
    assert [row.status for row in rows] == ["complete"] * 5
    assert [row.epochs for row in rows] == [3] * 5
    assert [row.val_accuracy for row in rows] == [
        pytest.approx(0.503 + number / 100) for number in range(5)
    ]


def test_a_search_goes_on_to_a_larger_total(make_search, scripted):
    search = make_search()
    search.run(scripted(rising), trials=2)
    search.run(scripted(rising), trials=5)
    assert [row.trial for row in search.rows()] == [0, 1, 2, 3, 4]
    assert len({str(row.params) for row in search.rows()}) == 5


@pytest.mark.parametrize("trials", [1, 2])
def test_a_total_that_is_reached_asks_for_nothing(make_search, scripted, trials):
    search = make_search()
    search.run(scripted(rising), trials=2)
    again = scripted(rising)
    assert search.run(again, trials=trials) == "complete"
    assert again.submitted == []


def test_the_first_trial_is_the_known_good_one(make_search, scripted):
    search = make_search()
    search.run(scripted(rising), trials=2)
    first, second = search.rows()
    assert first.params == dict(search.config.space.defaults)
    assert second.params != first.params


def test_a_score_is_the_best_epoch_and_not_the_last(make_search, scripted):
    search = make_search()
    search.run(scripted([[0.5, 0.9, 0.7]]), trials=1)
    (row,) = search.rows()
    assert row.val_accuracy == 0.9
    assert row.curve == (0.5, 0.9, 0.7)


def test_a_pruned_trial_says_where_it_stood(make_search, scripted):
    search = make_search(epochs=9, pruner="median")
    curves = [[start] * 9 for start in (0.9, 0.8, 0.7, 0.6, 0.5, 0.1)]
    assert search.run(scripted(curves), trials=6) == "complete"
    rows = search.rows()
    assert [row.status for row in rows] == ["complete"] * 5 + ["pruned"]
    assert (rows[5].reason, rows[5].epochs) == ("6th of 6 at epoch 2", 2)
    assert rows[5].val_accuracy == 0.1


def test_a_pruned_trials_worker_is_told_and_its_files_are_deleted(
    make_search, scripted
):
    search = make_search(epochs=9, pruner="median")
    engine = scripted([[start] * 9 for start in (0.9, 0.8, 0.7, 0.6, 0.5, 0.1, 0.95)])
    search.run(engine, trials=7)
    assert engine.stopped == set()
    assert search.leftovers() == []
    statuses = [row.status for row in search.rows()]
    assert statuses == ["complete"] * 5 + ["pruned", "complete"]


def test_the_last_epoch_is_never_pruned(make_search, scripted):
    search = make_search(epochs=1, pruner="asha")
    search.run(scripted([[0.9], [0.1], [0.2]]), trials=3)
    assert [row.status for row in search.rows()] == ["complete"] * 3


def test_the_best_network_so_far_is_kept(make_search, scripted):
    search = make_search(epochs=2)
    search.run(scripted([[0.5, 0.6], [0.55, 0.6], [0.7, 0.65]]), trials=3)
    kept = [(event.trial, event.val_accuracy) for event in search.told(BestImproved)]
    assert kept == [(0, 0.5), (0, 0.6), (2, 0.7)]
    best = search.folder / "best"
    assert (best / "model.safetensors").read_text() == "trial 2 fold 0 epoch 1"
    card = json.loads((best / "card.json").read_text())
    assert (card["trial"], card["val_accuracy"], card["epoch"]) == (2, 0.7, 1)
    assert (card["study"], card["val_images"]) == ("tiny", 31)
    assert sorted(path.name for path in search.folder.glob(".best*")) == []


def test_a_later_run_keeps_the_best_of_an_earlier_one(make_search, scripted):
    search = make_search(epochs=1)
    search.run(scripted([[0.9]]), trials=1)
    search.run(scripted([[0.9], [0.8], [0.95]]), trials=2)
    assert len(search.told(BestImproved)) == 1
    search.run(scripted([[0.9], [0.8], [0.95]]), trials=3)
    assert [event.trial for event in search.told(BestImproved)] == [0, 2]


def test_a_new_study_of_an_old_name_keeps_a_network_of_its_own(make_search, scripted):
    search = make_search(epochs=1)
    search.run(scripted([[0.9]]), trials=1)
    optuna.delete_study(study_name="tiny", storage=search.storage)
    search.run(scripted([[0.6]]), trials=1)
    card = json.loads((search.folder / "best" / "card.json").read_text())
    assert card["val_accuracy"] == search.read().best().val_accuracy == 0.6


def test_a_failed_trial_is_recorded_with_its_reason_and_the_search_goes_on(
    make_search, scripted
):
    search = make_search()
    curves = [[0.5, "failed: diverged: the loss became nan at epoch 2"], [0.6] * 3]
    assert search.run(scripted(curves), trials=2) == "complete"
    first, second = search.rows()
    assert (first.status, second.status) == ("failed", "complete")
    assert first.reason == "diverged: the loss became nan at epoch 2"
    assert search.leftovers() == []


def test_three_trials_that_fail_in_the_same_way_stop_the_search(make_search, scripted):
    search = make_search()
    fail = [["failed: diverged: at epoch 1"], ["failed: diverged: at epoch 2"]]
    assert search.run(scripted([*fail, *fail]), trials=9) == "failed"
    assert [row.status for row in search.rows()] == ["failed"] * 3


def test_what_was_trained_beside_trials_that_failed_goes_on_another_time(
    make_search, scripted
):
    search = make_search(epochs=9)
    fails = {1, 2, 3}

    def script(job, _fold, epoch) -> float | str:
        return "failed: diverged: at epoch 1" if job.trial in fails else epoch / 10

    assert search.run(scripted(script, slots=2), trials=5) == "failed"
    statuses = [row.status for row in search.rows()]
    assert statuses == ["interrupted", "failed", "failed", "failed"]
    assert search.leftovers() == ["0"]
    assert search.run(scripted(script, slots=2), trials=5) == "complete"
    first, *_, last = search.rows()
    assert (first.status, last.status) == ("complete", "complete")
    assert first.curve == last.curve


def test_failures_of_different_kinds_or_with_successes_between_do_not(
    make_search, scripted
):
    search = make_search(epochs=1)
    lost, broken = ["failed: diverged: at epoch 1"], ["failed: OSError: no space"]
    curves = [lost, lost, broken, lost, lost, [0.5], lost, lost, [0.5]]
    assert search.run(scripted(curves), trials=9) == "complete"
    assert len(search.rows()) == 9


def test_a_trial_that_cannot_be_built_fails_before_any_worker_has_it(
    make_search, scripted
):
    search = make_search(layers=["max_pool 99", "flatten"])
    engine = scripted(rising)
    assert search.run(engine, trials=5) == "failed"
    assert engine.submitted == []
    first, *_ = rows = search.rows()
    assert [row.status for row in rows] == ["failed"] * 3
    assert "max_pool 99" in first.reason


def test_a_lost_worker_s_trial_goes_on_from_its_checkpoint(make_search, scripted):
    search = make_search()
    losses = iter(["lost: its worker was ended by SIGKILL"])

    def script(job, fold, epoch):
        return next(losses, 0.6) if epoch == 2 else 0.5

    engine = scripted(script)
    assert search.run(engine, trials=1) == "complete"
    assert [job.reported for job in engine.submitted] == [0, 1]
    (row,) = search.rows()
    assert row.curve == (0.5, 0.6, 0.5)
    assert search.told(Notice)[0].text == (
        "trial 0 goes on from its checkpoint: its worker was ended by SIGKILL"
    )


def test_a_trial_that_loses_every_worker_fails(make_search, scripted):
    search = make_search()
    engine = scripted(lambda job, fold, epoch: "lost: its worker was ended by SIGKILL")
    search.run(engine, trials=1)
    assert len(engine.submitted) == jobs.ATTEMPTS
    (row,) = search.rows()
    assert (row.status, row.reason) == ("failed", "its worker was ended by SIGKILL")
    said = "trial 0 begins again: its worker was ended by SIGKILL"
    assert {each.text for each in search.told(Notice)} == {said}


def test_an_interrupted_trial_stays_open_and_keeps_its_files(make_search, scripted):
    search = make_search()
    stop = iter([False])
    outcome = search.run(
        scripted(rising, slots=2), trials=4, stopping=lambda: next(stop, True)
    )
    assert outcome == "interrupted"
    rows = search.rows()
    assert [(row.state, row.status) for row in rows] == [("running", "interrupted")] * 2
    assert [row.epochs for row in rows] == [1, 1]
    assert search.leftovers() == ["0", "1"]


def test_interrupted_trials_go_on_first_under_their_numbers(make_search, scripted):
    search = make_search()
    stop = iter([False])
    search.run(scripted(rising, slots=2), trials=4, stopping=lambda: next(stop, True))
    before = [(row.params, row.recipe) for row in search.rows()]
    engine = scripted(rising)
    driver = search.driver(engine, trials=4)
    assert driver.interrupted == (0, 1)
    assert driver.run(lambda: False) == "complete"
    rows = search.rows()
    assert [(row.params, row.recipe) for row in rows[:2]] == before
    assert [row.status for row in rows] == ["complete"] * 4
    assert [row.curve for row in rows[:2]] == [
        (0.501, 0.502, 0.503),
        (0.511, 0.512, 0.513),
    ]
    assert [(job.trial, job.reported) for job in engine.submitted][:2] == [
        (0, 1),
        (1, 1),
    ]


def test_a_worker_that_dies_when_told_to_leave_is_not_replaced(make_search, scripted):
    # As when SIGTERM goes to the driver and its workers at once.
    search = make_search()
    engine = scripted(rising, slots=2)
    engine.when_stopped = "lost"
    stop = iter([False])
    outcome = search.run(engine, trials=4, stopping=lambda: next(stop, True))
    assert outcome == "interrupted"
    assert [job.trial for job in engine.submitted] == [0, 1]
    assert [row.status for row in search.rows()] == ["interrupted"] * 2
    assert search.leftovers() == ["0", "1"]


def test_a_driver_that_died_leaves_its_trials_to_the_next(make_search, scripted):
    search = make_search()

    def die(event):
        if isinstance(event, EpochEnded) and event.epoch == 2:
            raise MemoryError

    with pytest.raises(MemoryError):
        search.run(scripted(rising), trials=2, emit=die)
    assert [row.status for row in search.rows()] == ["running"]
    assert search.run(scripted(rising), trials=2) == "complete"
    assert [row.curve for row in search.rows()] == [
        (0.501, 0.502, 0.503),
        (0.511, 0.512, 0.513),
    ]


def test_what_a_dead_driver_did_not_keep_is_kept_by_the_next(make_search, scripted):
    search = make_search()

    def die(event):
        if type(event) is BestImproved:
            raise MemoryError

    with pytest.raises(MemoryError):
        search.run(scripted([[0.9, 0.5, 0.5]]), trials=1, emit=die)
    (search.folder / "best" / "card.json").unlink()
    search.run(scripted([[0.9, 0.5, 0.5]]), trials=1)
    weights = search.folder / "best" / "model.safetensors"
    assert weights.read_text() == "trial 0 fold 0 epoch 1"


def test_the_time_ends_a_search_without_open_trials(make_search, scripted, monkeypatch):
    search = make_search()
    clock = Clock(monkeypatch)

    def strike(event):
        if isinstance(event, EpochEnded) and event.trial == 2:
            clock.now = 60.0

    engine = scripted(rising, slots=2)
    outcome = search.run(engine, trials=9, emit=strike, deadline=60.0)
    assert outcome == "time is up"
    rows = search.rows()
    assert {row.state for row in rows} == {"complete", "pruned"}
    late = [row for row in rows if row.state == "pruned"]
    assert {row.reason for row in late} == {"time is up"}
    assert all(row.epochs for row in late)
    assert search.leftovers() == []


def test_a_search_without_time_begins_nothing(make_search, scripted, monkeypatch):
    Clock(monkeypatch)
    search = make_search()
    engine = scripted(rising)
    assert search.run(engine, trials=3, deadline=0.0) == "time is up"
    assert engine.submitted == []


def test_folds_are_the_steps_and_their_mean_is_the_score(make_search, scripted):
    search = make_search(folds=3, epochs=2)

    def script(job, fold, epoch):
        return {1: 0.9, 2: 0.6, 3: 0.6}[fold] if epoch == 2 else 0.99

    search.run(scripted(script), trials=1)
    (row,) = search.rows()
    assert row.curve == (0.9, 0.6, 0.6)
    assert row.val_accuracy == pytest.approx(0.7)
    best = search.folder / "best"
    assert (best / "model.safetensors").read_text() == "trial 0 fold 1 epoch 2"
    card = json.loads((best / "card.json").read_text())
    assert (card["folds"], card["fold"]) == (3, 1)
    assert card["val_accuracy"] == pytest.approx(0.7)


def test_interrupted_folds_are_reported_once(make_search, scripted):
    search = make_search(folds=3, epochs=2)
    stop = iter([False] * 3)

    def script(job, fold, epoch):
        return 0.5 + fold / 10

    search.run(scripted(script), trials=1, stopping=lambda: next(stop, True))
    assert search.rows()[0].epochs == 1
    assert search.run(scripted(script), trials=1) == "complete"
    assert search.rows()[0].curve == (0.6, 0.7, 0.8)


@pytest.mark.parametrize("slots", [1, 3])
def test_a_grid_is_searched_once_in_every_cell(make_grid, scripted, slots):
    search = make_grid(epochs=1)
    assert search.run(scripted(constant(), slots), trials=50) == "complete"
    cells = [tuple(row.params.values()) for row in search.rows()]
    assert len(cells) == len(set(cells)) == 6


def test_a_grid_goes_on_where_it_was_interrupted(make_grid, scripted):
    search = make_grid(epochs=2)
    stop = iter([False] * 6)
    search.run(scripted(constant()), trials=50, stopping=lambda: next(stop, True))
    search.run(scripted(constant()), trials=50)
    cells = [tuple(row.params.values()) for row in search.rows()]
    assert len(cells) == len(set(cells)) == 6
    assert {row.status for row in search.rows()} == {"complete"}


def test_a_grid_stops_at_a_smaller_total(make_grid, scripted):
    search = make_grid(epochs=1)
    search.run(scripted(constant()), trials=4)
    assert [row.status for row in search.rows()] == ["complete"] * 4 + ["waiting"] * 2
    search.run(scripted(constant()), trials=50)
    assert [row.status for row in search.rows()] == ["complete"] * 6


def test_every_trial_is_announced_and_its_end_told(make_search, scripted):
    search = make_search(epochs=2)
    search.run(scripted([[0.5, 0.6], ["failed: diverged"]]), trials=2)
    started = search.told(TrialStarted)
    assert [(each.trial, each.epochs, each.epochs_done) for each in started] == [
        (0, 2, 0),
        (1, 2, 0),
    ]
    assert started[0].parameters > 0
    assert started[0].flops > 0
    ended = search.told(TrialEnded)
    assert [(each.trial, each.status, each.val_accuracy) for each in ended] == [
        (0, "complete", 0.6),
        (1, "failed", None),
    ]
    assert [(each.epochs, each.reason) for each in ended] == [(2, ""), (0, "diverged")]


def test_leftovers_of_trials_that_will_not_go_on_are_deleted(make_search, scripted):
    search = make_search()
    search.run(scripted(rising), trials=1)
    stray = search.folder / "checkpoints" / "0"
    stray.mkdir(parents=True)
    search.run(scripted(rising), trials=1)
    assert not stray.exists()
