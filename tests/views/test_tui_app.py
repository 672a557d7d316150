"""The screen: what it shows of a study, at any size, and what its keys ask for."""

import asyncio
import socket
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import TrialState, create_trial
from pilots import footed, text, until
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from autocnn.storage import sqlite_file
from autocnn.store.command import answer, commands
from autocnn.store.rows import CONFIG
from autocnn.store.state import STATE, Load, Pace, SearchState
from autocnn.views.tui import actions, columns, extras, pulse
from autocnn.views.tui import app as apps
from autocnn.views.tui.app import Watch
from autocnn.views.tui.feed import LiveFeed
from autocnn.views.tui.header import Header
from autocnn.views.tui.table import Table
from benchmarks.studies import make_study

DISTRIBUTIONS = {
    "width": IntDistribution(8, 64, step=8),
    "optimizer": CategoricalDistribution(["sgd", "adam"]),
}
Play = Callable[[Pilot], Awaitable[None]]


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    """Read the study as often as it changes."""
    monkeypatch.setattr(apps, "READ_SECONDS", 0.0)


@pytest.fixture
def study(storage):
    """Three finished trials and two that run, in a search that says it is alive."""
    study = optuna.create_study(
        study_name="tiny", storage=storage, direction="maximize"
    )
    study.set_user_attr(CONFIG, {"data": "digits", "val_images": 100, "epochs": 4})
    add(study, [0.3, 0.5, 0.6, 0.7], parameters=1_000, seconds=3.0)
    add(study, [0.4, 0.8, 0.9, 0.95], width=16, parameters=2_000, seconds=4.0)
    add(study, [0.2], TrialState.PRUNED, reason="3rd of 3 at epoch 1")
    add(study, [0.35, 0.45], TrialState.RUNNING)
    add(study, [], TrialState.RUNNING)
    say(study, beat=1)
    return study


def add(study, curve, state=TrialState.COMPLETE, width=8, **attributes) -> None:
    study.add_trial(
        create_trial(
            state=state,
            value=max(curve) if state is TrialState.COMPLETE else None,
            intermediate_values=dict(enumerate(curve, start=1)),
            user_attrs={"planned_epochs": 4, **attributes},
            params={"width": width, "optimizer": "sgd"},
            distributions=DISTRIBUTIONS,
        )
    )


def say(study, beat, phase="searching", **more) -> None:
    state = SearchState(
        phase=phase,
        beat=beat,
        host="here",
        pid=1,
        version="0",
        device="2 CPU cores",
        jobs=2,
        trials=20,
        seconds=120.0,
        seconds_left=600.0,
        rungs=(1, 3),
        paces={3: Pace(3, 0.5, 0, 900.0)},
        load=Load(cpu=0.5, cores=2, memory=2**30, memory_total=2**33),
        **more,
    )
    study.set_user_attr(STATE, state.to_dict())


@pytest.fixture
def play(study, storage):
    """Run the screen on the study, and a person's part in it."""
    url = storage.url

    def run(person: Play, size=(120, 40), *, notifications=False, **how) -> Watch:
        app = Watch(LiveFeed(url, "tiny"), **how)

        async def go() -> None:
            async with app.run_test(size=size, notifications=notifications) as pilot:
                await until(pilot, lambda: app.settled)
                await person(pilot)

        asyncio.run(go())
        return app

    return run


def notes(app) -> str:
    return "\n".join(note.message for note in app._notifications)


