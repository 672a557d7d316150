"""A study as it was: what is shown at a moment is what was known then, and no more."""

import gc
import time
from dataclasses import replace

import pytest

from autocnn.store.aim import standard_error
from autocnn.store.command import Command
from autocnn.store.final import Final
from autocnn.store.replay import Recording, at
from autocnn.store.rows import Pause, StudySnapshot, TrialRow
from autocnn.store.state import Pace, SearchState
from autocnn.store.timeline import SHORT, Timeline

VAL_IMAGES = 100
STATE = SearchState(
    phase="ended",
    beat=9,
    host="here",
    pid=1,
    version="1",
    device="cpu",
    jobs=2,
    trials=8,
    seconds=50.0,
    earlier_seconds=30.0,
    outcome="complete",
    notice="all is over",
    rungs=(1, 3),
)


def row(trial, curve, started, ended, status="complete", **more) -> TrialRow:
    states = {"pruned": "pruned", "failed": "fail", "complete": "complete"}
    return TrialRow(
        trial=trial,
        state=states.get(status, "running"),
        status=status,
        val_accuracy=max(curve) if curve else None,
        val_standard_error=standard_error(max(curve), VAL_IMAGES) if curve else None,
        epochs=len(curve),
        parameters=1_000,
        flops=2_000,
        seconds=9.0,
        params={"width": 8},
        curve=tuple(curve),
        images_per_second=500.0,
        recipe="",
        started=started,
        ended=ended,
        planned_epochs=3,
        **{"reason": "", **more},
    )


def log(*ends, seconds=10.0):
    """What the driver logs of epochs that ended then."""
    return [[end, 1.0, 0.5, 1.0, seconds, 700.0] for end in ends]


def study(*rows, state=STATE, commands=(), **config) -> StudySnapshot:
    return StudySnapshot(
        name="tiny",
        config={"val_images": VAL_IMAGES, **config},
        trials=tuple(rows),
        state=state,
        commands=tuple(commands),
    )


REASON = "2nd of 2 at epoch 1"
TWO = study(
    row(0, [0.3, 0.7, 0.6], 100.0, 131.0),
    row(1, [0.2], 105.0, 116.0, "pruned", reason=REASON),
)
TIMES = {0: log(110.0, 120.0, 130.0), 1: log(115.0)}


def test_a_trial_has_its_epochs_one_by_one_and_then_its_end():
    first = {when: at(TWO, TIMES, when).trials[0] for when in (100, 110, 119, 120, 130)}
    assert {when: one.curve for when, one in first.items()} == {
        100: (),
        110: (0.3,),
        119: (0.3,),
        120: (0.3, 0.7),
        130: (0.3, 0.7, 0.6),
    }
    assert {one.status for one in first.values()} == {"running"}
    assert {one.state for one in first.values()} == {"running"}
    assert [one.val_accuracy for one in first.values()] == [None, 0.3, 0.3, 0.7, 0.7]
    assert [one.epochs for one in first.values()] == [0, 1, 1, 2, 3]
    assert first[120].val_standard_error == standard_error(0.7, VAL_IMAGES)
    assert first[100].val_standard_error is None
    assert first[120].seconds is None
    assert first[120].ended is None
    assert first[120].parameters == 1_000
    assert first[120].params == {"width": 8}


def test_what_follows_the_trials_is_not_known_before_their_end():
    told = replace(TWO, final=Final(trial=0, epochs=9, curve=(0.8,)))
    assert at(told, TIMES, 120.0).final is None
    assert at(told, TIMES, 1_000.0).final == told.final


WAITED = study(
    row(
        0,
        [0.3, 0.7, 0.6],
        100.0,
        191.0,
        promotions=1,
        pauses=(
            Pause(110.0, 1, "2nd of 2 at epoch 1", 160.0),
            Pause(180.0, 3, "2nd of 3 at epoch 3"),
        ),
        status="pruned",
    )
)
LATE = {0: log(110.0, 170.0, 180.0)}


