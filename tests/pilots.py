"""What a person beside the screen does: wait, and read."""

from collections.abc import Callable

from autocnn.views.tui.app import Watch


async def until(pilot, what: Callable[[], bool]) -> None:
    for _ in range(1_200):
        if what():
            return
        await pilot.pause(0.05)
    raise AssertionError(text(pilot.app))


async def footed(pilot) -> str:
    """The screen's text, once its last line stands."""
    height = pilot.app.size.height
    await until(pilot, lambda: len(text(pilot.app).splitlines()) == height)
    return text(pilot.app)


def text(app: Watch) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)
