"""The cache of prepared data sets: decode once, map into memory ever after."""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import platformdirs
from filelock import FileLock, Timeout

from autocnn import durable
from autocnn.data.audit import Audit
from autocnn.data.build import build
from autocnn.data.datasets import find
from autocnn.data.decoding import Progress, Wanted
from autocnn.data.images import DataInfo, Images, Labels
from autocnn.data.raw import Source, make_manifest
from autocnn.errors import DataError, RequestError

CACHE_VERSION = 1  # raise it when the same files would give other pixels or splits
CACHE_VARIABLE = "AUTOCNN_CACHE"
SIZES = range(4, 1025)
BUILDING = ".building-"
KEPT_SECONDS = 7 * 24 * 3600.0
# What reading a cache raises when something of it is missing, cut off or garbled.
DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A data set in the cache, ready to be mapped into memory."""

    folder: Path
    info: DataInfo
    audit: Audit


def ignore(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


def default_cache_dir() -> Path:
    """Say where caches lie: $AUTOCNN_CACHE, or the platform's place for them."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen or platformdirs.user_cache_dir("autocnn"))


def prepare(
    source: str | Source = "digits",
    *,
    data_dir: Path | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    cache_dir: Path | None = None,
    progress: Progress = ignore,
) -> Prepared:
    """Decode a data set once into the cache; return at once when it is there.

    Args:
        source: A name from DATASETS, or the path of a folder, .csv or .npz file; or
            what was found already.
        data_dir: Where named data sets lie or are put; by default in the cache.
        image_size: Height and width in pixels; by default what suits the images.
        channels: 1 or 3; by default 1 when all images are gray.
        cache_dir: Instead of default_cache_dir().
        progress: Called with what is being done, how many are done, of how many.

    Raises:
        RequestError: no data set has this name, or no image this form.
        DataError: the data cannot be found, read or used, or the cache not written.
    """
    _check(image_size, channels)
    base = (cache_dir or default_cache_dir()).expanduser().absolute()
    datasets = (data_dir or base / "datasets").expanduser().absolute()
    wanted = Wanted(image_size, channels)
    found = source if isinstance(source, Source) else find(source, datasets)
    key = _key(found, wanted)
    if hit := _look_up(base, key):
        return hit
    try:
        for folder in ("index", "data"):
            (base / folder).mkdir(parents=True, exist_ok=True)
        with _alone(base, key, progress):
            # Another process may have built it while this one waited.
            if hit := _look_up(base, key):
                return hit
            prepared = _make(found, wanted, base, key, progress)
            if not found.manifest and isinstance(source, str):
                # Fetched just now: its files are known at last.
                found = find(source, datasets)
            # Who asks for what the default came to asks for the same.
            same = Wanted(prepared.info.height, prepared.info.channels)
            for each in (wanted, same):
                _write_index(base, _key(found, each), prepared)
            return prepared
    except OSError as error:
        raise DataError(
            f"cannot prepare {found.name} in {base}: {error.strerror or error}",
            hint=f"make room there, or name another folder in ${CACHE_VARIABLE}",
        ) from error


def reopen(folder: Path) -> Prepared:
    """Open what was prepared before."""
    audit = json.loads((folder / "audit.json").read_text("utf-8"))
    return Prepared(folder, open_info(folder), Audit.from_dict(audit))


def find_prepared(name: str, fingerprint: str) -> Path | None:
    """Find data that were prepared before, by what they hold; None if not there."""
    base = default_cache_dir().expanduser()
    named = _data_folder(base, name, fingerprint)
    alike = (base / "data").glob(f"*-{fingerprint[:12]}")
    return next((each for each in (named, *alike) if _is_whole(each)), None)


def open_info(folder: Path) -> DataInfo:
    """Read what a prepared data set is."""
    return DataInfo.from_dict(json.loads((folder / "info.json").read_text("utf-8")))


def open_search_images(folder: Path) -> tuple[Images, Labels]:
    """Map the images for training and validation into memory, with their groups.

    Returns:
        The images, and a number (N,) for each that only images with identical
        pixels share.
    """
    return _open_images(folder, "search"), np.load(folder / "search-groups.npy")


def open_test_images(folder: Path) -> Images:
    """Map the sealed test images into memory: only the final scores may read them."""
    return _open_images(folder, "test")


def _open_images(folder: Path, split: str) -> Images:
    # Only for reading: what may be written to, the system counts as memory in use, and
    # then refuses to open more than it has.
    pixels = np.load(folder / f"{split}-pixels.npy", mmap_mode="r")
    return Images(pixels, np.load(folder / f"{split}-labels.npy"))


