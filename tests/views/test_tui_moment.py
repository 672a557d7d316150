"""What screens show, worked out from snapshot to snapshot."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autocnn.quantities import ordinal
from autocnn.store.command import OPERATIONS, Command
from autocnn.store.final import Final
from autocnn.store.rows import Pause, StudySnapshot, TrialRow
from autocnn.store.state import SearchState
from autocnn.views.tui import columns
from autocnn.views.tui.history import REQUESTS, History
from autocnn.views.tui.last import leads
from autocnn.views.tui.moment import elapsed
from autocnn.views.tui.overview import best_so_far, stepwise
from autocnn.views.tui.standings import Standings

STATE = SearchState(
    phase="searching",
    beat=1,
    host="",
    pid=1,
    version="",
    device="",
    jobs=1,
    trials=20,
    seconds=125.0,
)


def row(trial, *curve, status="complete", started=None, ended=None, **more) -> TrialRow:
    over = status not in {"running", "waiting", "paused"}
    begun = 100.0 * trial if started is None else started
    return TrialRow(
        trial=trial,
        state=status,
        status=status,
        val_accuracy=max(curve) if curve else None,
        val_standard_error=None,
        epochs=len(curve),
        parameters=None,
        flops=None,
        seconds=None,
        params={},
        curve=curve,
        reason=more.pop("reason", ""),
        recipe="",
        started=begun,
        ended=(begun + 50 if ended is None else ended) if over else None,
        **more,
    )


def study(*rows, **more) -> StudySnapshot:
    return StudySnapshot(name="tiny", config={"epochs": 4}, trials=rows, **more)


def test_trials_are_ranked_as_on_the_leaderboard():
    found = study(row(0, 0.5), row(1, 0.9), row(2, 0.9), row(3, status="failed"))
    moment = History().update(found, now=500.0)
    assert list(moment.ranked) == found.ranked()
    assert moment.ranks == {1: 1, 2: 2, 0: 3}
    assert moment.best == found.best()
    assert (moment.finished, moment.total, moment.epochs) == (4, 4, 4)


def test_refused_trials_are_neither_finished_nor_to_be_reached():
    found = study(row(0, 0.5), row(1, status="refused"), row(2, status="running"))
    moment = History().update(found, now=500.0)
    assert (moment.finished, moment.total) == (1, 2)


def test_the_rank_of_a_running_trial_follows_its_epochs():
    history, done = History(), row(0, 0.5, 0.6)
    first = history.update(study(done, row(1, 0.4, status="running")), now=150.0)
    assert [each.trial for each in first.ranked] == [0, 1]
    second = history.update(study(done, row(1, 0.4, 0.7, status="running")), now=160.0)
    assert [each.trial for each in second.ranked] == [1, 0]
    third = history.update(study(done, row(1, 0.4, 0.7, ended=170.0)), now=180.0)
    assert [each.trial for each in third.ranked] == [1, 0]


def test_a_trial_stands_among_all_at_its_epoch():
    running = row(3, 0.4, 0.6, status="running")
    found = study(row(0, 0.5, 0.7, 0.8), row(1, 0.9), row(2, 0.1, 0.2), running)
    moment = History().update(found, now=500.0)
    assert moment.standing(running) == "2nd of 3"
    assert moment.standing(row(4, status="running")) == ""


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.lists(st.sampled_from([0.1, 0.5, 0.5, 0.9, math.nan]), max_size=4),
            st.sampled_from(["running", "complete", "failed", "paused"]),
        ),
        max_size=12,
    )
)
def test_places_are_what_counting_gives_whatever_becomes_of_trials(changes):
    standings, rows = Standings(), {}
    for number, curve, status in changes:
        after = row(number, *curve, status=status)
        standings = standings.updated([(rows.get(number), after)])
        rows[number] = after
        for each, epoch in ((r, e) for r in rows.values() for e in range(1, r.epochs)):
            there = [r for r in rows.values() if r.epochs >= epoch]
            better = sum(r.curve[epoch - 1] > each.curve[epoch - 1] for r in there)
            place = standings.place(each, epoch, judged=False)
            if not math.isnan(each.curve[epoch - 1]):
                assert place == f"{ordinal(1 + better)} of {len(there)}"
            there = [r for r in there if r.status != "failed"]
            bests = [max(known(r.curve[:epoch])) for r in there]
            better = sum(best > max(known(each.curve[:epoch])) for best in bests)
            place = standings.place(each, epoch, judged=True)
            assert place == f"{ordinal(1 + better)} of {len(there)}"


def known(curve):
    return [-math.inf, *(value for value in curve if not math.isnan(value))]


class Unread(tuple):
    """Thousands of rows, at none of which anybody should look."""

    __slots__ = ()

    def __iter__(self):
        raise AssertionError("all rows are looked at")


@pytest.mark.parametrize("config", [{"epochs": 4}, {}])
def test_what_is_shown_each_second_takes_no_look_at_all_trials(config):
    running = row(2, 0.4, 0.6, status="running", epoch_ends=(250.0, 290.0))
    state = dataclasses.replace(STATE, rungs=(1, 3))
    found = study(row(0, 0.5, 0.7), row(1, 0.9), running, state=state)
    found = dataclasses.replace(found, config=config)
    moment = History().update(found, now=500.0)
    unread = dataclasses.replace(found, trials=Unread(found.trials))
    moment = dataclasses.replace(moment, study=unread)
    moment = dataclasses.replace(moment, ranked=Unread(moment.ranked))
    assert (moment.total, moment.share) == (20, 2 / 20)
    assert moment.epochs == config.get("epochs", 2)
    assert moment.standing(running) == "2nd of 2"
    assert leads(moment.study, moment.best) is None
    assert elapsed(moment) == "2m05s"
    assert columns.scale(moment) == (0.4, 0.9)
    assert columns.board(moment)[0].text(running) == "3"
    assert columns.running(moment)[0].text(running) == "#2"
    assert best_so_far(moment)[0].points[-1] == (500 / 60, 0.9)


def test_the_plot_of_the_best_follows_the_time_in_steps_of_less_than_a_dot():
    found = study(row(0, 0.5), state=STATE)
    lines = [
        best_so_far(History().update(found, now=now))[0] for now in (7000, 7001, 7100)
    ]
    assert lines[0] == lines[1] != lines[2]


@given(st.floats(1e-3, 1e9))
def test_a_time_in_steps_is_hardly_later(seconds):
    assert seconds <= stepwise(seconds) <= seconds * (1 + 1 / 128)


def test_the_best_so_far_is_told_by_the_times_of_ends():
    found = study(row(0, 0.5), row(1, 0.4), row(2, 0.8), row(3, 0.9, status="failed"))
    moment = History().update(found, now=900.0)
    assert [(s.at, s.trial) for s in moment.best_so_far] == [(50.0, 0), (250.0, 2)]


def test_a_running_trial_becomes_the_best_with_its_best_epoch():
    history, done = History(), row(0, 0.5)
    one = row(1, 0.4, status="running", epoch_ends=(120.0,))
    two = row(1, 0.4, 0.7, status="running", epoch_ends=(120.0, 160.0))
    history.update(study(done, one), now=150.0)
    history.update(study(done, two), now=170.0)
    later = history.update(study(done, row(1, 0.4, 0.7, ended=300.0)), now=310.0)
    assert [(s.at, s.trial) for s in later.best_so_far] == [(50.0, 0), (160.0, 1)]


def test_who_comes_late_sees_what_running_trials_reached_before():
    first = row(0, 0.4, 0.6, status="running", epoch_ends=(30.0, 90.0))
    other = row(1, 0.5, 0.55, status="running", epoch_ends=(60.0, 120.0))
    moment = History().update(study(first, other), now=500.0)
    steps = [(s.at, s.val_accuracy, s.trial) for s in moment.best_so_far]
    assert steps == [(30.0, 0.4, 0), (60.0, 0.5, 1), (90.0, 0.6, 0)]


def test_with_folds_the_best_so_far_is_of_their_mean():
    running = row(0, 0.2, 0.4, status="running", epoch_ends=(30.0, 90.0))
    mean = dataclasses.replace(running, val_accuracy=0.3)
    found = dataclasses.replace(study(mean), config={"folds": 2})
    moment = History().update(found, now=500.0)
    assert [(s.at, s.val_accuracy) for s in moment.best_so_far] == [(90.0, 0.3)]


def test_a_trial_that_ended_before_others_that_were_told_is_put_in_its_place():
    history = History()
    late, early = row(1, 0.5, ended=300.0), row(0, 0.6, ended=250.0)
    history.update(study(row(0, 0.3, status="running"), late), now=310.0)
    moment = history.update(study(early, late), now=320.0)
    ends = [one for one in moment.news if one.kind == "complete"]
    assert [one.trial for one in ends] == [0, 1]


def test_news_tell_starts_ends_reasons_and_requests_in_order():
    asked = Command(
        id="a", operation="prune", trial=1, sent=120.0, answer="done", done=True
    )
    pruned = row(1, 0.1, status="pruned", reason="3rd of 3 at epoch 1")
    moment = History().update(study(row(0, 0.5), pruned, commands=(asked,)), now=500.0)
    assert [(one.at, one.trial, one.text) for one in moment.news] == [
        (0.0, 0, "started"),
        (50.0, 0, "complete: 50.0% after 1 epoch"),
        (100.0, 1, "started"),
        (120.0, -1, "asked to prune trial 1: done"),
        (150.0, 1, "pruned after 1 epoch: 3rd of 3 at epoch 1"),
    ]


def test_news_tell_of_pauses_and_promotions_whatever_comes_after():
    why = "2nd of 2 at epoch 1"
    first, second = Pause(130.0, 1, why), Pause(190.0, 2, "2nd of 3 at epoch 2")
    went_on = dataclasses.replace(first, until=170.0)
    rows = [
        row(1, 0.5, status="paused", pauses=(first,), reason=why),
        row(1, 0.5, status="running", pauses=(went_on,)),
        row(1, 0.5, 0.6, status="paused", pauses=(went_on, second)),
        row(1, 0.5, 0.6, status="pruned", pauses=(went_on, second), ended=240.0),
    ]
    history = History()
    told = [history.update(study(each), now=200.0).news for each in rows]
    assert [(one.at, one.text, one.kind) for one in told[-1]] == [
        (100.0, "started", "running"),
        (130.0, "paused after 1 epoch: 2nd of 2 at epoch 1", "paused"),
        (170.0, "promoted after 1 epoch", "running"),
        (190.0, "paused after 2 epochs: 2nd of 3 at epoch 2", "paused"),
        (240.0, "pruned after 2 epochs", "pruned"),
    ]
    assert [len(news) for news in told] == [2, 3, 4, 5]
    assert list(told[0]) == list(told[-1])[:2]


def test_at_rungs_the_best_so_far_is_compared_and_failures_are_not():
    state = dataclasses.replace(STATE, rungs=(1, 3))
    paused = row(2, 0.6, 0.1, 0.4, status="paused")
    rows = row(0, 0.3, 0.5, 0.5), row(1, 0.9, 0.9, 0.9, status="failed"), paused
    assert History().update(study(*rows), now=9.0).standing(paused) == "3rd of 3"
    judged = History().update(study(*rows, state=state), now=9.0)
    assert judged.standing(paused) == "1st of 2"
    assert judged.place(paused, 1) == "1st of 2"


def test_following_a_study_ends_where_reading_it_at_once_does():
    history, rows = History(), [row(n, n / 10, ended=100.0 * n + 40) for n in range(8)]
    for number in range(1, len(rows) + 1):
        running = dataclasses.replace(
            rows[number - 1], status="running", state="running", ended=None
        )
        history.update(study(*rows[: number - 1], running), now=100.0 * number)
        followed = history.update(study(*rows[:number]), now=100.0 * number + 41)
    at_once = History().update(study(*rows), now=100.0 * len(rows) + 41)
    assert followed.ranked == at_once.ranked
    assert followed.counts == at_once.counts
    assert [(n.trial, n.text) for n in followed.news] == [
        (n.trial, n.text) for n in at_once.news
    ]


def test_the_time_of_all_runs_is_added_up():
    ended = dataclasses.replace(STATE, phase="ended")
    state = dataclasses.replace(ended, seconds=60.0, earlier_seconds=65.0)
    assert elapsed(History().update(study(row(0, 0.5), state=state), 0.0)) == "2m05s"
    assert elapsed(History().update(study(row(0, 0.5), row(1, 0.5)), 0.0)) == "2m30s"


def test_the_final_training_runs_as_what_it_is_and_leads_when_it_is_better():
    state = dataclasses.replace(STATE, phase="final")
    final = Final(trial=1, epochs=12, curve=(0.4, 0.7))
    rows = row(0, 0.5, 0.6), row(1, 0.5, 0.8)
    moment = History().update(study(*rows, state=state, final=final), now=500.0)
    (shown,) = moment.running
    cells = {column.name: column.text(shown) for column in columns.running(moment)}
    assert (cells["trial"], cells["epoch"], cells["val"]) == ("final", "2/12", "70.0%")
    assert cells["standing"] == "#1's recipe"
    assert moment.best.trial == 1
    assert leads(moment.study, moment.best) is None
    better = dataclasses.replace(final, curve=(0.4, 0.7, 0.81), status="complete")
    ended = dataclasses.replace(STATE, phase="ended")
    moment = History().update(study(*rows, state=ended, final=better), now=600.0)
    assert moment.running == ()
    assert leads(moment.study, moment.best).val_accuracy == 0.81


@pytest.mark.parametrize(
    ("number", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (22, "22nd")]
)
def test_ordinals(number, word):
    assert ordinal(number) == word


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_request_is_told_in_a_sentence(operation):
    asked = Command(
        id="a", operation=operation, trial=7, count=9, answer="no", sent=1.0
    )
    moment = History().update(study(commands=(asked,)), now=5.0)
    (news,) = moment.news
    assert news.text.startswith("asked to ")
    assert news.text.endswith(": refused, for no")
    assert f"to {operation} 9" not in news.text


def test_every_operation_has_its_sentence():
    assert set(REQUESTS) == set(OPERATIONS)


def test_how_far_a_search_without_an_end_is_is_not_known():
    state = dataclasses.replace(STATE, trials=0, seconds=5.0)
    assert History().update(study(state=state), now=5.0).share is None
    timed = dataclasses.replace(state, seconds_left=15.0)
    assert History().update(study(state=timed), now=5.0).share == 0.25
