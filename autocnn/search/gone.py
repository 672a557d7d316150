"""A study that is taken away from under its search: it ends, and says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import DatabaseError

from autocnn.errors import NoResultError, RequestError
from autocnn.storage import first_line, hide_password, open_storage, study_names


@contextmanager
def told_when_gone(name: str, url: str) -> Iterator[None]:
    """Say in a sentence, within, that a study was deleted or cannot be written."""
    try:
        try:
            yield
        except KeyError:  # as Optuna says it
            if name in study_names(open_storage(url)):
                raise
            raise NoResultError(
                f"study '{name}' was deleted while it was searched",
                hint="the same command begins it anew",
            ) from None
    except (StorageInternalError, DatabaseError) as error:
        raise RequestError(
            f"the storage {hide_password(url)} cannot be searched with:"
            f" {first_line(error)}",
            hint="put a copy of it back, ask for the right to write, or name another"
            " one with --storage",
        ) from error
