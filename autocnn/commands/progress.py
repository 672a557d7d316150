"""Progress of long work that is not a search: decoding images, labeling them, ..."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from autocnn.names import printable
from autocnn.views.tables import console

SECONDS = 10.0
"""How often it is said, where there is no bar, how far the work is."""
Progress = Callable[[str, int, int], None]
Say = Callable[[str], None]
Decoding = Callable[[Say], contextlib.AbstractContextManager[Progress]]


def decoding_progress(say: Say) -> contextlib.AbstractContextManager[Progress]:
    """Show how many images are done."""
    return progress_of("images", say)


@contextlib.contextmanager
def progress_of(things: str, say: Say) -> Iterator[Progress]:
    """Show a bar on a terminal; elsewhere say it now and then."""
    if sys.stderr.isatty():
        from rich.markup import escape
        from rich.progress import Progress as Bar
        from rich.progress import TaskID

        with Bar(
            console=console(err=True), transient=True, redirect_stdout=False
        ) as bar:
            tasks: dict[str, TaskID] = {}

            def draw(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    shown = escape(printable(what))
                    tasks[what] = bar.add_task(shown, total=total or None)
                bar.update(tasks[what], completed=done, total=total or None)

            yield draw
        return
    said: dict[str, float] = {}

    def tell(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what not in said:
            say(f"{what}: {total} {things}" if total else what)
        elif now - said[what] < SECONDS:
            return
        else:
            say(f"{what}: {done} of {total} {things}")
        said[what] = now

    yield tell


def later(show: Progress, *, seconds: float = 1.0) -> Progress:
    """Show nothing of work that is done in a moment, and nothing of its end."""
    begun = time.monotonic()

    def shown(what: str, done: int, total: int) -> None:
        if done < total and time.monotonic() - begun >= seconds:
            show(what, done, total)

    return shown
