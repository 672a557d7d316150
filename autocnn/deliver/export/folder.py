"""The folder of an export: written whole or not at all, and never over other files."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from autocnn import durable
from autocnn.errors import AutocnnError, RequestError, UnavailableError

CARD = "card.json"


@contextlib.contextmanager
def whole(output: Path) -> Iterator[Path]:
    """Hand out a folder that takes the place of `output` when all went well.

    RequestError if something else is there than an earlier export, as it was written.
    """
    output = output.absolute()
    _refuse_other(output)
    fresh, old = (output.with_name(f".{output.name}-{x}") for x in ("new", "old"))
    try:
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh.mkdir(parents=True)
        yield fresh
        durable.sync_all(fresh)
        if output.exists():
            output.rename(old)
        fresh.rename(output)
        durable.sync(output.parent)
    except OSError as error:
        full = error.errno in durable.FULL
        raise (UnavailableError if full else AutocnnError)(
            f"cannot write {output}: {error.strerror or error}",
            hint="make room, or name another folder with --output",
        ) from error
    finally:
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)


def digests(folder: Path) -> dict[str, str]:
    """Hash a folder's files, but for the card, which holds the result."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != CARD
    }


def _refuse_other(output: Path) -> None:
    another = "name another folder with --output"
    if output == Path.cwd() or output in Path.cwd().parents:
        raise RequestError("an export needs a folder of its own", hint=another)
    if output.exists() and not output.is_dir():
        raise RequestError(f"{output} is a file", hint=another)
    present = {path.name for path in output.glob("*")} - {"__pycache__"}
    if not present:
        return
    written = _written(output)
    if written is None:
        raise RequestError(f"{output} holds other files than an export", hint=another)
    found = digests(output)
    others = sorted(
        name for name in present - {CARD} if found.get(name) != written.get(name, "")
    )
    if others:
        raise RequestError(
            f"{output} holds what no export wrote: {', '.join(others)}",
            hint=f"move it away, or {another}",
        )


def _written(output: Path) -> dict[str, str] | None:
    """Read which files an export wrote there, with their hashes; None: none did."""
    try:
        card = json.loads((output / CARD).read_text(encoding="utf-8"))
        return dict(card["export"]["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
