"""A trial's files between who trains it and the location that all machines reach.

Each attempt at a trial has a folder of its own there, by number: a worker that was cut
off and trains on cannot touch what its successor does. That one begins with what the
last attempt has left.
"""

from collections.abc import Callable
from pathlib import Path

from autocnn import durable
from autocnn.locations import Location

CHECKPOINTS = "checkpoint-"
RESULTS = ("best-", "answers-")
"""How the files begin that the driver reads."""

Wanted = Callable[[str], bool]


class Mirror:
    """What of a folder is at its location already."""

    def __init__(self, folder: Path, location: Location) -> None:
        self._folder = folder
        self._location = location
        self._there: dict[str, tuple[int, int]] = {}
        """Each file's time of change and size, as it was sent."""

    def send(self) -> None:
        """Send what has changed: checkpoints last, so that where they are, all is."""
        here = {
            path.name: (found.st_mtime_ns, found.st_size)
            for path in self._folder.glob("[!.]*")
            for found in [path.stat()]
        }
        changed = [
            name for name, found in here.items() if self._there.get(name) != found
        ]
        for name in sorted(changed, key=_last):
            self._location.write(name, (self._folder / name).read_bytes())
            self._there[name] = here[name]
        gone = self._there.keys() - here.keys()
        self._location.remove(gone)
        for name in gone:
            del self._there[name]


def fetch(location: Location, folder: Path, wanted: Wanted = lambda _: True) -> bool:
    """Bring files here that are not here, or other ones; those that are not there go.

    Return whether that has changed anything.
    """
    names = [name for name in location.names() if wanted(name)]
    changed = False
    for name in names:
        try:
            content = location.read(name)
        except FileNotFoundError:
            continue  # a better epoch's has just taken its place
        file = folder / name
        if not file.exists() or file.read_bytes() != content:
            durable.write(file, content)
            changed = True
    for file in folder.glob("[!.]*"):
        if file.is_file() and wanted(file.name) and file.name not in names:
            file.unlink()
            changed = True
    return changed


def take_over(location: Location, folder: Path) -> None:
    """Bring an attempt here as it was at one moment: who trained it may still do."""
    while fetch(location, folder):
        pass  # until nothing has changed from one look to the next


def is_result(name: str) -> bool:
    """Tell whether the driver reads this file."""
    return name.startswith(RESULTS)


def attempts(location: Location) -> list[int]:
    """List the attempts that have left something of a trial, the last first."""
    numbers = (name for name in location.names() if name.isdecimal())
    return sorted(map(int, numbers), reverse=True)


def last_checkpoint(location: Location, before: int) -> Location | None:
    """Find the attempt to go on from: the last one before this that has a checkpoint.

    Or what lies beside the attempts: this machine alone has trained it before.
    """
    earlier = [location / str(n) for n in attempts(location) if n < before]
    for there in (*earlier, location):
        if any(name.startswith(CHECKPOINTS) for name in there.names()):
            return there
    return None


def forget_before(location: Location, number: int) -> None:
    """Delete the attempts before this one, which has what they had."""
    for each in attempts(location):
        if each < number:
            (location / str(each)).clear()


def _last(name: str) -> tuple[bool, str]:
    return name.startswith(CHECKPOINTS), name