def _check(image_size: int | None, channels: int | None) -> None:
    if image_size is not None and image_size not in SIZES:
        raise RequestError(
            f"images cannot be {image_size} pixels wide",
            hint=f"choose from {SIZES[0]} to {SIZES[-1]}",
        )
    if channels not in (None, 1, 3):
        raise RequestError(
            f"images cannot have {channels} channels",
            hint="choose 1 for gray or 3 for color",
        )


def _key(found: Source, wanted: Wanted) -> str:
    """Hash all that shapes the prepared data and can be known without decoding."""
    settings = [CACHE_VERSION, found.name, wanted.image_size, wanted.channels]
    return make_manifest([json.dumps(settings), found.manifest])


@contextlib.contextmanager
def _alone(base: Path, key: str, progress: Progress) -> Iterator[None]:
    """Let one process at a time build a cache; the others say that they wait."""
    lock = FileLock(_lock_file(base, key))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("another process is building this cache; waiting", 0, 0)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _index_file(base: Path, key: str) -> Path:
    return base / "index" / f"{key}.json"


def _lock_file(base: Path, key: str) -> Path:
    return base / "index" / f"{key}.lock"


def _write_index(base: Path, key: str, prepared: Prepared) -> None:
    """Remember where prepared data lie; source and audit differ between equal data."""
    entry = {
        "folder": prepared.folder.name,
        "source": prepared.info.source,
        "audit": prepared.audit.to_dict(),
    }
    _write_json(_index_file(base, key), entry)


def _look_up(base: Path, key: str) -> Prepared | None:
    """Find prepared data by its key, unless something of it is missing or cut off."""
    try:
        entry = json.loads(_index_file(base, key).read_text("utf-8"))
        folder = base / "data" / entry["folder"]
        audit = Audit.from_dict(entry["audit"])
        info = replace(_checked_info(folder), source=entry["source"])
    except DAMAGE:  # then it is built again
        return None
    return Prepared(folder, info, audit)


def _checked_info(folder: Path) -> DataInfo:
    """Read the info and compare the arrays with it.

    Raises:
        Exception: one of DAMAGE, the folder is not whole.
    """
    info = open_info(folder)
    search, groups = open_search_images(folder)
    test = open_test_images(folder)
    shape = (info.height, info.width, info.channels)
    for images, count in ((search, info.search_images), (test, info.test_images)):
        if images.pixels.shape != (count, *shape) or len(images) != count:
            raise ValueError(f"{folder} does not hold {count} images")
    if len(groups) != len(search):
        raise ValueError(f"{folder} lacks groups")
    return info


def _make(
    found: Source, wanted: Wanted, base: Path, key: str, progress: Progress
) -> Prepared:
    """Build beside the final place and move there: a crash leaves no half cache.

    What was decoded before it is found by the next build of the same data, unless
    the data are such that no build of them can succeed.
    """
    _remove_leftovers(base, key)
    building = base / "data" / f"{BUILDING}{key}"
    building.mkdir(exist_ok=True)
    try:
        info, audit = build(found, found.load(), wanted, building, progress)
        _write_json(building / "info.json", info.to_dict())
        _write_json(building / "audit.json", audit.to_dict())
        durable.sync_all(building)  # the move must not overtake it
        target = _data_folder(base, info.name, info.fingerprint)
        if not _is_whole(target):
            _move(building, target)
    except DataError:
        shutil.rmtree(building, ignore_errors=True)
        raise
    shutil.rmtree(building, ignore_errors=True)
    return Prepared(target, replace(open_info(target), source=found.source), audit)


def _data_folder(base: Path, name: str, fingerprint: str) -> Path:
    return base / "data" / f"{_slug(name)}-{fingerprint[:12]}"


def _move(building: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    try:
        building.replace(target)
    except OSError:
        # The same content, found under another key, may have come first.
        if not _is_whole(target):
            raise


def _is_whole(folder: Path) -> bool:
    with contextlib.suppress(*DAMAGE):
        _checked_info(folder)
        return True
    return False


def _remove_leftovers(base: Path, key: str) -> None:
    """Remove what broken-off builds left that nobody took up again for a week."""
    for folder in (base / "data").glob(f"{BUILDING}*"):
        owner = folder.name.removeprefix(BUILDING)
        if owner == key or time.time() - _last_change(folder) < KEPT_SECONDS:
            continue
        with contextlib.suppress(Timeout), FileLock(_lock_file(base, owner), timeout=0):
            shutil.rmtree(folder, ignore_errors=True)


def _last_change(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))


def _write_json(path: Path, fields: object) -> None:
    """Write a file that is there as a whole or not at all."""
    durable.write(path, (json.dumps(fields, indent=2) + "\n").encode())


def _slug(name: str) -> str:
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
    return safe.strip(".")[:60] or "images"