def test_a_trial_that_waited_at_a_rung_is_shown_as_paused_then():
    found = Recording(WAITED, LATE)
    shown = {when: found.at(when).trials[0] for when in (109, 110, 159, 160, 180, 191)}
    assert {when: one.status for when, one in shown.items()} == {
        109: "running",
        110: "paused",
        159: "paused",
        160: "running",
        180: "paused",
        191: "pruned",
    }
    assert (shown[159].reason, shown[160].reason) == ("2nd of 2 at epoch 1", "")
    assert {one.state for one in list(shown.values())[:-1]} == {"running"}


def test_of_a_pause_only_what_was_known_is_shown():
    shown = [at(WAITED, LATE, when).trials[0] for when in (109.0, 159.0, 160.0)]
    assert [one.promotions for one in shown] == [0, 0, 1]
    assert [one.pauses for one in shown[:2]] == [
        (),
        (Pause(110.0, 1, "2nd of 2 at epoch 1"),),
    ]
    assert shown[2].pauses == WAITED.trials[0].pauses[:1]


def test_a_paused_trial_is_in_no_epoch_and_a_long_pause_is_a_silence():
    assert at(WAITED, LATE, 130.0).state.paces == {}
    assert set(at(WAITED, LATE, 165.0).state.paces) == {0}
    (one,) = WAITED.trials
    later = tuple(
        replace(p, until=p.until and 9_000.0, since=p.since) for p in one.pauses[:1]
    )
    slow = study(replace(one, ended=9_030.0, pauses=later))
    found = Recording(slow, {0: log(110.0, 9_010.0, 9_020.0)})
    assert found.timeline.silences == [9_000.0 - 110.0]


def test_a_pause_that_lasts_to_the_end_is_one_to_the_end():
    left = replace(WAITED.trials[0], status="paused", state="running", ended=None)
    started = row(1, [0.1], 150.0, 300.0)
    found = Recording(study(left, started), {**LATE, 1: log(160.0)})
    assert found.at(299.0).trials[0].status == "paused"
    assert found.at(299.0).state.phase == "searching"


def test_nothing_is_known_before_it_happened():
    assert [one.trial for one in at(TWO, TIMES, 104.9).trials] == [0]
    assert at(TWO, TIMES, 99.0).trials == ()
    before, after = at(TWO, TIMES, 115.5).trials[1], at(TWO, TIMES, 116.0).trials[1]
    assert (before.status, before.reason, before.curve) == ("running", "", (0.2,))
    assert after is TWO.trials[1]


@pytest.mark.parametrize("moment", [131.0, 1e12])
def test_at_the_end_the_study_is_what_it_is(moment):
    waiting = row(2, [], None, None, "waiting")
    left = row(3, [0.4], 118.0, None, "interrupted")
    whole = replace(TWO, trials=(*TWO.trials, waiting, left))
    times = {**TIMES, 3: log(128.0)}
    assert at(whole, times, moment) == whole
    before = at(whole, times, 130.9)
    assert [(one.trial, one.status) for one in before.trials] == [
        (0, "running"),
        (1, "pruned"),
        (3, "running"),
    ]


def test_epochs_without_times_are_spread_evenly():
    found = Recording(TWO, {})
    lengths = [len(found.at(when).trials[0].curve) for when in (110, 110.4, 121, 130.9)]
    assert lengths == [0, 1, 2, 2]
    unfinished = study(row(0, [0.1, 0.2], 100.0, None, "running"))
    commands = (Command(id="a", operation="pause", sent=140.0),)
    found = Recording(replace(unfinished, commands=commands), {})
    assert [found.epochs(0, when) for when in (100, 119, 120, 139, 140)] == [
        0,
        0,
        1,
        1,
        2,
    ]


@pytest.mark.parametrize(
    "log_",
    [log(110.0), [[110.0], [120.0], [130.0]], []],
    ids=["too short", "of another form", "none"],
)
def test_a_log_that_does_not_fit_its_curve_is_not_used(log_):
    assert at(TWO, {0: log_}, 110.0).trials[0].curve == ()
    assert at(TWO, {0: log_}, 111.0).trials[0].curve == (0.3,)


