"""Trials side by side: what differs, at any size, and how one gets there."""

# ruff: noqa: RUF001  signs that are no letters

import asyncio
from collections.abc import Awaitable, Callable

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import TrialState, create_trial
from pilots import footed, text, until
from textual.pilot import Pilot

from autocnn.store.rows import CONFIG, snapshot
from autocnn.views.tui.app import Watch
from autocnn.views.tui.compare import CompareScreen, lines
from autocnn.views.tui.feed import LiveFeed
from autocnn.views.tui.plot import Plot

DISTRIBUTIONS = {
    "width": IntDistribution(8, 64, step=8),
    "stages": IntDistribution(2, 4),
    "optimizer": CategoricalDistribution(["sgd", "adam"]),
}
SIZES = [(80, 24), (120, 40), (200, 60)]
Play = Callable[[Pilot], Awaitable[None]]


@pytest.fixture
def study(storage):
    """Six trials: the first three complete, of different widths."""
    study = optuna.create_study(
        study_name="tiny", storage=storage, direction="maximize"
    )
    study.set_user_attr(CONFIG, {"val_images": 100, "epochs": 3})
    add(study, [0.3, 0.5, 0.7], parameters=1_000, seconds=3.0)
    add(study, [0.4, 0.8, 0.9], width=16, parameters=2_000, seconds=4.0)
    add(study, [0.2, 0.4, 0.8], width=24, optimizer="adam", parameters=3_000)
    add(study, [0.2], TrialState.PRUNED)
    add(study, [0.1], TrialState.PRUNED)
    add(study, [], TrialState.RUNNING)
    return study


def add(
    study, curve, state=TrialState.COMPLETE, width=8, optimizer="sgd", **attributes
) -> None:
    study.add_trial(
        create_trial(
            state=state,
            value=max(curve) if state is TrialState.COMPLETE else None,
            intermediate_values=dict(enumerate(curve, start=1)),
            user_attrs={"planned_epochs": 3, **attributes},
            params={"width": width, "stages": 3, "optimizer": optimizer},
            distributions=DISTRIBUTIONS,
        )
    )


@pytest.fixture
def play(study, storage):
    """Run the screen on the study, and a person's part in it."""

    def run(person: Play, size=(120, 40), screen="compare:0,1,2") -> Watch:
        app = Watch(LiveFeed(storage.url, "tiny"), screen=screen)

        async def go() -> None:
            async with app.run_test(size=size) as pilot:
                await until(pilot, lambda: app.settled)
                await person(pilot)

        asyncio.run(go())
        return app

    return run


def line(app, start: str) -> str:
    """The words of the line of the table that starts so."""
    found = [each.strip("│ >") for each in text(app).splitlines()]
    return " ".join(next(each for each in found if each.startswith(start)).split())


@pytest.mark.parametrize("size", SIZES)
def test_the_best_comes_first_and_only_differences_are_shown(play, size):
    async def person(pilot) -> None:
        app = pilot.app
        shown = (await footed(pilot)).splitlines()
        assert max(map(len, shown)) <= size[0]
        assert "━━━━━ A #1 90.0%   ━━ ━━ B #2 80.0%   · · · C #0 70.0%" in shown[2]
        assert line(app, "A #1") == "A #1 B #2 C #0"
        assert line(app, "val acc") == "val accuracy 90.0% ±3.1 80.0% ±4.0 70.0% ±4.6"
        assert line(app, "points") == "points from A −10.0 −20.0"
        assert line(app, "status") == "status ● complete ● complete ● complete"
        assert line(app, "epochs") == "epochs 3/3 3/3 3/3"
        assert line(app, "parameters") == "parameters 2 k 3 k 1 k"
        assert line(app, "FLOPs") == "FLOPs - - -"
        assert line(app, "time") == "time 4.0s - 3.0s"
        await pilot.press("end")
        await until(pilot, lambda: "optimizer" in text(app))
        assert line(app, "width") == "width 16 24 8"
        assert line(app, "optimizer") == "optimizer sgd adam sgd"
        assert "stages" not in text(app)
        assert "1 values are the same" in text(app)
        for words in ("y: zoom", "q Quit", "A #1"):
            assert words in text(app)

    play(person, size)


