"""A trial's screen: what it says at any size, where its keys lead, what it counts."""

# ruff: noqa: RUF001  signs that are no letters

import asyncio
import dataclasses
import shlex
from collections.abc import Awaitable, Callable

import click
import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial
from pilots import footed, text, until
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from autocnn.cli import cli
from autocnn.errors import UnavailableError
from autocnn.storage import storage_url
from autocnn.store.command import commands as asked_of
from autocnn.store.rows import CONFIG, Pause, snapshot
from autocnn.store.state import STATE, SearchState
from autocnn.views.tui import app as apps
from autocnn.views.tui import columns, crowd, facts
from autocnn.views.tui.app import Watch
from autocnn.views.tui.feed import LiveFeed
from autocnn.views.tui.history import History
from autocnn.views.tui.plot import Plot
from autocnn.views.tui.table import Table
from autocnn.views.tui.trial import TrialScreen

DISTRIBUTIONS = {
    "width": IntDistribution(8, 64, step=8),
    "optimizer": CategoricalDistribution(["sgd", "adam"]),
    "weight_decay": FloatDistribution(1e-6, 1e-2, log=True),
}
LAYERS = [
    ["conv 8 kernel=3", [8, 32, 32], 1_216, 1_200_000],
    ["relu", [8, 32, 32], 0, 0],
    ["dense 10", [10], 170, 320],
]
SIZES = [(80, 24), (120, 40), (200, 60)]
GOES_ON = "goes on when it is among the best third (p: promote it now)"
Play = Callable[[Pilot], Awaitable[None]]


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    """Read the study as often as it changes."""
    monkeypatch.setattr(apps, "READ_SECONDS", 0.0)


@pytest.fixture
def study(storage):
    """A study in a file."""
    return fill(
        optuna.create_study(study_name="tiny", storage=storage, direction="maximize")
    )


@pytest.fixture
def now():
    """The same study in memory, at one moment."""
    return moment(fill(optuna.create_study(study_name="tiny", direction="maximize")))


def moment(study):
    return History().update(snapshot(study), now=0.0)


def fill(study):
    """Ten finished trials, the later the better but for the last; and one that runs."""
    config = {"data": "digits", "val_images": 100, "epochs": 4, "sampler": "tpe"}
    study.set_user_attr(CONFIG, config)
    for number in range(8):
        add(study, [0.1 + number / 20, 0.2, 0.3, 0.5 + number / 20], width=8)
    add(study, [0.9, 0.95, 0.96, 0.97], width=64, origin="a known good start")
    pruned = {"reason": "9th of 10 at epoch 2", "seconds": 75.0}
    add(study, [0.15, 0.25], TrialState.PRUNED, width=16, **pruned)
    untold = {"seconds": None, "images_per_second": None}
    edited = "edited copy of trial 9"
    add(study, [0.35, 0.45], TrialState.RUNNING, origin=edited, **untold)
    state = SearchState(
        phase="searching",
        beat=1,
        host="here",
        pid=1,
        version="0",
        device="2 CPU cores",
        jobs=2,
        trials=20,
        seconds=120.0,
        rungs=(1, 3),
    )
    study.set_user_attr(STATE, state.to_dict())
    return study


def add(study, curve, state=TrialState.COMPLETE, width=8, **more) -> None:
    attributes = {
        "planned_epochs": 4,
        "parameters": 1_386,
        "flops": 1_200_320,
        "recipe": "layers = []",
        "layers": LAYERS,
        "epochs": [[0.0, 1.0, 0.75, 1.0, 30.0, 900.0] for _ in curve],
        "seconds": 30.0 * len(curve),
        "images_per_second": 1_234,
    } | more
    study.add_trial(
        create_trial(
            state=state,
            value=max(curve) if state is TrialState.COMPLETE else None,
            intermediate_values=dict(enumerate(curve, start=1)),
            user_attrs={k: v for k, v in attributes.items() if v is not None},
            params={"width": width, "optimizer": "sgd", "weight_decay": 1e-4},
            distributions=DISTRIBUTIONS,
        )
    )


@pytest.fixture
def play(study, storage):
    """Run the screen on the study, and a person's part in it."""

    def run(person: Play, size=(120, 40), screen="trial:9", feed=None) -> Watch:
        app = Watch(feed or LiveFeed(storage.url, "tiny"), screen=screen)

        async def go() -> None:
            async with app.run_test(size=size) as pilot:
                await until(pilot, lambda: app.settled)
                await person(pilot)

        asyncio.run(go())
        return app

    return run


def notes(app) -> str:
    return "\n".join(note.message for note in app._notifications)