def test_clocks_that_were_put_back_end_no_epoch_before_the_one_before_it():
    times = {0: log(120.0, 90.0, 150.0)}
    found = Recording(TWO, times)
    assert [found.epochs(0, when) for when in (119, 120, 130, 131)] == [0, 2, 2, 3]


def test_the_mean_counts_where_trials_have_folds():
    folds = replace(TWO, config={"val_images": VAL_IMAGES, "folds": 3})
    shown = at(folds, TIMES, 120.0)
    assert shown.trials[0].val_accuracy == pytest.approx(0.5)
    assert shown.state.paces[0].fold == 3


def test_the_driver_says_how_far_it_is():
    state = at(TWO, TIMES, 112.5).state
    assert (state.phase, state.outcome, state.notice) == ("searching", "", "")
    assert (state.trials, state.jobs, state.rungs) == (8, 2, (1, 3))
    assert state.seconds == 12.5
    assert state.earlier_seconds == 0
    assert state.seconds_left is None
    assert state.paces == {
        0: Pace(epoch=2, share=0.25, images_per_second=700.0),
        1: Pace(epoch=1, share=0.75, images_per_second=700.0),
    }
    assert set(at(TWO, TIMES, 116.0).state.paces) == {0}
    assert at(replace(TWO, state=None), TIMES, 112.5).state is None


def test_commands_are_shown_once_they_were_sent():
    pause = Command(id="a", operation="pause", sent=106.0, answer="paused", done=True)
    resume = Command(id="b", operation="resume", sent=125.0, answer="on", done=True)
    found = Recording(replace(TWO, commands=(pause, resume)), TIMES)
    seen = {when: found.at(when) for when in (104, 106, 126)}
    assert [len(one.commands) for one in seen.values()] == [0, 1, 2]
    assert [one.state.phase for one in seen.values()] == [
        "searching",
        "pausing",
        "searching",
    ]


def test_a_pause_is_over_when_a_trial_starts_and_complete_when_none_runs():
    rows = (*TWO.trials, row(2, [0.1], 200.0, 211.0), row(3, [0.1], 220.0, 300.0))
    pause = Command(id="a", operation="pause", sent=120.0, answer="", done=True)
    refused = Command(id="b", operation="pause", sent=205.0, answer="no", done=False)
    found = Recording(replace(TWO, trials=rows, commands=(pause, refused)), TIMES)
    phases = [found.at(when).state.phase for when in (121, 150, 199, 200, 215)]
    assert phases == ["pausing", "paused", "paused", "searching", "searching"]


def test_silences_are_short_and_everything_else_takes_its_time():
    rows = (*TWO.trials, row(2, [0.1], 10_000.0, 10_011.0))
    found = Recording(study(*rows), {**TIMES, 2: log(10_010.0)})
    line = found.timeline
    assert line.silences == [10_000.0 - 131.0]
    assert line.length == 31 + SHORT + 11
    assert line.moment(0) == 100
    assert line.moment(20) == 120
    assert line.moment(31 + SHORT) == pytest.approx(10_000)
    assert line.moment(31 + SHORT + 5) == pytest.approx(10_005)
    assert line.moment(1e9) == 10_011
    for played in (0.0, 7.5, 31.0, 35.0, 41.0, 52.0):
        assert line.played(line.moment(played)) == pytest.approx(played)
    assert found.at(10_005.0).state.seconds == 46.0


def test_a_long_epoch_is_no_silence():
    slow = study(row(0, [0.1, 0.2], 0.0, 4000.0))
    known = {0: log(2000.0, 4000.0, seconds=2000.0)}
    assert Recording(slow, known).timeline.silences == []
    # Who does not know that it was one epoch all the time does not wait for it.
    assert len(Recording(slow, {}).timeline.silences) == 2


