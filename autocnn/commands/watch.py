"""autocnn watch: a study on the terminal, live, from anywhere."""

import re
from pathlib import Path
from typing import Any

import click

from autocnn.commands.options import Place, place_options


class Size(click.ParamType):  # type: ignore[type-arg]
    """A terminal's size: ``120x40``."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Read columns and lines."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{2,3})x(\d{2,3})", str(value))
        if not match:
            self.fail(f"'{value}' is no size; write COLUMNSxLINES, 120x40.", param, ctx)
        return int(match[1]), int(match[2])


@click.command("watch")
@click.argument("study", required=False)
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
@place_options
def command(
    study: str | None,
    screenshot: Path | None,
    size: tuple[int, int],
    screen: str,
    place: Place,
) -> int:
    """Watch a STUDY that runs, has run, or runs on another machine, and steer it.

    Without STUDY, the one that was active last. Leaving never touches the search; what
    is asked of it here travels through the study's storage.
    """
    from autocnn.views.tui.app import Watch
    from autocnn.views.tui.feed import LiveFeed
    from autocnn.views.tui.screens import check_screen

    check_screen(screen)
    feed = LiveFeed(place.url, study)
    found = feed.read_first()
    feed.folder = place.folder(found.name)
    app = Watch(feed, screen=screen)
    if screenshot is not None:
        from autocnn.views.tui.picture import take

        take(app, screenshot, size)
        return 0
    app.run()
    return 0
