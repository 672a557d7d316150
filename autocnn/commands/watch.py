"""autocnn watch: a study on the terminal, live, from anywhere."""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from autocnn.commands.listening import listen_options
from autocnn.commands.options import Place, place_options, study_argument
from autocnn.commands.words import say
from autocnn.errors import RequestError


class Size(click.ParamType):  # type: ignore[type-arg]
    """A terminal's size: ``120x40``."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Read columns and lines."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{2,3})[xX](\d{2,3})", str(value))
        if not match:
            text = "is no size; write COLUMNSxLINES from 10x10 to 999x999, 120x40"
            self.fail(f"'{value}' {text}.", param, ctx)
        return int(match[1]), int(match[2])


def check_terminal(command: str) -> None:
    """Refuse where nothing shows screens: a terminal does, and a browser's page."""
    shown = sys.stdin.isatty() and sys.stdout.isatty()
    dumb = os.environ.get("TERM") == "dumb"
    if (dumb or not shown) and "TEXTUAL_DRIVER" not in os.environ:
        raise RequestError(
            f"{command} needs a terminal" + " that can move its cursor" * dumb,
            hint="see autocnn leaderboard, or make a picture: "
            "autocnn watch --screenshot FILE.svg",
        )


@click.command("watch")
@study_argument
@click.option(
    "--screenshot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.svg",
    help="Write one picture of the screen and end.",
)
@click.option("--size", type=Size(), default="120x40", help="Of the picture.")
@click.option(
    "--screen",
    default="overview",
    show_default=True,
    help="What to show: overview, curves, importance, space, log, trial:N, "
    "compare:N,M.",
)
@click.option(
    "--serve",
    "in_browser",
    is_flag=True,
    help="Show it in a browser on this machine, until Ctrl-C: to who has the address.",
)
@listen_options(8000, of="--serve")
@place_options
def command(
    study: str | None,
    screenshot: Path | None,
    size: tuple[int, int],
    screen: str,
    in_browser: bool,
    port: int,
    host: str,
    place: Place,
) -> int:
    """Watch a STUDY that runs, has run, or runs on another machine, and steer it.

    Without STUDY, the one that was active last. Leaving never touches the search; what
    is asked of it here travels through the study's storage.
    """
    from autocnn.commands.serve import end_with_server, serve
    from autocnn.store.rows import find_trial
    from autocnn.views.tui.app import Watch
    from autocnn.views.tui.feed import LiveFeed
    from autocnn.views.tui.screens import read_screen

    _, trials = read_screen(screen)
    if screenshot is not None and screenshot.suffix.lower() != ".svg":
        raise RequestError(
            f"a picture is written as SVG, which '{screenshot.name}' does not say",
            hint=f"name it {screenshot.with_suffix('.svg').name}",
        )
    if screenshot is None and not in_browser:
        check_terminal("watch")
    feed = LiveFeed(place.url, study)
    found = feed.read_first(glance=screenshot is None and not trials)
    for trial in trials:
        find_trial(found, str(trial))
    if in_browser:
        serve(found.name, screen, place, port, host)
        return 0
    feed.folder = place.folder(found.name)
    app = Watch(feed, screen=screen)
    if screenshot is not None:
        from autocnn.views.tui.picture import take

        take(app, screenshot, size)
        return 0
    end_with_server()
    app.run()
    if app.alive:
        words = f"{shlex.quote(found.name)} {place.typed}".strip()
        say(f"the search goes on; come back: autocnn watch {words}", err=True)
    app.check()
    return 0