def test_an_interrupted_night_within_an_epoch_is_a_silence():
    slept = study(row(0, [0.1, 0.2], 0.0, 40_010.0))
    found = Recording(slept, {0: log(10.0, 40_010.0)})
    assert found.timeline.silences == [39_990.0]
    assert found.at(20_000.0).state.paces[0].share == 0
    assert found.at(40_005.0).state.paces[0].share == 0.5


def test_a_timeline_of_one_moment_has_no_length():
    line = Timeline(5.0, 5.0, [])
    assert (line.length, line.moment(0.0), line.played(5.0)) == (0.0, 5.0, 0.0)


def test_a_study_in_which_nothing_happened_is_shown_as_it_is():
    empty = study(row(0, [], None, None, "waiting"))
    assert at(empty, {}, 5.0) == empty


def test_going_back_and_forth_shows_the_same_as_going_there_at_once():
    rows = [
        row(n, [0.1, 0.2, 0.3][: 1 + n % 3], 10.0 * n, 10.0 * n + 35) for n in range(20)
    ]
    many = study(*rows)
    times = {
        n: log(*(10.0 * n + 11 * e for e in range(1, 2 + n % 3))) for n in range(20)
    }
    wandering = Recording(many, times)
    for moment in (50.0, 130.0, 131.0, 40.0, 0.0, 500.0, 99.5, 200.0, 199.0):
        assert wandering.at(moment) == at(many, times, moment)


def test_rows_that_did_not_change_are_the_very_same():
    found = Recording(TWO, TIMES)
    before, after = found.at(117.0), found.at(119.0)
    assert before.trials[0] is after.trials[0]
    assert found.at(121.0).trials[0] is not before.trials[0]


def test_a_frame_of_ten_thousand_trials_takes_no_time():
    count = 10_000
    rows = [row(n, [0.1] * 3, 60.0 * n, 60.0 * n + 500) for n in range(count)]
    times = {n: log(*(60.0 * n + 160 * e for e in (1, 2, 3))) for n in range(count)}
    found = Recording(study(*rows), times)
    found.at(300_000.0)
    gc.disable()  # it would look through all that other tests have left
    try:
        used = time.thread_time()
        for frame in range(20):
            found.at(300_000.0 + 12 * frame)
        assert (time.thread_time() - used) / 20 < 0.05
    finally:
        gc.enable()


def test_no_moment_is_told_to_be_later_than_the_end():
    brief = replace(TWO, state=replace(STATE, seconds=20.0, earlier_seconds=0.0))
    found = Recording(brief, TIMES)
    told = [found.at(when).state.seconds for when in (100, 112, 125, 130.9, 131)]
    assert told == [0.0, 12.0, 20.0, 20.0, 20.0]


def test_numbers_that_people_changed_are_those_of_the_moment_or_not_known():
    def asked(name, operation, sent, count, done=True):
        return Command(
            id=name, operation=operation, sent=sent, count=count, answer="", done=done
        )

    asked_of = (
        asked("a", "jobs", 110.0, 3),
        asked("b", "jobs", 112.0, 999, done=False),
        asked("c", "jobs", 120.0, 2),
    )
    found = Recording(replace(TWO, commands=asked_of), TIMES)
    assert [found.at(when).state.jobs for when in (105, 115, 125)] == [0, 3, 2]
    assert [found.at(when).state.trials for when in (105, 125)] == [8, 8]


def test_a_plan_that_another_run_changed_is_the_one_known_now():
    asked = Command(
        id="a", operation="trials", sent=105.0, count=5, answer="", done=True
    )
    found = Recording(replace(TWO, commands=(asked,)), TIMES)
    assert found.at(125).state.trials == 8


def test_as_many_train_at_once_as_run():
    one = replace(TWO, state=replace(STATE, jobs=1))
    found = Recording(one, TIMES)
    for when in (101.0, 112.0, 125.0):
        now = found.at(when)
        running = sum(row.status == "running" for row in now.trials)
        assert now.state.jobs == max(1, running)
    assert max(found.at(when).state.jobs for when in range(100, 131)) == 2
