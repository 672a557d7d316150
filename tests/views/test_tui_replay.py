"""A recorded study on the screen: keys move in time, and nothing can be steered."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import TrialState, create_trial
from pilots import text, until
from textual.pilot import Pilot
from textual.widgets import Input

from autocnn.errors import NoResultError, RequestError
from autocnn.storage import open_engine
from autocnn.store.reader import Reader
from autocnn.store.rows import CONFIG
from autocnn.store.state import STATE, SearchState
from autocnn.views.tui.app import Watch
from autocnn.views.tui.playback import Playback, ReplayFeed
from autocnn.views.tui.replay import Replay, ScrubBar
from autocnn.views.tui.trial import TrialScreen

DISTRIBUTIONS = {
    "width": IntDistribution(8, 64, step=8),
    "optimizer": CategoricalDistribution(["sgd", "adam"]),
}
BEGUN = datetime(2026, 1, 1, 12).astimezone()
LENGTH = 400.0
Play = Callable[[Pilot], Awaitable[None]]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def study(storage):
    """Four trials of three epochs, one after the other, 100 s each; one was pruned."""
    study = optuna.create_study(
        study_name="tiny", storage=storage, direction="maximize"
    )
    study.set_user_attr(CONFIG, {"data": "digits", "val_images": 100, "epochs": 3})
    state = SearchState(
        phase="ended",
        beat=3,
        host="here",
        pid=1,
        version="1",
        device="cpu",
        jobs=1,
        trials=4,
        seconds=LENGTH,
        outcome="complete",
    )
    study.set_user_attr(STATE, state.to_dict())
    add(study, 0, [0.3, 0.5, 0.7])
    add(study, 1, [0.4, 0.6, 0.9])
    add(study, 2, [0.2], TrialState.PRUNED)
    add(study, 3, [0.4, 0.5, 0.6])
    return study


def add(study, number, curve, state=TrialState.COMPLETE) -> None:
    started = BEGUN + timedelta(seconds=100 * number)
    at = started.timestamp()
    epochs = [
        [at + 30 * epoch, 1.0, 0.5, 1.0, 30.0, 100.0]
        for epoch in range(1, len(curve) + 1)
    ]
    trial = create_trial(
        state=state,
        value=max(curve) if state is TrialState.COMPLETE else None,
        intermediate_values=dict(enumerate(curve, start=1)),
        user_attrs={"planned_epochs": 3, "epochs": epochs, "seconds": 90.0},
        params={"width": 8 + 8 * number, "optimizer": "sgd"},
        distributions=DISTRIBUTIONS,
    )
    trial.datetime_start = started.replace(tzinfo=None)
    trial.datetime_complete = (started + timedelta(seconds=100)).replace(tzinfo=None)
    study.add_trial(trial)


@pytest.fixture
def feed(study, storage, clock):
    return ReplayFeed(storage.url, "tiny", speed=10.0, clock=clock)


def play(feed, person: Play, size=(120, 40)) -> None:
    """Show the recording, held at its beginning, and do a person's part."""
    feed.playback.toggle()

    async def go() -> None:
        app = Replay(feed)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.settled)
            await person(pilot)

    asyncio.run(go())


async def at(pilot, seconds: float) -> None:
    """Return when the screen shows the study after so many seconds."""
    moment = BEGUN.timestamp() + seconds
    await until(pilot, lambda: abs(pilot.app.moment.now - moment) < 1e-3)
    await pilot.pause()


def bar(app) -> str:
    return next(line for line in text(app).splitlines() if " / 0:06:40 " in line)


def test_it_plays_by_its_clock(feed, clock):
    assert feed.playback.length == LENGTH
    clock.time += 4
    assert feed.playback.played == 40
    found = feed.read()
    assert feed.now() == BEGUN.timestamp() + 40
    assert [row.epochs for row in found.trials] == [1]
    assert feed.read() is None  # as long as its clock stands still
    clock.time += 4
    assert [row.epochs for row in feed.read().trials] == [2]
    clock.time += 1e6
    assert feed.playback.played == LENGTH
    assert not feed.playback.going