def type_fast(pilot, *keys: str) -> None:
    """Type keys as they come from a paste, before the first is even looked at."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))


def asked(study):
    return commands(study.user_attrs)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_the_overview_says_it_all_at_any_size(play, size):
    async def person(pilot) -> None:
        shown = await footed(pilot)
        assert "q Quit" in shown
        assert max(map(len, shown.splitlines())) <= size[0]
        for words in (
            "autocnn tiny",
            "3/20 trials",
            "LIVE",
            "best 95.0% ±2.3 #1",
            "15%",
            "2/4",
            "3rd of 3 at epoch 2",
            "pruned",
            "q Quit",
        ):
            assert words in shown, words
        assert size[0] < 100 or "2m00s, about 10m00s left" in shown
        best = next(line for line in shown.splitlines() if "#1 " in line)
        assert "95.0% ±2.3" in best

    play(person, size)


def test_it_fits_while_it_is_resized(play):
    async def person(pilot) -> None:
        for size in ((200, 60), (60, 16), (100, 30), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            shown = text(pilot.app).splitlines()
            assert max(map(len, shown)) <= size[0]
        assert "leaderboard" in text(pilot.app)

    play(person)


def test_a_new_epoch_is_shown_by_itself(play, study):
    async def person(pilot) -> None:
        trial = study.get_trials(deepcopy=False)[3]
        optuna.trial.Trial(study, trial._trial_id).report(0.99, 3)
        await until(pilot, lambda: "1st of 3 at epoch 3" in text(pilot.app))
        assert "best 99.0%" in text(pilot.app)

    play(person)


def test_a_beat_writes_no_line_of_the_leaderboard_anew(play, study, monkeypatch):
    written, score = [], columns.score

    def write(value, error):
        written.append(value)
        return score(value, error)

    monkeypatch.setattr(columns, "score", write)

    async def person(pilot) -> None:
        assert written
        written.clear()
        say(study, beat=2)
        await until(pilot, lambda: pilot.app.moment.study.state.beat == 2)
        await pilot.pause()
        assert not written

    play(person)


@pytest.mark.parametrize(
    ("keys", "operation", "details"),
    [
        (["space"], "pause", {}),
        (["w", *["backspace"] * 3, "4", "enter"], "jobs", {"count": 4}),
        (["n", "enter"], "trials", {"count": 40}),
        (["n", *["backspace"] * 3, "3", "0", "enter"], "trials", {"count": 30}),
        (["S", "f"], "finish", {}),
        (["S", "s"], "stop", {}),
        (["S", "down", "enter"], "stop", {}),
    ],
)
def test_a_key_asks_the_search(play, study, keys, operation, details):
    async def person(pilot) -> None:
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await until(pilot, lambda: bool(asked(study)))

    play(person)
    (command,) = asked(study)
    assert command.operation == operation
    for name, value in details.items():
        assert getattr(command, name) == value


def test_pruning_is_asked_for_only_after_a_yes(play, study):
    async def person(pilot) -> None:
        running = pilot.app.query_one("#running", Table)
        running.focus()
        await pilot.press("x")
        await until(pilot, lambda: "Prune trial 3 after 2 epochs?" in text(pilot.app))
        await pilot.press("n")
        await pilot.pause(0.2)
        assert asked(study) == []
        await pilot.press("x", "y")
        await until(pilot, lambda: bool(asked(study)))

    play(person)
    (command,) = asked(study)
    assert (command.operation, command.trial) == ("prune", 3)


def test_a_trial_that_is_over_cannot_be_pruned(play, study):
    async def person(pilot) -> None:
        await pilot.press("x")
        await until(pilot, lambda: "choose a running one" in notes(pilot.app))

    play(person)
    assert asked(study) == []


def pause(study) -> None:
    """Add a paused trial, number 5, which has the best score."""
    why = "1st of 2 at epoch 1"
    add(
        study,
        [0.99],
        TrialState.RUNNING,
        status="paused",
        reason=why,
        pauses=[[1e9, 1, why, None]],
    )


def test_promoting_is_asked_for_at_once(play, study):
    pause(study)

    async def person(pilot) -> None:
        assert "‖ paused" in text(pilot.app)
        await pilot.press("p")
        await until(pilot, lambda: bool(asked(study)))
        await until(pilot, lambda: "asked to promote trial 5" in notes(pilot.app))

    play(person)
    (command,) = asked(study)
    assert (command.operation, command.trial) == ("promote", 5)


def test_what_was_asked_for_last_can_be_taken_back_before_it_is_answered(play, study):
    async def person(pilot) -> None:
        await pilot.press("space")
        await until(pilot, lambda: pilot.app.held)
        await pilot.press("space")
        await until(pilot, lambda: not pilot.app.held)

    play(person)
    assert [command.operation for command in asked(study)] == ["pause", "resume"]


def test_only_a_paused_trial_can_be_promoted(play, study):
    async def person(pilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: "trial 1 (complete) is chosen" in notes(pilot.app))
        assert "choose a paused one (‖)" in notes(pilot.app)

    play(person)
    assert asked(study) == []


def test_a_paused_trial_can_be_pruned(play, study):
    pause(study)

    async def person(pilot) -> None:
        await pilot.press("x")
        await until(pilot, lambda: "Prune trial 5 after 1 epoch?" in text(pilot.app))
        assert "its checkpoint is deleted" in text(pilot.app)
        await pilot.press("y")
        await until(pilot, lambda: bool(asked(study)))

    play(person)
    (command,) = asked(study)
    assert (command.operation, command.trial) == ("prune", 5)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_paused_trial_says_why_and_what_lets_it_go_on(play, study, size):
    pause(study)

    async def person(pilot) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: "what became of it" in text(pilot.app))
        await until(pilot, lambda: "best third" in text(pilot.app))
        assert "paused after 1 of 4 epochs: 1st" in text(pilot.app)
        assert len(text(pilot.app).splitlines()[-1]) <= size[0]
        await pilot.press("p")
        await until(pilot, lambda: bool(asked(study)))

    play(person, size)
    assert asked(study)[0].trial == 5


def test_a_promoted_trial_that_runs_is_marked(play, study):
    add(study, [0.5], TrialState.RUNNING, promotions=1)

    async def person(pilot) -> None:
        assert "↑#5" in text(pilot.app)
        assert "↑#3" not in text(pilot.app)

    play(person)


def test_the_header_counts_paused_trials_and_says_what_they_take(play, study):
    pause(study)
    say(study, beat=2, checkpoint_bytes=1_234_000_000)

    async def person(pilot) -> None:
        assert "▸2 ‖1" in text(pilot.app)
        assert "checkpoints 1.23 GB" in text(pilot.app)

    play(person, (160, 40))


def test_an_edited_copy_is_sent_with_its_values(play, study):
    async def person(pilot) -> None:
        await pilot.press("e")
        await until(pilot, lambda: "edited copy of trial 1" in text(pilot.app))
        field = pilot.app.screen.query(Input).first()
        field.value = "2000"
        await pilot.press("enter")
        await until(
            pilot,
            lambda: "width is 8 to 64 in steps of 8, not '2000'" in text(pilot.app),
        )
        field.value = "32"
        await pilot.press("enter")
        await until(pilot, lambda: bool(asked(study)))

    play(person)
    (command,) = asked(study)
    assert (command.operation, command.trial) == ("enqueue", 1)
    assert command.params == {"width": 32, "optimizer": "sgd"}


def test_the_answer_is_shown(play, study):
    async def person(pilot) -> None:
        await pilot.press("space")
        await until(pilot, lambda: bool(asked(study)))
        answer(study, asked(study)[0], "paused, as you wished", done=True)
        await until(pilot, lambda: "paused, as you wished" in notes(pilot.app))

    play(person)


def test_nothing_is_sent_to_a_search_that_has_ended(play, study):
    say(study, beat=2, phase="ended", outcome="complete")

    async def person(pilot) -> None:
        assert "ENDED complete" in text(pilot.app)
        await pilot.press("space")
        await until(pilot, lambda: "no search is running" in notes(pilot.app))

    play(person)
    assert asked(study) == []


def test_a_driver_without_a_sign_of_life_is_said_to_have_none(play, monkeypatch):
    monkeypatch.setattr(pulse, "STALE_SECONDS", 0.0)

    async def person(pilot) -> None:
        await until(pilot, lambda: "NO SIGN OF LIFE" in text(pilot.app))

    play(person)


def test_leaving_a_search_of_ones_own_asks_how(play, study):
    async def person(pilot) -> None:
        await pilot.press("q")
        await until(pilot, lambda: "Leave?" in text(pilot.app))
        assert "the search goes on" in text(pilot.app)
        await pilot.press("escape")
        await until(pilot, lambda: "Leave?" not in text(pilot.app))
        await pilot.press("q", "d")
        await until(pilot, lambda: not pilot.app.is_running)

    assert play(person, owned=True).return_value == "detach"
    assert asked(study) == []


def test_leaving_by_a_stop_waits_for_the_search_to_end(play, study):
    async def person(pilot) -> None:
        await pilot.press("q", "s")
        await until(pilot, lambda: bool(asked(study)))
        assert pilot.app.is_running
        say(study, beat=9, phase="ended", outcome="interrupted")
        await until(pilot, lambda: not pilot.app.is_running)

    play(person, owned=True)
    assert asked(study)[0].operation == "stop"


def test_one_who_only_watches_is_asked_too_and_leaves_with_enter(play, study):
    async def person(pilot) -> None:
        await pilot.press("q")
        await until(pilot, lambda: "Leave?" in text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: not pilot.app.is_running)

    play(person)
    assert asked(study) == []


def test_a_filter_leaves_what_matches(play):
    async def person(pilot) -> None:
        await pilot.press("slash", *"val>0.8", "enter")
        await until(pilot, lambda: "1 of 5 trials" in text(pilot.app))
        await pilot.press("escape")
        await until(pilot, lambda: "5 of 5 trials" in text(pilot.app))

    play(person)


def test_a_filter_that_cannot_be_read_says_why(play):
    async def person(pilot) -> None:
        await pilot.press("slash", *"colour=red")
        await until(pilot, lambda: "colour" in text(pilot.app).split("filter")[-1])

    play(person)


def test_a_storage_that_is_gone_is_said_on_the_screen(play, tmp_path, storage, study):
    file = sqlite_file(storage.url)

    async def person(pilot) -> None:
        away = file.with_name("away.db")
        file.rename(away)
        await until(pilot, lambda: "is gone; it is tried again" in text(pilot.app))
        away.rename(file)
        await until(pilot, lambda: "is gone" not in text(pilot.app))

    play(person)


def test_the_palette_offers_what_keys_do(play):
    async def person(pilot) -> None:
        await pilot.press("colon")
        await pilot.pause(0.3)
        await pilot.press(*"workers")
        await until(pilot, lambda: "Workers" in text(pilot.app))

    play(person)


def test_without_colors_the_screen_has_none_but_grays(play, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def person(pilot) -> None:
        assert pilot.app.theme == "autocnn-plain"

    play(person)


def test_a_dialog_is_answered_by_the_mouse_too(play, study):
    async def person(pilot) -> None:
        await pilot.press("S")
        await until(pilot, lambda: "Stop the search?" in text(pilot.app))
        await pilot.click(OptionList, offset=(4, 1))
        await until(pilot, lambda: bool(asked(study)))

    play(person)
    assert asked(study)[0].operation == "stop"


def test_the_dashboard_ends_with_the_screen(play, monkeypatch):
    monkeypatch.setattr(extras, "LOOK_SECONDS", 0.05)
    opened = []
    monkeypatch.setattr(Watch, "open_url", lambda _, url, **how: opened.append(url))

    async def person(pilot) -> None:
        await pilot.press("D")
        await until(pilot, lambda: bool(opened))
        await pilot.press("D", "5")
        await until(pilot, lambda: f"dashboard: {opened[0]}" in text(pilot.app))
        assert len(opened) == 1
        assert notes(pilot.app).count(opened[0]) == 2
        await pilot.press("q", "d")
        await until(pilot, lambda: not pilot.app.is_running)

    play(person)  # it would never come back: the loop waits for its threads
    address = urlsplit(opened[0])
    assert "token=" in address.query
    there = (address.hostname, address.port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(there, timeout=5).close()


def test_a_window_that_was_too_small_leaves_the_keyboard_where_it_was(play):
    async def person(pilot) -> None:
        await pilot.resize_terminal(50, 12)
        await until(pilot, lambda: "at least 60x16" in text(pilot.app))
        assert "leaderboard" not in text(pilot.app)
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "leaderboard" in text(pilot.app))
        assert pilot.app.focused is pilot.app.query_one("#board", Table)
        await pilot.press("down")
        assert pilot.app.query_one("#board", Table).cursor == 1

    play(person)


@pytest.mark.parametrize("screen", ["overview", "space", "log"])
def test_only_the_chosen_trial_can_be_pruned(play, study, screen):
    """The other running one has ended: a single one runs, and it is not chosen."""
    trial = study.get_trials(deepcopy=False)[4]
    study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)

    async def person(pilot) -> None:
        await pilot.press("x")
        await until(pilot, lambda: "choose a running one" in notes(pilot.app))
        assert "tab goes to them" in notes(pilot.app)
        assert "Prune trial" not in text(pilot.app)

    play(person, screen=screen)


@pytest.mark.parametrize("key", ["space", "e", "n", "w", "S", "p", "x"])
def test_what_cannot_be_asked_is_refused_before_it_is_filled_in(play, study, key):
    pause(study)  # it is the best, and can be promoted and pruned
    say(study, beat=2, phase="ended", outcome="complete")

    async def person(pilot) -> None:
        await pilot.press(key)
        await until(pilot, lambda: "no search is running" in notes(pilot.app))
        assert len(pilot.app.screen_stack) == 1

    play(person)
    assert asked(study) == []


def test_of_a_storage_that_is_gone_nothing_is_asked(play, study, storage):
    say(study, beat=2, phase="ended", outcome="complete")
    file = sqlite_file(storage.url)

    async def person(pilot) -> None:
        file.rename(file.with_name("away.db"))
        await until(pilot, lambda: "is gone" in text(pilot.app))
        await pilot.press("space")
        await until(pilot, lambda: "is gone" in notes(pilot.app))
        assert "no search is running" not in notes(pilot.app)

    play(person)


def test_the_footer_says_what_keys_mean_now(play, study):
    async def person(pilot) -> None:
        await until(pilot, lambda: "space Pause" in text(pilot.app))
        say(study, beat=2, phase="pausing")
        await until(pilot, lambda: "space Resume" in text(pilot.app))
        assert "space Pause" not in text(pilot.app)
        await pilot.press("space")
        await until(pilot, lambda: bool(asked(study)))

    play(person)
    assert asked(study)[0].operation == "resume"


def test_the_screen_of_a_pruned_trial_does_not_offer_to_prune_it(play, study):
    async def person(pilot) -> None:
        await until(pilot, lambda: "what became of it" in text(pilot.app))
        await until(pilot, lambda: "Edit copy" in text(pilot.app))
        assert "x Prune" not in text(pilot.app)
        await pilot.press("x")
        await until(pilot, lambda: "trial 2 (pruned) is chosen" in notes(pilot.app))
        await pilot.press("left", "left")
        await until(pilot, lambda: "x Prune" not in text(pilot.app))

    play(person, screen="trial:2")


def test_notes_lie_at_the_top_right_and_away_from_the_leaderboard(play):
    async def person(pilot) -> None:
        await pilot.press("p")
        await until(pilot, lambda: "trial 1 (complete)" in text(pilot.app))
        lines = text(pilot.app).splitlines()
        place = next(n for n, line in enumerate(lines) if "trial 1 (complete)" in line)
        board = next(n for n, line in enumerate(lines) if "leaderboard" in line)
        assert 2 <= place < board

    play(person, notifications=True)


def test_a_locked_storage_is_named_and_requests_wait_for_it(play, storage, monkeypatch):
    monkeypatch.setattr(pulse, "QUIET_SECONDS", 0.5)
    monkeypatch.setattr(actions, "WAIT_SECONDS", 0.1)
    other = sqlite3.connect(sqlite_file(storage.url), isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")

    async def person(pilot) -> None:
        other.execute("BEGIN EXCLUSIVE")
        await until(pilot, lambda: "STORAGE LOCKED" in text(pilot.app))
        assert "the storage is locked: another" in text(pilot.app)
        await pilot.press("space")
        await until(pilot, lambda: "locked; your request waits" in notes(pilot.app))
        other.execute("ROLLBACK")
        await until(pilot, lambda: "asked to pause" in notes(pilot.app))
        await until(pilot, lambda: "STORAGE LOCKED" not in text(pilot.app))

    play(person)
    other.close()


@pytest.mark.parametrize(
    ("state", "hidden"),
    [
        ({"phase": "paused"}, "about 10m00s left"),
        ({"phase": "ended", "outcome": "interrupted"}, "CPU 50%"),
    ],
)
def test_what_no_longer_holds_is_not_shown(play, study, state, hidden):
    async def person(pilot) -> None:
        assert hidden in text(pilot.app)
        say(study, beat=2, **state)
        await until(pilot, lambda: hidden not in text(pilot.app))

    play(person)


def test_80_columns_say_how_long_it_takes_how_fast_and_on_what(play):
    async def person(pilot) -> None:
        first, second, *_ = text(pilot.app).splitlines()
        assert "autocnn tiny │ 3/20 trials ●2 ⊘1 ▸2 │" in first
        assert "│ 2 at once on 2 CPU cores " in first
        assert first.endswith(" LIVE")
        assert "│ 15% │ 2m00s, about 10m00s left │" in second
        assert "│ 90/h " in second
        assert second.endswith(" CPU 50% mem 1.0/8G")

    play(person, (80, 24))


def test_a_filter_with_a_mistake_says_so_and_hides_nothing(play):
    async def person(pilot) -> None:
        await pilot.press("slash", *"foo=3")
        await until(pilot, lambda: "5 of 5 trials · there is no" in text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: "there is no field 'foo'" in notes(pilot.app))
        assert pilot.app.focused is pilot.app.query_one("#filter", Input)

    play(person)


def test_a_filter_that_nothing_matches_says_so_and_how_it_ends(play):
    async def person(pilot) -> None:
        await pilot.press("slash", *"val>99")
        await until(pilot, lambda: "no trial matches" in text(pilot.app))
        assert "enter keeps it, esc shows all" in text(pilot.app)
        await pilot.press(*["backspace"] * 2, *"80")
        await until(pilot, lambda: "1 of 5 trials" in text(pilot.app))

    play(person)


def test_the_first_field_of_an_edited_copy_has_its_name(play):
    async def person(pilot) -> None:
        await pilot.press("e")
        await until(pilot, lambda: "width: 8 to 64" in text(pilot.app))
        await pilot.pause(0.5)
        assert "width: 8 to 64" in text(pilot.app)
        await pilot.press("down", "up")
        await pilot.pause(0.2)
        assert "width: 8 to 64" in text(pilot.app)

    play(person, (80, 16))


def test_trials_are_marked_and_compared_from_the_curves(play):
    async def person(pilot) -> None:
        await pilot.press("2", "m")
        await until(pilot, lambda: ", marked" in text(pilot.app))
        await pilot.press("right", "m", "c")
        await until(pilot, lambda: "what differs" in text(pilot.app))

    play(person)


def test_where_no_trial_is_chosen_it_is_said_where_to_mark_one(play):
    async def person(pilot) -> None:
        await pilot.press("4", "m")
        await until(pilot, lambda: "1 (overview) or 2 (curves)" in notes(pilot.app))

    play(person)


def test_too_many_workers_are_refused_where_they_are_typed(play, study):
    async def person(pilot) -> None:
        await pilot.press("w", *["backspace"] * 3, *"9999", "enter")
        await until(pilot, lambda: "no number from 1 to 256" in text(pilot.app))
        assert "enter: take it" in text(pilot.app)

    play(person)
    assert asked(study) == []


def test_an_export_to_a_folder_that_exists_asks_again(play, tmp_path):
    (tmp_path / "files" / "best").mkdir(parents=True)
    (tmp_path / "there").mkdir()

    async def person(pilot) -> None:
        pilot.app.feed.folder = tmp_path / "files"
        await pilot.press("E")
        await until(pilot, lambda: "which new folder" in text(pilot.app))
        field = pilot.app.screen.query_one(Input)
        field.value = str(tmp_path / "there")
        await pilot.press("enter")
        await until(pilot, lambda: "exists already" in text(pilot.app))
        assert field.value == str(tmp_path / "there")
        field.value = str(tmp_path / "here")
        await pilot.press("enter")
        await until(pilot, (tmp_path / "here").is_dir)

    play(person)


def test_the_time_of_a_short_search_is_in_seconds(play):
    async def person(pilot) -> None:
        await until(pilot, lambda: "seconds 0" in text(pilot.app))

    play(person)


def test_a_font_without_arrows_gets_words(play, monkeypatch):
    monkeypatch.setattr(extras, "ASCII_ONLY", True)

    async def person(pilot) -> None:
        await pilot.press("2")
        await until(pilot, lambda: "left right Trial" in text(pilot.app))

    play(person)


def test_leaving_does_not_wait_for_the_next_look_at_a_far_storage(play, monkeypatch):
    monkeypatch.setattr(LiveFeed, "seconds", 600.0)
    begun = time.monotonic()

    async def person(pilot) -> None:
        await pilot.press("q", "d")
        await until(pilot, lambda: not pilot.app.is_running)

    play(person)
    assert time.monotonic() - begun < 300


def test_the_best_of_a_large_study_are_shown_before_the_others_are_read(tmp_path):
    url = make_study(tmp_path / "large.db", trials=1_000, running=2)
    feed = LiveFeed(url, "large")
    assert feed.read_first(glance=True).unread
    app, titles, looked = Watch(feed), [], threading.Event()
    read = feed.read
    feed.read = lambda: (feed._first or looked.wait()) and read()

    async def go() -> None:
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: app.moment is not None)
            titles.append(str(app.panel.board.border_title))
            titles.append(pilot.app.query_one(Header).render().plain)
            looked.set()
            await until(pilot, lambda: not app.moment.study.unread)
            await until(pilot, lambda: app.settled)
            titles.append(str(app.panel.board.border_title))

    asyncio.run(go())
    first, header, last = titles
    assert "of 1000 trials" in first
    assert "reading the others" in first
    assert "reading 1000 trials" in header
    assert "1000 of 1000 trials" in last


@pytest.mark.parametrize(
    ("keys", "operation", "details"),
    [
        (["w", "ctrl+u", "3", "7", "enter"], "jobs", {"count": 37}),
        (["n", "ctrl+u", "3", "0", "enter"], "trials", {"count": 30}),
        (["S", "f"], "finish", {}),
        (["p", "x", "y"], "prune", {"trial": 5}),
        (["e", "ctrl+u", "3", "2", "enter"], "enqueue", {"trial": 5}),
    ],
)
def test_keys_typed_while_a_dialog_opens_are_for_the_dialog(
    play, study, keys, operation, details
):
    pause(study)

    async def person(pilot) -> None:
        type_fast(pilot, *keys)
        await until(pilot, lambda: operation in {c.operation for c in asked(study)})
        assert pilot.app.panel.id == "overview"

    play(person)
    command = next(c for c in asked(study) if c.operation == operation)
    for name, value in details.items():
        assert getattr(command, name) == value
    if operation == "enqueue":
        assert command.params == {"width": 32, "optimizer": "sgd"}


@pytest.mark.parametrize("screen", ["overview", "log"])
def test_a_filter_has_the_keyboard_at_once_and_a_new_one_replaces_it(play, screen):
    async def person(pilot) -> None:
        line = pilot.app.panel.query_one(Input)
        type_fast(pilot, "slash", "1", "2", "enter")
        await until(pilot, lambda: not line.has_focus and line.value == "12")
        type_fast(pilot, "slash", "3", "4")
        await until(pilot, lambda: line.value == "34")
        assert pilot.app.panel.id == screen

    play(person, screen=screen)


def footer(app) -> str:
    return text(app).splitlines()[-1]


def test_the_footer_names_what_can_be_done_to_the_chosen_trial(play, study):
    pause(study)  # it is the best; next come two complete ones and one that runs

    async def person(pilot) -> None:
        await until(pilot, lambda: "x Prune" in footer(pilot.app))
        assert "p Promote" in footer(pilot.app)
        await pilot.press("down")
        await until(pilot, lambda: "x Prune" not in footer(pilot.app))
        assert "p Promote" not in footer(pilot.app)
        assert "e Edit copy" in footer(pilot.app)
        await pilot.press("down", "down")
        await until(pilot, lambda: "x Prune" in footer(pilot.app))
        assert "p Promote" not in footer(pilot.app)
        say(study, beat=2, phase="ended", outcome="complete")
        await until(pilot, lambda: "Pause" not in footer(pilot.app))
        for name in ("Prune", "Promote", "Edit copy"):
            assert name not in footer(pilot.app)

    play(person)


def test_the_footer_follows_the_chosen_curve(play, study):
    pause(study)

    async def person(pilot) -> None:
        await until(pilot, lambda: "p Promote" in footer(pilot.app))
        await pilot.press("right")
        await until(pilot, lambda: "p Promote" not in footer(pilot.app))

    play(person, screen="curves")


@pytest.mark.parametrize("phase", ["searching", "starting", "stopping"])
def test_a_driver_is_given_time_before_it_is_taken_for_dead(phase, monkeypatch):
    now = 0.0
    monkeypatch.setattr(pulse.time, "monotonic", lambda: now)
    state = SearchState(
        phase=phase, beat=1, host="", pid=1, version="", device="CPU", jobs=1,
        trials=20, seconds=9.0,
    )  # fmt: skip
    heart, told = pulse.Pulse(), {}
    heart.hear(state)
    for now in (9.0, 12.0, 31.0, 61.0):
        told[now] = heart.life(state, locked=False)
    does = {"searching": "LIVE"}.get(phase, phase.upper())
    assert told[9.0] == does
    assert told[12.0] == f"{does}, quiet for 12s"
    assert told[31.0].startswith("NO SIGN") == (phase == "searching")
    assert told[61.0] == "NO SIGN OF LIFE 61s"


def test_what_lies_behind_a_dialog_follows_the_size_of_the_terminal(play):
    async def person(pilot) -> None:
        await pilot.press("w")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "How many trials" in text(pilot.app))
        behind = pilot.app.screen_stack[0]
        await until(pilot, lambda: behind.query_one(Header).size.width == 80)
        await until(pilot, lambda: behind.has_class("-narrow"))
        await pilot.press("escape")
        await until(pilot, lambda: len(text(pilot.app).splitlines()) == 24)
        assert not pilot.app.query_one("#best-so-far").display

    play(person)
