"""Prepared images on their way to a machine of a cluster that lacks them.

They are never Ray's to carry: its object store lies in memory.
"""

import shutil
from pathlib import Path

from filelock import FileLock

from autocnn.data.cache import default_cache_dir
from autocnn.errors import RequestError
from autocnn.locations import Location

LAST = "info.json"
"""Where it is, all is."""
SEALED = "test-"
"""How the files begin that no search may see."""


def publish(data: Path, location: Location) -> None:
    """Put prepared images where all machines find them, unless they are there."""
    there = location / data.name
    if LAST in there.names():
        return
    names = [each.name for each in data.iterdir() if not each.name.startswith(SEALED)]
    for name in sorted(names, key=lambda name: name == LAST):
        there.put(data / name, name)


def arrived(data: Path, location: Location | None) -> Path:
    """Say where prepared images are on this machine; fetch them if they are not.

    Of several processes one does, and the others wait. RequestError if there is no
    location to fetch them from.
    """
    if (data / LAST).exists():
        return data
    here = default_cache_dir() / "shipped" / data.name
    here.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(here.with_name(f"{data.name}.lock")):
        if not (here / LAST).exists():
            names = (location / data.name).names() if location else []
            if location is None or LAST not in names:
                raise RequestError(
                    f"a machine of the cluster does not reach {data}",
                    hint="name a location that all of them reach with --artifacts: a "
                    "shared folder, or a URL such as s3://BUCKET/PATH",
                )
            part = here.with_name(f".{data.name}")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for name in names:
                (location / data.name).get(name, part / name)
            part.replace(here)
    return here