def test_a_playback_can_be_held_sped_up_and_moved(clock):
    one = Playback(100.0, 2.0, clock)
    clock.time += 10
    one.toggle()
    clock.time += 50
    assert (one.played, one.going) == (20, False)
    one.toggle()
    one.faster(2)
    clock.time += 10
    assert (one.played, one.speed) == (60, 4)
    one.seek(0.25)
    clock.time += 5
    assert one.played == 45
    one.seek(7)
    assert (one.played, one.share, one.going) == (100, 1.0, False)
    one.toggle()
    assert (one.played, one.going) == (0, True)
    for _ in range(100):
        one.faster(0.5)
    assert one.speed == 1


def test_the_end_is_the_real_study(feed, storage):
    async def person(pilot) -> None:
        await pilot.press("end")
        await at(pilot, LENGTH)
        reader = Reader(open_engine(storage.url), "tiny")
        assert pilot.app.moment.study == reader.read()
        reader.close()
        assert "4/4 trials" in text(pilot.app)
        assert "best 90.0%" in text(pilot.app)
        await until(pilot, lambda: "━ 10x" in bar(pilot.app))

    play(feed, person)


def test_keys_go_back_and_forth_and_what_was_not_yet_known_is_gone(feed):
    async def person(pilot) -> None:
        app = pilot.app
        await until(pilot, lambda: bar(app).startswith(" ‖ 0:00:00 / 0:06:40 ──"))
        assert "REPLAY held" in text(app)
        await pilot.press("end")
        await at(pilot, 400)
        assert [row.trial for row in app.moment.ranked] == [1, 0, 3, 2]
        await pilot.press(*["comma"] * 10)
        await at(pilot, 200)
        assert [row.trial for row in app.moment.ranked] == [1, 0]
        assert [one.text for one in app.moment.news][-2:] == [
            "complete: 90.0% after 3 epochs",
            "started",
        ]
        assert "trial 2 started" in text(app)
        await pilot.press("home", "full_stop")
        await at(pilot, 20)
        assert app.moment.ranked == ()
        assert "0/4 trials" in text(app)
        assert "#1 " not in text(app)
        await pilot.press("full_stop")
        await at(pilot, 40)
        assert [row.val_accuracy for row in app.moment.running] == [0.3]
        await until(pilot, lambda: bar(app).startswith(" ‖ 0:00:40 / 0:06:40 ━"))

    play(feed, person)


def test_space_plays_and_holds_and_signs_change_the_speed(feed, clock):
    async def person(pilot) -> None:
        app = pilot.app
        await pilot.press("space")
        clock.time += 5
        await at(pilot, 50)
        await until(pilot, lambda: bar(app).startswith(" ▶ 0:00:50"))
        await until(pilot, lambda: "REPLAY held" not in text(app))
        await pilot.press("plus")
        clock.time += 5
        await at(pilot, 150)
        await until(pilot, lambda: bar(app).endswith(" 20x"))
        await pilot.press("minus", "minus")
        clock.time += 2
        await at(pilot, 160)
        await pilot.press("space")
        clock.time += 100
        await pilot.pause(0.3)
        assert app.moment.now == BEGUN.timestamp() + 160

    play(feed, person)


def test_a_click_on_the_bar_goes_there(feed):
    async def person(pilot) -> None:
        app = pilot.app
        line = bar(app)
        first, last = line.index("─"), line.rindex("─")
        await pilot.click(ScrubBar, offset=(last, 0))
        await at(pilot, 400)
        await pilot.click(ScrubBar, offset=(first, 0))
        await at(pilot, 0)
        middle = first + (last - first) // 2
        await pilot.mouse_down(ScrubBar, offset=(first, 0))
        await pilot.hover(ScrubBar, offset=(middle, 0))
        await until(pilot, lambda: 190 < feed.playback.played < 210)
        await pilot.mouse_up(ScrubBar, offset=(middle, 0))
        await pilot.hover(ScrubBar, offset=(first, 0))
        await pilot.click(ScrubBar, offset=(1, 0))  # beside the bar: on its sign
        await pilot.pause()
        assert 190 < feed.playback.played < 210

    play(feed, person)


def test_what_would_steer_a_search_is_refused_in_one_sentence(feed, monkeypatch):
    monkeypatch.setattr(Watch, "NOTIFICATION_TIMEOUT", 600)  # the first stays, too

    async def person(pilot) -> None:
        for count, key in enumerate("xpewnS", start=1):
            await pilot.press("full_stop", key)
            await until(pilot, lambda n=count: len(pilot.app._notifications) == n)
        for said in pilot.app._notifications:
            assert said.message.startswith("this is a recording")

    play(feed, person)
    with pytest.raises(RequestError, match="this is a recording"):
        feed.send("pause")


