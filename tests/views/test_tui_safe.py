"""What a screen never does: obey a name, show variables, take the search with it."""

import asyncio
from pathlib import Path

import optuna
import pytest
from pilots import text, until
from rich.segment import Segment
from textual.color import Color

from autocnn.errors import AutocnnError, RequestError
from autocnn.views.tui.app import Watch
from autocnn.views.tui.feed import LiveFeed
from autocnn.views.tui.safe import HARMLESS, LOG

SECRET = "c4nary in a variable"


@pytest.fixture
def feed(storage, tmp_path):
    study = optuna.create_study(
        study_name="tiny", storage=storage, direction="maximize"
    )
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    (tmp_path / "tiny").mkdir()
    return LiveFeed(storage.url, "tiny", tmp_path / "tiny")


def look(app: Watch, person) -> None:
    asyncio.run(app.run_async(headless=True, size=(100, 30), auto_pilot=person))


async def break_it(pilot) -> None:
    """Let the screen meet a fault of its own, in a function that knows a secret."""

    def broken() -> None:
        password = SECRET
        raise KeyError(f"no key has {len(password)} letters [/red]")

    await asyncio.sleep(0.3)
    pilot.app.call_later(broken)


async def break_it_at_once(pilot) -> None:
    pilot.app.call_later(lambda: {}["nothing"])


def test_a_fault_of_the_screen_is_one_sentence_without_variables(feed, tmp_path, capfd):
    app = Watch(feed)
    look(app, break_it)
    with pytest.raises(AutocnnError, match="the screen broke off: KeyError") as error:
        app.check()
    assert error.value.exit_code == 1
    assert "a search goes on" in error.value.hint
    log = tmp_path / "tiny" / LOG
    assert str(log) in error.value.hint
    assert log.stat().st_mode & 0o077 == 0
    said = log.read_text() + "".join(capfd.readouterr()) + str(error.value)
    assert SECRET not in said
    assert "KeyError" in log.read_text()


def test_a_password_in_a_fault_is_hidden(feed, capfd):
    async def person(pilot) -> None:
        def broken() -> None:
            raise ValueError("postgresql://me:c4nary@host/db is down")

        pilot.app.call_later(broken)

    app = Watch(feed)
    look(app, person)
    with pytest.raises(AutocnnError, match=r"me:\*\*\*@host") as error:
        app.check()
    assert "c4nary" not in str(error.value)
    assert "c4nary" not in (feed.folder / LOG).read_text()


def test_of_an_error_with_a_hint_the_problem_is_told(feed):
    async def person(pilot) -> None:
        def broken() -> None:
            raise RequestError("there is no study", hint="name another")

        pilot.app.call_later(broken)

    app = Watch(feed)
    look(app, person)
    with pytest.raises(AutocnnError) as error:
        app.check()
    assert error.value.problem.endswith("broke off: RequestError: there is no study")


def test_a_screen_that_breaks_while_it_opens_is_left_too(feed):
    app = Watch(feed)
    look(app, break_it_at_once)
    with pytest.raises(AutocnnError, match="KeyError: 'nothing'"):
        app.check()


def test_a_screen_that_was_left_has_nothing_to_say(feed):
    async def person(pilot) -> None:
        await pilot.press("q")

    app = Watch(feed)
    look(app, person)
    app.check()


def test_without_a_folder_a_fault_is_said_all_the_same(feed):
    feed.folder = Path("nowhere")
    app = Watch(feed)
    look(app, break_it)
    with pytest.raises(AutocnnError, match="broke off"):
        app.check()
    assert not Path("nowhere").exists()


def test_what_steers_is_left_out_and_letters_stay():
    black = Color(0, 0, 0)
    line = [Segment("a\x1b[31mb\x9b\u202e\n"), Segment("plain")]
    assert HARMLESS.apply(line, black) == [Segment("a[31mb"), Segment("plain")]
    steering = [Segment("", None, [(1, 2)])]
    assert HARMLESS.apply(steering, black) == steering


def test_a_message_with_brackets_is_shown_as_it_is(feed):
    shown = []

    async def person(pilot) -> None:
        pilot.app.notify("[/red] in [bold]a name[/bold]")
        await until(pilot, lambda: "[/red] in [bold]" in text(pilot.app))
        shown.append(pilot.app.export_screenshot())
        pilot.app.exit(None)

    app = Watch(feed)
    look(app, person)
    app.check()
    assert "[/red]" in shown[0].replace("&#160;", " ")
    assert "[bold]a name[/bold]" in shown[0].replace("&#160;", " ")
