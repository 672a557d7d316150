"""Files that outlive a crash and a power cut: the old one or the new one, never a half.

What is written lies beside its place until the disk has it, and is then moved there.
"""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from autocnn.errors import RequestError, UnavailableError
from autocnn.quantities import size
from autocnn.waiting import patiently

Result = TypeVar("Result")

FULL = {errno.ENOSPC, errno.EDQUOT}
NO_FOLDERS = {errno.EINVAL, errno.ENOTSUP}
"""What a file system says that cannot bring a folder's names to its disk by itself."""


def write(path: Path, content: bytes, *, before: Path | None = None) -> None:
    """Write a file; when this returns, it is on the disk, and so is its name.

    The file that it replaces, if there is one, becomes the one `before`. OSError says
    why it cannot be written; of a full disk, what is needed and what is free.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        sync(temporary)
        if before is not None and path.exists():
            path.replace(before)
        temporary.replace(path)
        sync(path.parent)
    except OSError as error:
        raise _told(error, path, len(content)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_output(path: Path, content: bytes) -> None:
    """Write a file that a person named; no folder is made for it.

    UnavailableError if the disk is full, RequestError if it cannot be for another
    reason.
    """
    try:
        path.parent.stat()
        write(path, content)
    except OSError as error:
        raise (UnavailableError if error.errno in FULL else RequestError)(
            f"cannot write {path}: {error.strerror}",
            hint="make room there, or name another file",
        ) from None


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace a folder by one that holds these files, by their paths in it.

    A reader finds the old one or the new one, never a mixture. OSError as of `write`.
    """
    fresh, old = _beside(folder)
    try:
        recover(folder)
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        for name, content in files.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(content)
        sync_all(fresh)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        sync(folder.parent)
    except OSError as error:
        raise _told(error, folder, sum(map(len, files.values()))) from error
    finally:
        with contextlib.suppress(OSError):
            recover(folder)
        shutil.rmtree(fresh, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)


def recover(folder: Path) -> None:
    """Put the old folder back if its replacement was broken off between two names."""
    _, old = _beside(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # it has no such thing
    opened = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in NO_FOLDERS or not path.is_dir():
            raise
    finally:
        os.close(opened)


def sync_all(folder: Path) -> None:
    """Wait until a folder and all that it holds are on the disk."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def check_writable(folder: Path, called: str = "") -> None:
    """Refuse a folder, there or still to be made, in which no file can be written.

    `called`: what is to be written there, as a person knows it.
    """
    there = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise RequestError(
            f"cannot write {called or f'to {folder}'}: {error.strerror}",
            hint="name another place with --studies, --storage or --output",
        ) from None


def until_written(write: Callable[[], Result]) -> Result:
    """Call what writes files until it can: it waits for room, and says so.

    UnavailableError after some minutes; FileNotFoundError at once.
    """
    return patiently(write, partial(_obstacle, "write"))


def until_read(read: Callable[[], Result]) -> Result:
    """Call what reads files until the disk gives them; raises as `until_written`."""
    return patiently(read, partial(_obstacle, "read"))


def _obstacle(verb: str, error: Exception) -> str | None:
    if not isinstance(error, OSError) or isinstance(error, FileNotFoundError):
        return None
    return f"cannot {verb} {error.filename}: {error.strerror or error}"


def _told(error: OSError, path: Path, needed: int) -> OSError:
    """Say of an error what file it is about, and how much room that needs."""
    why = error.strerror or str(error)
    if error.errno in FULL:
        there = next(each for each in path.parents if each.exists())
        free = size(shutil.disk_usage(there).free)
        why = f"the disk is full ({size(needed)} are needed, {free} are free)"
    return OSError(error.errno, why, str(path))


def _beside(folder: Path) -> tuple[Path, Path]:
    """Say where the new folder is put together, and where the old one goes."""
    return (
        folder.with_name(f".{folder.name}-new"),
        folder.with_name(f".{folder.name}-old"),
    )


def identity(file: Path) -> tuple[int, int] | None:
    """Tell a file from another one in its place; None if there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_pipe(path: Path) -> bool:
    """Whether a path is a pipe or a device: to open one might wait for ever."""
    return path.exists() and not (path.is_file() or path.is_dir())