@pytest.mark.parametrize("size", SIZES)
def test_a_trial_says_what_became_of_it_at_any_size(play, size):
    async def person(pilot) -> None:
        shown = await footed(pilot)
        lines = shown.splitlines()
        assert max(map(len, lines)) <= size[0]
        assert lines[2] == " tiny › #9  ⊘ pruned  25.0% ±4.3  rank 11 of 11"
        for words in (
            "autocnn tiny",
            "pruned after 2 of 4 epochs:",
            "epoch 1: 10th of 11",
            "25.0% at epoch 2 (train 75.0%)",
            "drawn by tpe; copied as #10",
            "1m15s, 1,234 images/s",
            "#8 best",
            "shaded: middle half",
            "y: zoom",
            "rung",
            "3 layers",
            "8×32×32",
            "1.39 k params · 1.2 M FLOPs",
            "p90",
            "100%",
            "q Quit",
        ):
            assert words in shown, words
        assert size[0] < 100 or "autocnn train 9 --study tiny --storage" in shown
        assert size[0] < 100 or "·●······" in shown

    play(person, size)


def fits(app, width: int) -> bool:
    """Whether all of it stands in so many columns, and the curve where it has room."""
    shown = text(app)
    narrow = max(map(len, shown.splitlines())) <= width
    return narrow and ("·●······" in shown) == (width >= 100)


def test_it_fits_while_it_is_resized(play):
    async def person(pilot) -> None:
        for size in ((200, 60), (60, 16), (100, 30), (80, 24), (120, 40)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda size=size: fits(pilot.app, size[0]))

    play(person)


