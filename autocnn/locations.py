"""Folders that several machines reach: a shared one, or a URL of fsspec.

A file is there whole or not at all, under its name; who writes last wins. What a store
has errors of its own for is an OSError here.
"""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autocnn import durable
from autocnn.errors import RequestError


@dataclass(frozen=True, slots=True)
class Location:
    """A folder by its path or URL; it need not be there yet."""

    url: str

    def __truediv__(self, name: str) -> "Location":
        """Name a folder in it."""
        return Location(f"{self.url.rstrip('/')}/{name}")

    def names(self) -> list[str]:
        """List what is in it, by name; nothing if it is not there."""
        try:
            if (path := self._path) is not None:
                return sorted(each.name for each in path.iterdir())
            with self._opened() as (files, folder):
                files.invalidate_cache(folder)
                found = files.ls(folder, detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(each.rstrip("/").rpartition("/")[2] for each in found)

    def read(self, name: str) -> bytes:
        """Read a file; FileNotFoundError if it is not there."""
        if (path := self._path) is not None:
            return (path / name).read_bytes()
        with self._opened() as (files, folder):
            content: bytes = files.cat_file(f"{folder}/{name}")
        return content

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole; OSError says why it cannot be."""
        if (path := self._path) is not None:
            durable.write(path / name, content)
            return
        with self._opened(make=True) as (files, folder):
            files.pipe_file(f"{folder}/{name}", content)

    def put(self, file: Path, name: str) -> None:
        """Write a large file, piece by piece, whole or not at all."""
        if (path := self._path) is not None:
            path.mkdir(parents=True, exist_ok=True)
            part = path / f".{name}.{os.getpid()}"
            shutil.copyfile(file, part)
            durable.sync(part)
            part.replace(path / name)
            return
        with self._opened(make=True) as (files, folder):
            files.put_file(str(file), f"{folder}/{name}")

    def get(self, name: str, file: Path) -> None:
        """Read a large file into one here, piece by piece."""
        if (path := self._path) is not None:
            shutil.copyfile(path / name, file)
            return
        with self._opened() as (files, folder):
            files.get_file(f"{folder}/{name}", str(file))

    def remove(self, names: Iterable[str]) -> None:
        """Delete files, those that are there."""
        for name in names:
            with suppress(FileNotFoundError):
                if (path := self._path) is not None:
                    (path / name).unlink()
                else:
                    with self._opened() as (files, folder):
                        files.rm_file(f"{folder}/{name}")

    def clear(self) -> None:
        """Delete it with all that it holds, as far as that can be."""
        if (path := self._path) is not None:
            shutil.rmtree(path, ignore_errors=True)
            return
        with suppress(OSError), self._opened() as (files, folder):
            files.rm(folder, recursive=True)

    @property
    def _path(self) -> Path | None:
        """Where it is, if that is a folder of the file system."""
        scheme, _, rest = self.url.partition("://")
        if not rest:
            return Path(self.url)
        return Path(urlsplit(self.url).path) if scheme == "file" else None

    @contextmanager
    def _opened(self, *, make: bool = False) -> Iterator[tuple[Any, str]]:
        """Open its file system, and give its path there, as a folder if need be."""
        from fsspec.core import url_to_fs

        try:
            files, folder = url_to_fs(self.url)
            if make:
                with suppress(OSError, NotImplementedError):  # stores need none
                    files.makedirs(folder, exist_ok=True)
            yield files, str(folder)
        except (FileNotFoundError, ImportError):
            raise
        except Exception as error:
            code = getattr(error, "errno", None) or errno.EIO
            why = getattr(error, "strerror", None) or str(error)
            raise OSError(code, why, self.url) from error


def check_location(url: str) -> Location:
    """Write to a location and read from it; RequestError says what is missing.

    A password in it would be told to all who look at the study.
    """
    if urlsplit(url).password:
        raise RequestError(
            "the URL of a location has a password in it, which others would see",
            hint="leave it out, and set it as fsspec's FSSPEC_SFTP_PASSWORD does",
        )
    here = "://" not in url  # else another machine takes it for a folder of its own
    location = Location(os.path.realpath(Path(url).expanduser()) if here else url)
    try:
        location.write("writable", b"")
        location.read("writable")
        location.remove(["writable"])
    except ImportError as error:
        raise RequestError(
            f"{url} needs a package that is not installed: {error}",
            hint="install it on all machines, as s3fs for s3:// and gcsfs for gs://",
        ) from None
    except OSError as error:
        raise RequestError(
            f"nothing can be written to {url}: {error.strerror or error}",
            hint="name a folder that all machines share, or a URL such as s3://BUCKET/PATH",
        ) from None
    return location