def test_lines_that_are_typed_in_keep_their_keys(feed):
    async def person(pilot) -> None:
        app = pilot.app
        await pilot.press("end")
        await at(pilot, 400)
        await pilot.press("slash", *"epochs=", "1", "left", "space", "home")
        line = app.query_one("#filter", Input)
        assert (line.value, line.cursor_position) == ("epochs= 1", 0)
        assert feed.playback.share == 1
        await pilot.press("escape", "home")
        await at(pilot, 0)

    play(feed, person)


def test_screens_that_step_by_arrows_keep_them(feed):
    async def person(pilot) -> None:
        app = pilot.app
        await pilot.press("end")
        await at(pilot, 400)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TrialScreen))
        await pilot.press("right")
        await until(pilot, lambda: "#0" in text(app).splitlines()[2])
        assert feed.playback.share == 1
        await pilot.press("home")
        await at(pilot, 0)
        await pilot.press("escape", "full_stop")
        await at(pilot, 20)
        await pilot.press("full_stop")
        await at(pilot, 40)
        await pilot.press("2", "right")
        assert app.panel.id == "curves"
        await pilot.pause(0.1)
        assert feed.playback.played == 40
        await until(pilot, lambda: "← → Trial" in text(app).splitlines()[-1])
        keys = text(app).splitlines()[-1]
        assert ", 5 % back" in keys
        assert "← 5 %" not in keys
        for steering in ("Prune", "Promote", "Pause", "Edit copy"):
            assert steering not in keys
        await pilot.press("full_stop", "question_mark")
        await until(pilot, lambda: "5 % back" in text(app))
        shown = text(app)
        assert "← →" in next(row for row in shown.splitlines() if "Trial" in row)
        for steering in ("Prune", "Promote", "Pause", "Edit copy", "Workers"):
            assert steering not in shown

    play(feed, person)


def test_leaving_asks_nothing(feed):
    async def person(pilot) -> None:
        await pilot.press("q")
        await until(pilot, lambda: not pilot.app.is_running)

    play(feed, person)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_the_bar_fits_any_terminal(feed, size):
    async def person(pilot) -> None:
        await until(pilot, lambda: "Play" in text(pilot.app))
        lines = text(pilot.app).splitlines()
        assert len(lines) == size[1]
        assert max(map(len, lines)) <= size[0]
        assert lines[-2] == bar(pilot.app)
        assert lines[-2].endswith("─ 10x")
        assert "Play" in lines[-1]
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: len(bar(pilot.app)) <= 60)

    play(feed, person, size)


def test_what_is_cut_out_is_said(study, storage, clock):
    late = BEGUN + timedelta(hours=9)
    trial = study.get_trials()[3]
    with storage.engine.begin() as connection:
        for column, when in (
            ("start", late),
            ("complete", late + timedelta(minutes=1)),
        ):
            connection.exec_driver_sql(
                f"UPDATE trials SET datetime_{column} = ? WHERE trial_id = ?",
                (f"{when.replace(tzinfo=None)}", trial._trial_id),
            )
        connection.exec_driver_sql(
            "UPDATE trial_user_attributes SET value_json = ? "
            "WHERE key = 'epochs' AND trial_id = ?",
            (json.dumps([]), trial._trial_id),
        )
    feed = ReplayFeed(storage.url, None, clock=clock)
    assert feed.playback.length == 300 + 10 + 60

    async def person(pilot) -> None:
        await until(pilot, lambda: "8h55m of silence cut" in text(pilot.app))
        await pilot.resize_terminal(56, 20)
        await until(pilot, lambda: "of silence" not in text(pilot.app))

    play(feed, person)


def test_details_hold_only_the_epochs_so_far(feed, clock):
    clock.time += 7
    feed.read()
    assert len(feed.detail(0)["epochs"]) == 2
    assert feed.detail(1)["epochs"] == []


def test_a_study_without_a_past_cannot_be_played(storage):
    optuna.create_study(study_name="new", storage=storage, direction="maximize")
    with pytest.raises(NoResultError, match="nothing has happened in study 'new'"):
        ReplayFeed(storage.url, "new")
