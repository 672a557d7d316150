"""A study's networks at a location that other machines reach: sent there, and fetched.

Each is one file there, so that a reader finds the old one or the new one. Where that is
stands in the study, with what tells each network from another.
"""

import dataclasses
import hashlib
import io
import re
import socket
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import optuna
from filelock import FileLock

from autocnn import durable
from autocnn.errors import RequestError
from autocnn.events import Emit, Event
from autocnn.locations import Location
from autocnn.names import folder_name
from autocnn.quantities import plural
from autocnn.search.kept import BEST, NETWORKS

ARTIFACTS = "autocnn:artifacts"
NAME = re.compile(rf"{BEST}|{NETWORKS}/\d+|test(-\d+)?\.json")
"""What is sent of a study's folder: networks, and what the test set told of them."""
RECORD = ".json"
"""How the names of the latter end."""
OWNER = "owner"
"""A file at the location, with the mark of the study that it is of."""

Say = Callable[[str], None]
Stamp = list[tuple[str, int, int]]
"""The names of files, and when and how long they were written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """What a study tells of its location."""

    url: str
    """Of all studies there."""
    owner: str
    """The study's mark: another one of the same name has another."""
    home: str
    """The machine and the folder that it was searched in last, which lack nothing."""
    kept: Mapping[str, str]
    """The SHA-256 of what is there, by its path in the study's folder."""

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values."""
        return dataclasses.asdict(self)


def told(study: optuna.Study) -> Artifacts | None:
    """Read what a study tells of its location; None if it has none."""
    try:
        return Artifacts(**study.user_attrs[ARTIFACTS])
    except (KeyError, TypeError):
        return None


class Sender:
    """Sends what a search keeps, whenever it has told of something."""

    def __init__(
        self, study: optuna.Study, folder: Path, location: Location, say: Say
    ) -> None:
        """Bring what an earlier run elsewhere has kept to the study's folder here.

        RequestError if what is at the location is another study's.
        """
        self._study, self._folder = study, folder
        self._there = location / folder.name
        known = told(study)
        self._artifacts = Artifacts(
            url=location.url,
            owner=known.owner if known else uuid4().hex,
            home=_home(folder),
            kept=known.kept if known and known.url == location.url else {},
        )
        self._seen: dict[str, Stamp] = {}
        owner = durable.until_read(self._owner)
        if owner not in ("", self._artifacts.owner):
            raise RequestError(
                f"{self._there.url} holds the files of another study",
                hint="name another place with --artifacts, or delete it if that study "
                "is gone",
            )
        for text in durable.until_read(lambda: list(_bring(study, folder))):
            say(text)
        self._note()
        if not owner:
            own = self._artifacts.owner.encode()
            durable.until_written(lambda: self._there.write(OWNER, own))
        self.send()

    def after(self, emit: Emit) -> Emit:
        """Have things told, and then sent what has been kept."""

        def tell(event: Event) -> None:
            emit(event)
            self.send()

        return tell

    def send(self) -> None:
        """Send what has changed since the last time; then the study tells of it."""
        now = {name: _stamp(self._folder / name) for name in _names(self._folder)}
        if now == self._seen:
            return
        before, kept = self._artifacts.kept, {}
        for name, stamp in now.items():
            known = self._seen.get(name)
            kept[name] = before[name] if known == stamp else _sum(self._folder / name)
            if known != stamp and (known or before.get(name) != kept[name]):
                self._send(name)
        self._seen = now
        self._artifacts = dataclasses.replace(self._artifacts, kept=kept)
        self._note()
        self._there.remove(_file(name) for name in before.keys() - now.keys())

    def _send(self, name: str) -> None:
        content = _packed(self._folder / name)
        durable.until_written(lambda: self._there.write(_file(name), content))

    def _note(self) -> None:
        self._study.set_user_attr(ARTIFACTS, self._artifacts.to_dict())

    def _owner(self) -> str:
        """Read whose location it is; nobody's yet, if empty."""
        try:
            return self._there.read(OWNER).decode()
        except FileNotFoundError:
            return ""


def fetch(
    study: optuna.Study, folder: Path, say: Say, wanted: Collection[str] = ()
) -> None:
    """Bring what the study's search keeps elsewhere to its folder here, and say so.

    Only the networks `wanted`, if any are named; and nothing that is here already.
    """
    try:
        for text in _bring(study, folder, wanted):
            say(text)
    except (OSError, ImportError) as error:
        why = getattr(error, "strerror", None) or error
        say(f"the study's networks cannot be fetched from where it keeps them: {why}")


def _bring(
    study: optuna.Study, folder: Path, wanted: Collection[str] = ()
) -> Iterator[str]:
    """Bring what is missing, and say what was and what cannot be brought.

    OSError or ImportError if the location cannot be reached.
    """
    known = told(study)
    if known is None or known.home == _home(folder):
        return
    missing = [
        name
        for name, kept in known.kept.items()
        if NAME.fullmatch(name)
        and (not wanted or name in wanted or name.endswith(RECORD))
        and _sum(folder / name) != kept
    ]
    if not missing:
        return
    there = Location(known.url) / folder_name(study.study_name)
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with FileLock(folder / ".fetch.lock"):
        for name in missing:
            try:
                _unpack(there.read(_file(name)), folder / name)
                count += not name.endswith(RECORD)
            except FileNotFoundError:
                yield f"{there.url}/{_file(name)} is not there"
            except (zipfile.BadZipFile, KeyError):
                yield f"{there.url}/{_file(name)} is damaged, and not used"
    if count:
        yield f"{plural(count, 'network')} fetched from {there.url}"


def _home(folder: Path) -> str:
    return f"{socket.gethostname()}:{folder.resolve()}"


def _file(name: str) -> str:
    """Name the file that it is at the location."""
    return f"{name.replace('/', '-')}.zip"


def _names(folder: Path) -> Iterator[str]:
    """List what of a study's folder is to be sent, by its path in it."""
    for path in (folder / BEST, *folder.glob(f"{NETWORKS}/*"), *folder.glob("test*")):
        name = path.relative_to(folder).as_posix()
        if NAME.fullmatch(name) and (path.is_file() or (path / "card.json").exists()):
            yield name


def _files(path: Path) -> list[Path]:
    """List the files of a network's folder; or the one there is."""
    return sorted(path.iterdir()) if path.is_dir() else [path]


def _stamp(path: Path) -> Stamp:
    stats = [(each.name, each.stat()) for each in _files(path)]
    return [(name, found.st_mtime_ns, found.st_size) for name, found in stats]


def _sum(path: Path) -> str:
    """Tell one network from another: by its files, but for what is said of it.

    Nothing if there is none.
    """
    digest = hashlib.sha256()
    try:
        for each in _files(path):
            if each.name != "card.json":
                digest.update(hashlib.sha256(each.read_bytes()).digest())
    except OSError:
        return ""
    return digest.hexdigest()


def _packed(path: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:  # not compressed: weights are noise
        for each in _files(path):
            archive.writestr(each.name, each.read_bytes())
    return packed.getvalue()


def _unpack(content: bytes, path: Path) -> None:
    """Put what was packed in its place, whole or not at all; no name leads out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if Path(name).name == name]
        files = {name: archive.read(name) for name in names}
    if path.name.endswith(RECORD):
        durable.write(path, files[path.name])
    else:
        durable.write_folder(path, files)