def test_enter_opens_the_trial_and_escape_goes_back(play):
    async def person(pilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: "#8  ● complete  97.0%" in text(pilot.app))
        assert "rank 1 of 11  best" in text(pilot.app)
        assert "a known good start" in text(pilot.app)
        await pilot.press("escape")
        await until(pilot, lambda: "leaderboard" in text(pilot.app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "#7  ● complete" in text(pilot.app))
        await pilot.press("backspace")
        await until(pilot, lambda: "leaderboard" in text(pilot.app))

    play(person, screen="overview")


def test_a_click_on_the_chosen_row_opens_its_trial(play):
    async def person(pilot) -> None:
        await pilot.click("#board", offset=(10, 4))
        await pilot.pause()
        assert "leaderboard" in text(pilot.app)
        await pilot.click("#board", offset=(10, 4))
        await until(pilot, lambda: "#6  ● complete" in text(pilot.app))

    play(person, screen="overview")


def test_a_digit_leaves_the_trial_for_a_panel(play):
    async def person(pilot) -> None:
        await pilot.press("1")
        await until(pilot, lambda: "leaderboard" in text(pilot.app))
        assert not isinstance(pilot.app.screen, TrialScreen)

    play(person)


def test_the_arrows_go_from_rank_to_rank_and_stop_at_the_ends(play):
    async def person(pilot) -> None:
        async def at(key: str, words: str) -> None:
            await pilot.press(key)
            await until(pilot, lambda: words in text(pilot.app).splitlines()[2])

        await at("right", "#9 ")
        await at("left", "#10  ▸ running  45.0%")
        await at("h", "#0  ● complete")
        await at("l", "#10 ")
        for _ in range(12):
            await pilot.press("left")
        await at("left", "#8 ")
        await until(pilot, lambda: "p100" in text(pilot.app))

    play(person)


def test_a_layer_table_shows_all_layers_of_the_next_trial_at_once(play, study):
    add(study, [0.99], layers=[["conv", [8], 1, 1]] * 9)

    async def person(pilot) -> None:
        pilot.app.screen.query_one("#layers").focus()
        await pilot.press("down", "left")
        await until(pilot, lambda: text(pilot.app).count("conv  ") == 9)

    play(person, screen="trial:8")


def test_y_stretches_the_curve_in_another_way(play):
    async def person(pilot) -> None:
        for name in ("full", "log", "zoom"):
            await pilot.press("y")
            await until(pilot, lambda name=name: f"y: {name}" in text(pilot.app))
            assert pilot.app.screen.query_one(Plot).y_scale == name

    play(person)


def test_m_marks_the_trial_in_the_leaderboard(play):
    async def person(pilot) -> None:
        await pilot.press("m")
        await until(pilot, lambda: "✓ marked" in text(pilot.app))
        assert pilot.app.query_one("#board", Table).marks == {9}
        await pilot.press("m")
        await until(pilot, lambda: "✓ marked" not in text(pilot.app))
        assert pilot.app.query_one("#board", Table).marks == set()

    play(person)


def test_keys_pressed_at_once_are_taken_in_their_order(play):
    async def person(pilot) -> None:
        board = pilot.app.query_one("#board", Table)
        for key in ("left", "m", "left", "m"):
            pilot.app.post_message(events.Key(key, None))
        await until(pilot, lambda: board.marks == {10, 0})

    play(person)


def test_keys_of_the_search_act_on_the_trial_that_is_shown(play, study):
    async def person(pilot) -> None:
        await pilot.press("e")
        await until(pilot, lambda: "edited copy of trial 10" in text(pilot.app))
        pilot.app.screen.query(Input).first().value = "32"
        await pilot.press("enter")
        await until(pilot, lambda: len(asked_of(study.user_attrs)) == 1)
        await pilot.press("x")
        await until(pilot, lambda: "Prune trial 10 after 2" in text(pilot.app))
        await pilot.press("y")
        await until(pilot, lambda: len(asked_of(study.user_attrs)) == 2)
        await pilot.press("space")
        await until(pilot, lambda: len(asked_of(study.user_attrs)) == 3)

    play(person, screen="trial:10")
    found = asked_of(study.user_attrs)
    assert [each.operation for each in found] == ["enqueue", "prune", "pause"]
    assert [each.trial for each in found] == [10, 10, None]


def test_the_arrows_of_a_question_do_not_change_the_trial(play):
    async def person(pilot) -> None:
        await pilot.press("x")
        await until(pilot, lambda: "Prune trial 10" in text(pilot.app))
        await pilot.press("right", "escape")
        await until(pilot, lambda: "#10  ▸ running" in text(pilot.app))

    play(person, screen="trial:10")


def test_a_new_epoch_is_shown_by_itself(play, study):
    async def person(pilot) -> None:
        assert "running, epoch 3 of 4; 2nd of 11 at epoch 2" in text(pilot.app)
        trial = optuna.trial.Trial(study, study.get_trials()[10]._trial_id)
        trial.set_user_attr("epochs", [[0.0, 1.0, 0.5, 1.0, 40.0, 800.0]] * 3)
        trial.report(0.99, 3)
        await until(pilot, lambda: "epoch 4 of 4; 1st of 10" in text(pilot.app))
        await until(pilot, lambda: "99.0% at epoch 3 (train 50.0%)" in text(pilot.app))
        assert "epoch 1: 4th of 11, epoch 3: 1st of 10" in text(pilot.app)
        assert "2m00s, 800 images/s" in text(pilot.app)

    play(person, screen="trial:10")


def test_what_cannot_be_read_is_said_and_read_later(play, study, storage, monkeypatch):
    feed = LiveFeed(storage.url, "tiny")
    detail = feed.detail

    def fail(trial: int):
        raise UnavailableError("the storage does not answer", hint="wait")

    monkeypatch.setattr(feed, "detail", fail)

    async def person(pilot) -> None:
        await until(pilot, lambda: "the storage does not answer" in text(pilot.app))
        assert "conv 8" not in text(pilot.app)
        monkeypatch.setattr(feed, "detail", detail)
        study.set_user_attr("anything", 1)
        await until(pilot, lambda: "conv 8 kernel=3" in text(pilot.app))

    play(person, feed=feed)


def test_a_trial_that_nothing_is_known_of_yet_has_a_screen(play, study):
    study.enqueue_trial({"width": 32})

    async def person(pilot) -> None:
        shown = text(pilot.app)
        assert "#11  … waiting  -" in shown
        assert "waiting for a free worker" in shown
        assert "its layers are not known" in shown
        assert "autocnn train" not in shown

    play(person, screen="trial:11")


def test_a_trial_that_does_not_exist_is_refused(play):
    async def person(pilot) -> None:
        await until(pilot, lambda: "there is no trial 99" in notes(pilot.app))
        assert "leaderboard" in text(pilot.app)

    play(person, screen="trial:99")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("complete", "complete after 2 of 4 epochs"),
        ("pruned", "pruned after 2 of 4 epochs: why"),
        ("failed", "failed after 2 of 4 epochs: why"),
        ("running", "running, epoch 3 of 4; 7th of 11 at epoch 2"),
        ("interrupted", "interrupted after 2 of 4 epochs; goes on with the search"),
        ("paused", f"paused after 2 of 4 epochs: why; {GOES_ON}"),
        ("waiting", "waiting for a free worker"),
    ],
)
def test_each_status_is_explained(now, status, words):
    reason = "" if status == "complete" else "why"
    row = dataclasses.replace(now.study.trials[9], status=status, reason=reason)
    other = [each for each in now.study.trials if each.trial != 9]
    now = dataclasses.replace(
        now, study=dataclasses.replace(now.study, trials=(*other, row))
    )
    assert facts.fate(row, now, "epoch") == words


