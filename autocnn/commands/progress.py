"""Progress of long work that is not a search: decoding images, labeling them."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from autocnn.views.tables import console

Progress = Callable[[str, int, int], None]


@contextlib.contextmanager
def decoding_progress(say: Callable[[str], None]) -> Iterator[Progress]:
    """Show a bar on a terminal; elsewhere say each piece of work once."""
    if sys.stderr.isatty():
        from rich.progress import Progress as Bar
        from rich.progress import TaskID

        with Bar(console=console(err=True), transient=True) as bar:
            tasks: dict[str, TaskID] = {}

            def draw(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(what, total=total)
                bar.update(tasks[what], completed=done, total=total)

            yield draw
        return
    said: set[str] = set()

    def tell(what: str, _done: int, total: int) -> None:
        if what not in said:
            said.add(what)
            say(f"{what}: {total} images")

    yield tell
