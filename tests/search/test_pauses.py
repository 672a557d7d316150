"""Trials that pause at rungs and are promoted, by a script of what workers say."""

import pytest
from optuna.trial import Trial, TrialState

from autocnn.events import EpochEnded, TrialPaused, TrialStarted
from autocnn.search import space as spaces
from autocnn.search.pauses import Pauses
from autocnn.search.trials import Running

WEAK = 0.1


def levels(*starts):
    """Constant curves, one a trial."""
    return [[start] * 9 for start in starts]


@pytest.fixture
def search(make_search):
    """Trials of 9 epochs, judged after 1 and 3."""
    return make_search(epochs=9, pruner="asha")


def submitted(engine):
    return [(job.trial, job.reported) for job in engine.submitted]


def paused(search):
    return [(event.trial, event.reason) for event in search.told(TrialPaused)]


def test_whoever_is_not_among_the_best_third_waits(search, scripted):
    engine = scripted(levels(0.5, 0.9, 0.6, 0.55))
    assert search.run(engine, trials=4) == "complete"
    assert paused(search)[:3] == [
        (1, "1st of 2 at epoch 1"),
        (2, "2nd of 3 at epoch 1"),
        (1, "1st of 2 at epoch 3"),
    ]
    # Of three the best goes on, from where it stopped, before a fourth is begun.
    assert submitted(engine) == [(0, 0), (1, 0), (2, 0), (1, 1), (3, 0), (1, 3)]


def test_the_first_trial_never_pauses(search, scripted):
    engine = scripted(levels(WEAK, 0.8, 0.9))
    search.run(engine, trials=3)
    assert submitted(engine)[:2] == [(0, 0), (1, 0)]
    assert (search.rows()[0].status, search.rows()[0].pauses) == ("complete", ())


def test_in_the_end_paused_trials_are_pruned_with_their_places(search, scripted):
    search.run(scripted(levels(0.5, 0.9, 0.6, 0.4)), trials=4)
    rows = search.rows()
    assert [(row.status, row.epochs, row.reason) for row in rows] == [
        ("complete", 9, ""),
        ("complete", 9, ""),
        ("pruned", 1, "the search was over: 2nd of 4 at epoch 1"),
        # The fourth of four can never be the first of them.
        ("pruned", 1, "4th of 4 at epoch 1"),
    ]
    assert [row.promotions for row in rows] == [0, 2, 0, 0]
    assert search.leftovers() == []


def test_the_best_of_few_at_a_rung_does_not_pass_for_that(search, scripted):
    engine = scripted(levels(0.5, 0.6, 0.7, 0.9, 0.8, 0.4))
    search.run(engine, trials=6)
    assert search.rows()[1].epochs == 1
    assert [row.trial for row in search.rows() if row.status == "complete"] == [0, 3]


@pytest.mark.parametrize("trials", [1, 2])
def test_even_the_smallest_search_completes_a_trial(search, scripted, trials):
    search.run(scripted(levels(0.5, 0.6)), trials=trials)
    assert [row.status for row in search.rows()] == ["complete"] * trials


def test_who_is_behind_at_its_rung_does_not_go_on_for_want_of_others(search, scripted):
    search.run(scripted(levels(0.6, 0.5)), trials=2)
    assert [row.status for row in search.rows()] == ["complete", "pruned"]


@pytest.mark.parametrize("slots", [1, 2, 3, 5])
def test_of_many_trials_a_ninth_is_complete_and_the_best_is_among_them(
    search, scripted, slots
):
    scores = [0.3 + 0.02 * (7 * n % 27) for n in range(27)]
    assert search.run(scripted(levels(*scores), slots), trials=27) == "complete"
    rows = search.rows()
    assert len(rows) == 27
    complete = [row.trial for row in rows if row.status == "complete"]
    assert scores.index(max(scores)) in complete
    # The order of arrival lets a few more pass than in synchronous rounds.
    assert 3 <= len(complete) <= 9


def test_a_trial_keeps_its_number_and_its_curve_when_promoted(search, scripted):
    search.run(scripted(levels(0.5, 0.9, 0.6)), trials=3)
    best = search.rows()[1]
    assert (best.status, best.epochs, best.promotions) == ("complete", 9, 2)
    started = [each for each in search.told(TrialStarted) if each.trial == 1]
    assert [(each.epochs_done, each.promotions) for each in started] == [
        (0, 0),
        (1, 1),
        (3, 2),
    ]