def test_a_trial_says_when_it_was_promoted(now):
    pauses = (Pause(100.0, 1, "2nd of 2 at epoch 1", 223.0), Pause(300.0, 3, "why"))
    row = dataclasses.replace(now.study.trials[9], pauses=pauses, promotions=1)
    told = dict(facts.facts(row, now, ()))
    assert told["promoted"] == "after epoch 1 (2m03s paused)"
    assert "promoted" not in dict(facts.facts(now.study.trials[9], now, ()))


def test_a_trial_says_where_it_will_end(now):
    row = dataclasses.replace(now.study.trials[9], status="paused")
    foreseen = facts.ahead(row, now)
    told = dict(facts.facts(row, now, (), foreseen))["outlook"]
    assert told.startswith("about 59.1% at its end (40.7% to 77.6% in 80% of cases)")
    assert "as complete trials went on; better than the best with 1%" in told
    assert facts.ahead(now.study.trials[9], now) is None  # it was pruned


def test_folds_are_not_called_epochs(now):
    folded = dataclasses.replace(now.study, config={"folds": 4, "epochs": 4})
    now = dataclasses.replace(now, study=folded)
    told = dict(facts.facts(now.study.trials[8], now, [[0, 1, 0.5, 1, 9, 9]] * 4))
    assert told["status"] == "complete after 4 of 4 folds"
    assert told["folds"].endswith("% to 97.0%")
    assert "best" not in told
    titles = {each.name: each.title for each in columns.board(now)}
    assert titles["epochs"] == "folds"
    paused = dataclasses.replace(now.study.trials[9], status="paused")
    assert facts.ahead(paused, now) is None


def test_a_standing_is_among_all_that_came_so_far(now):
    assert facts.standings(now.study.trials[8], now, "epoch") == (
        "epoch 1: 1st of 11, epoch 3: 1st of 9"
    )
    assert facts.standings(now.study.trials[9], now, "epoch") == "epoch 1: 10th of 11"


@pytest.mark.parametrize(
    ("place", "option"),
    [
        (storage_url("studies/autocnn.db"), ""),
        (storage_url("studies/my own.db"), " --storage 'studies/my own.db'"),
        ("sqlite:////elsewhere/a.db", " --storage /elsewhere/a.db"),
        (
            "postgresql+psycopg://me@host/db",
            " --storage postgresql+psycopg://me@host/db",
        ),
    ],
)
def test_the_commands_name_the_storage_if_it_is_not_the_usual_one(now, place, option):
    row = now.study.trials[3]
    assert facts.commands(row, "tiny", place) == [
        f"autocnn train 3 --study tiny{option}",
        f"autocnn show 3 --study tiny{option} --recipe > mine.toml",
    ]


def test_the_commands_are_commands_of_the_program(now):
    row = now.study.trials[3]
    for line in facts.commands(row, "tiny", storage_url("elsewhere/my own.db")):
        words = shlex.split(line.partition(" > ")[0])[1:]
        command = cli.get_command(click.Context(cli), words[0])
        with command.make_context(words[0], words[1:]) as read:
            assert read.params["reference"] == "3"
            assert read.params["storage"] == "elsewhere/my own.db"


def test_numbers_have_percentiles_and_choices_have_shares(now):
    rows = now.study.trials
    assert dict(facts.shares(rows[8], now)) == {
        "width": "p100",
        "optimizer": "100%",
        "weight_decay": "p50",
    }
    assert dict(facts.shares(rows[0], now))["width"] == "p40"
    few = dataclasses.replace(now.study, trials=rows[:4])
    assert dict(facts.shares(rows[0], dataclasses.replace(now, study=few))) == {}


@pytest.mark.parametrize(
    ("value", "name", "drawn"),
    [
        (8, "width", "●·······"),
        (64, "width", "·······●"),
        (1e-4, "weight_decay", "····●···"),
        ("sgd", "optimizer", ""),
        (1, "unknown", ""),
    ],
)
def test_a_number_is_drawn_where_it_lies_in_its_range(value, name, drawn):
    assert facts.in_range(value, DISTRIBUTIONS.get(name)) == drawn


def test_the_band_needs_eight_finished_trials(now):
    rows = now.study.trials
    assert crowd.quartiles(rows[:7]) is None
    waiting = [dataclasses.replace(row, status="paused") for row in rows[:8]]
    assert crowd.quartiles(waiting) == crowd.quartiles(rows[:8]) is not None
    band = crowd.quartiles(rows)
    assert band is not None
    assert band.xs == (1.0, 2.0, 3.0, 4.0)
    assert band.low[3] == pytest.approx(0.6)
    assert band.middle[3] == pytest.approx(0.7)
    assert band.high[3] == pytest.approx(0.8)
