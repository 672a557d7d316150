"""autocnn replay: a recorded study on the terminal, as it went."""

import click

from autocnn.commands.options import Place, place_options, study_argument


@click.command("replay")
@study_argument
@click.option(
    "--speed",
    type=click.FloatRange(1, 100_000),
    default=60,
    show_default=True,
    help="Seconds of the study in one second.",
)
@click.option(
    "--screen",
    default="overview",
    show_default=True,
    help="What to show first: overview, curves, importance, space, log, trial:N.",
)
@place_options
def command(study: str | None, speed: float, screen: str, place: Place) -> int:
    """Play a STUDY as it went, through the same screens as watch.

    Without STUDY, the one that was active last. Space holds it, the comma and the full
    stop go back and forward, + and - change the speed. Where nothing happened for ten
    minutes, ten seconds of it are played. The study itself is only read.
    """
    from autocnn.commands.watch import check_terminal
    from autocnn.views.tui.playback import ReplayFeed
    from autocnn.views.tui.replay import Replay
    from autocnn.views.tui.screens import read_screen

    read_screen(screen)
    check_terminal("replay")
    feed = ReplayFeed(place.url, study, speed=speed)
    feed.folder = place.folder(feed.name)
    app = Replay(feed, screen=screen)
    app.run()
    app.check()
    return 0