def test_the_study_says_when_and_why_a_trial_paused_and_went_on(search, scripted):
    search.run(scripted(levels(0.7, 0.6, 0.9, 0.5)), trials=4)
    rows = search.rows()
    assert [(each.epochs, each.reason) for each in rows[2].pauses] == [
        (3, "1st of 2 at epoch 3"),
    ]
    (given_up,) = rows[1].pauses
    assert given_up.until is None
    assert (given_up.reason, rows[1].reason) == (
        "2nd of 2 at epoch 1",
        "3rd of 3 at epoch 1",
    )
    (paused,) = rows[2].pauses
    assert rows[2].started <= paused.since <= paused.until


def test_a_trial_whose_driver_died_at_a_rung_is_said_to_be_paused(search, scripted):
    curves = levels(0.5, 0.9, 0.8, 0.7)

    def die(event):
        if isinstance(event, TrialPaused) and event.trial == 1:
            raise MemoryError

    with pytest.raises(MemoryError):
        search.run(scripted(curves), trials=4, emit=die)
    trial = Trial(search.study, search.study.trials[1]._trial_id)
    trial.set_user_attr("status", "running")
    search.driver(scripted(curves), trials=4)
    _, row = search.rows()
    assert (row.status, row.reason, len(row.pauses)) == (
        "paused",
        "1st of 2 at epoch 1",
        1,
    )
    assert row.seconds == 1.0


def test_a_promoted_trial_that_came_no_farther_has_not_been_promoted(search, scripted):
    curves = levels(0.5, 0.9, 0.6)

    def die(event):
        if isinstance(event, TrialStarted) and event.promotions:
            raise MemoryError

    with pytest.raises(MemoryError):
        search.run(scripted(curves), trials=3, emit=die)
    assert search.rows()[1].promotions == 1
    assert search.run(scripted(curves), trials=3) == "complete"
    row = search.rows()[1]
    assert (row.promotions, len(row.pauses)) == (2, 2)


def test_where_a_worker_would_be_idle_the_next_best_goes_on_while_others_do(
    search, scripted
):
    engine = scripted(levels(0.9, 0.8, 0.7), slots=2)
    assert search.run(engine, trials=3) == "complete"
    rows = search.rows()
    assert (rows[0].status, rows[0].epochs) == ("complete", 9)
    # It was trained beside trial 0, and nobody waited for it to come to its end.
    assert rows[1].status == "pruned"
    assert rows[1].reason == "the search was over: 2nd of 2 at epoch 3"
    assert 3 <= rows[1].epochs < 9


def test_paused_trials_stay_open_when_a_search_is_interrupted(search, scripted):
    stop = iter([False] * 15)
    engine = scripted(levels(0.9, 0.5, 0.6, 0.7, 0.8))
    outcome = search.run(engine, trials=9, stopping=lambda: next(stop, True))
    assert outcome == "interrupted"
    rows = search.rows()
    assert {row.state for row in rows[1:]} == {"running"}
    assert rows[1].status == rows[2].status == "paused"
    assert search.leftovers()[:2] == ["1", "2"]


def test_the_next_run_promotes_what_an_earlier_one_paused(search, scripted):
    curves = levels(0.5, 0.9, 0.6, 0.7)
    stop = iter([False] * 12)
    search.run(scripted(curves), trials=4, stopping=lambda: next(stop, True))
    assert search.rows()[1].status == "paused"
    engine = scripted(curves)
    assert search.run(engine, trials=4) == "complete"
    assert submitted(engine)[-1] == (1, 3)
    rows = search.rows()
    assert len(rows) == 4
    assert rows[1].curve == (0.9,) * 9


@pytest.mark.parametrize("crash", range(1, 21))
def test_a_search_that_dies_after_any_epoch_ends_as_if_it_had_not(
    make_search, scripted, crash
):
    curves = levels(0.5, 0.9, 0.6, 0.55)
    search = make_search(epochs=9, pruner="asha")
    search.run(scripted(curves), trials=4)
    whole = [(row.status, row.curve, row.reason) for row in search.rows()]
    search.forget()
    heard = []

    def die(event):
        heard.append(isinstance(event, EpochEnded))
        if sum(heard) == crash:
            raise MemoryError

    try:
        search.run(scripted(curves), trials=4, emit=die)
    except MemoryError:
        search.run(scripted(curves), trials=4)
    again = [(row.status, row.curve, row.reason) for row in search.rows()]
    assert again == whole


