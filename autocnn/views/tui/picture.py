"""One picture of a screen, made without a terminal."""

import asyncio
from pathlib import Path

from textual.pilot import Pilot

from autocnn import durable
from autocnn.views.tui.app import Watch

SETTLE_SECONDS = 30.0


def take(app: Watch, file: Path, size: tuple[int, int]) -> None:
    """Write what the app shows at a size (columns, lines) as an SVG image.

    RequestError or UnavailableError if the file cannot be written.
    """
    pictures: list[str] = []

    async def look(pilot: Pilot[object]) -> None:
        for _ in range(int(SETTLE_SECONDS / 0.1)):
            await pilot.pause(0.1)
            if app.settled:
                break
        await pilot.pause(0.1)  # the footer comes a little later
        pictures.append(app.export_screenshot())
        app.exit(None)

    asyncio.run(app.run_async(headless=True, size=size, auto_pilot=look))
    app.check()
    durable.write_output(file, pictures[0].encode())