@pytest.mark.parametrize(("size", "first"), [((80, 24), "table"), ((120, 40), "plot")])
def test_where_lines_are_few_the_table_comes_first(play, size, first):
    async def person(pilot) -> None:
        def comes_first() -> str:
            shown = text(pilot.app)
            table, plot = shown.find("what differs"), shown.find("─ val accuracy")
            return "table" if table < plot else "plot"

        await until(pilot, lambda: comes_first() == first)

    play(person, size)


def widest(app) -> int:
    return max(map(len, text(app).splitlines()))


def test_it_fits_while_it_is_resized(play):
    async def person(pilot) -> None:
        for size in ((200, 60), (60, 16), (100, 30), (80, 24)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda size=size: widest(pilot.app) <= size[0])
        assert line(pilot.app, "A #1") == "A #1 B #2 C #0"

    play(person)


def test_as_many_trials_as_fit_are_in_the_table(play):
    async def person(pilot) -> None:
        assert "4 of 6 trials fit" in text(pilot.app)
        assert "2 more in gray" in text(pilot.app)
        assert line(pilot.app, "A #1") == "A #1 B #2 C #0 D #3"
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "trials fit" not in text(pilot.app))
        assert line(pilot.app, "A #1") == "A #1 B #2 C #0 D #3 #4 #5"

    play(person, (80, 24), "compare:0,1,2,3,4,5")


def test_d_shows_all_values_and_says_which_differ(play):
    async def person(pilot) -> None:
        await pilot.press("d")
        await until(pilot, lambda: "all values" in text(pilot.app))
        assert line(pilot.app, "stages") == "stages 3 3 3"
        assert line(pilot.app, "≠ width") == "≠ width 16 24 8"
        await pilot.press("down", "d")
        await until(pilot, lambda: "what differs" in text(pilot.app))
        assert "stages" not in text(pilot.app)

    play(person)


def test_y_stretches_the_curves_in_another_way(play):
    async def person(pilot) -> None:
        await pilot.press("y")
        await until(pilot, lambda: "y: full" in text(pilot.app))
        assert pilot.app.screen.query_one(Plot).y_scale == "full"

    play(person)


def test_marked_trials_are_compared_and_escape_goes_back(play):
    async def person(pilot) -> None:
        await pilot.press("m", "down", "m", "c")
        await until(pilot, lambda: "tiny › compare" in text(pilot.app))
        assert line(pilot.app, "A #1") == "A #1 B #2"
        await pilot.press("escape")
        await until(pilot, lambda: "leaderboard" in text(pilot.app))

    play(person, screen="overview")


def test_a_single_marked_trial_is_compared_with_the_chosen_one(play):
    async def person(pilot) -> None:
        await pilot.press("m", "down", "down", "c")
        await until(pilot, lambda: "tiny › compare" in text(pilot.app))
        assert line(pilot.app, "A #1") == "A #1 B #0"

    play(person, screen="overview")


def test_nothing_is_compared_without_a_mark(play):
    async def person(pilot) -> None:
        await pilot.press("c")
        await pilot.pause()
        (note,) = pilot.app._notifications
        assert "mark two or more trials with m" in note.message
        assert not isinstance(pilot.app.screen, CompareScreen)

    play(person, screen="overview")


def test_a_trial_marked_on_its_own_screen_can_be_compared_from_there(play):
    async def person(pilot) -> None:
        await pilot.press("m", "left", "c")
        await until(pilot, lambda: "tiny › compare" in text(pilot.app))
        assert line(pilot.app, "A #2") == "A #2 B #0"
        await pilot.press("escape", "escape")
        await until(pilot, lambda: "leaderboard" in text(pilot.app))

    play(person, screen="trial:0")


def test_a_value_that_only_some_trials_have_differs():
    study = optuna.create_study(direction="maximize")
    add(study, [0.5])
    study.add_trial(create_trial(value=0.4))
    found = {
        each.name: each for each in lines(snapshot(study).trials, everything=False)
    }
    assert found["width"].texts == ("8", "-")
    assert found["val accuracy"].best == 0


def test_trials_without_a_score_can_be_compared(play):
    async def person(pilot) -> None:
        assert line(pilot.app, "val acc") == "val accuracy 10.0% ±3.1 -"
        assert line(pilot.app, "status") == "status ⊘ pruned ▸ running"

    play(person, screen="compare:5,4")