def test_what_can_never_pass_is_given_up_with_its_checkpoint(search, scripted):
    scores = [0.9 - 0.05 * n for n in range(9)]
    checked = []

    def look(event):
        if isinstance(event, TrialStarted) and event.trial == 8:
            states = [row.state for row in search.rows()]
            checked.append((states, search.leftovers()))

    search.run(scripted(levels(*scores)), trials=9, emit=look)
    # Of nine at most three can pass, and one more where a worker would be idle.
    ((states, leftovers), *_) = checked
    assert states[4:8] == ["pruned"] * 4
    assert not {"4", "5", "6", "7"} & set(leftovers)


def test_a_trial_that_fails_is_out_of_all_comparisons(search, scripted):
    curves = levels(0.5, 0.6, 0.7)
    curves.insert(0, [0.9, "failed: diverged: at epoch 2"])
    search.run(scripted(curves), trials=4)
    rows = search.rows()
    assert (rows[0].status, rows[3].status) == ("failed", "complete")
    assert rows[2].reason == "the search was over: 2nd of 3 at epoch 1"


def test_time_that_is_up_prunes_paused_trials_and_says_where_they_stood(
    search, scripted, monkeypatch
):
    from types import SimpleNamespace

    from autocnn.search import driver

    now = [0.0]
    monkeypatch.setattr(driver, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def strike(event):
        if isinstance(event, TrialPaused) and event.trial == 2:
            now[0] = 60.0

    outcome = search.run(
        scripted(levels(0.9, 0.5, 0.6)), trials=9, emit=strike, deadline=60.0
    )
    assert outcome == "time is up"
    assert [(row.state, row.reason) for row in search.rows()[1:]] == [
        ("pruned", "time is up: 3rd of 3 at epoch 1"),
        ("pruned", "time is up: 2nd of 3 at epoch 1"),
    ]
    assert search.leftovers() == []


def test_samplers_see_paused_trials_as_pruned_ones(search, scripted):
    stop = iter([False] * 14)
    engine = scripted(levels(0.9, 0.5, 0.6, 0.7, 0.4))
    search.run(engine, trials=9, stopping=lambda: next(stop, True))
    study, seen = search.study, []

    class Spy(type(study.sampler._sampler)):
        def before_trial(self, study, trial):
            pass

        def infer_relative_search_space(self, study, trial):
            states = (TrialState.PRUNED,)
            seen.extend(study._get_trials(deepcopy=False, states=states))
            return super().infer_relative_search_space(study, trial)

    study.sampler._make = lambda _trial: Spy(seed=0)
    spaces.draw(search.config.space, study.ask())
    waiting = [row for row in search.rows() if row.status == "paused"]
    assert [trial.number for trial in seen] == [row.trial for row in waiting] != []
    assert [list(t.intermediate_values.values()) for t in seen] == [
        list(row.curve) for row in waiting
    ]
    # What is really there stays as it is.
    assert {t.state for t in study.trials[1:]} == {TrialState.RUNNING}


def test_whoever_has_earned_to_go_on_is_left_by_the_end_of_the_search_alone(search):
    study, pauses = search.study, Pauses([1, 3], [])
    scores = (0.4, 0.9, 0.6)
    first, best, middle = (Running(study.ask(), [score], 0) for score in scores)
    for running in (first, best, middle):
        pauses.add(running)
    assert pauses.left_for(best, "time is up") == "time is up: 1st of 3 at epoch 1"
    assert pauses.left_for(best, "complete").startswith("the search was over: 1st of 3")
    assert pauses.left_for(middle, "time is up") == "time is up: 2nd of 3 at epoch 1"
    # They went on beyond their rung, and came to no other.
    best.curve.append(0.9)
    middle.curve.append(0.7)
    assert pauses.left_for(best, "time is up") == "time is up: 1st of 3 at epoch 1"
    assert pauses.left_for(middle, "complete").endswith("over: 2nd of 3 at epoch 1")
    assert pauses.left_for(Running(study.ask(), [], 0), "time is up") == "time is up"
