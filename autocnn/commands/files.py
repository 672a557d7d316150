"""The image files that words on the command line name."""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autocnn.data.folders import scan_folder
from autocnn.errors import DataError

LIST = "-"


@dataclass(slots=True)
class Named:
    """What words name."""

    files: list[str] = field(default_factory=list)
    """In the order of the words; files that are not there as well."""
    problems: dict[str, str] = field(default_factory=dict)
    """Words that name no file at all -> why."""
    notes: list[str] = field(default_factory=list)
    """What was left out, a sentence each."""


def named_files(words: Sequence[str], read: Callable[[], bytes]) -> Named:
    """List the files that words name, each file once.

    A word is a file, a folder (its images, and those of all folders in it), a pattern
    such as 'photos/**/*.jpg', or - for the paths in what `read` gives, one a line or
    each ended by a null byte.
    """
    found = Named()
    files: dict[str, str] = {}  # the absolute path -> as it was named
    for word in _words(words, read):
        for path in _expanded(word, found):
            files.setdefault(os.path.abspath(path), path)  # noqa: PTH100 - names only
    found.files += files.values()
    return found


def _words(words: Sequence[str], read: Callable[[], bytes]) -> Iterator[str]:
    for word in words:
        if word == LIST:
            yield from _paths(read())
        else:
            yield word


def _paths(text: bytes) -> list[str]:
    lines = text.split(b"\0") if b"\0" in text else text.splitlines()
    return [os.fsdecode(line) for line in lines if line.strip()]


def _expanded(word: str, found: Named) -> Iterator[str]:
    path = os.path.expanduser(word)  # noqa: PTH111 - Path would drop a ./
    if os.path.lexists(path) or not glob.has_magic(path):
        yield from _images(path, found)
        return
    matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - it knows **
    if "**" in path:  # what lies in the folders matches, too
        matches = [match for match in matches if not _is_folder(match)]
    if not matches:
        found.problems[word] = f"no file matches {word}"
    for match in matches:
        yield from _images(match, found)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - Path raises for a name too long


def _images(path: str, found: Named) -> Iterator[str]:
    """Give a file, or the images below a folder."""
    if not _is_folder(path):
        yield path
        return
    try:
        scan, _ = scan_folder(Path(path))
    except DataError as error:
        found.problems[path] = error.problem
        return
    found.notes += [f"{path}: {note}" for note in scan.notes()]
    if not scan.places:
        found.problems[path] = f"{path} holds no images"
    for place in scan.places:
        yield from place.images
