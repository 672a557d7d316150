"""A study that is taken away from under its search: it ends, and says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage
from sqlalchemy.exc import DatabaseError

from autocnn.errors import NoResultError, RequestError
from autocnn.storage import study_names


@contextmanager
def told_when_gone(storage: BaseStorage, name: str, shown: str) -> Iterator[None]:
    """Say in a sentence, within, that a study was deleted or its storage is damaged."""
    try:
        try:
            yield
        except KeyError:  # as Optuna says it
            if name in study_names(storage):
                raise
            raise NoResultError(
                f"study '{name}' was deleted while it was searched",
                hint="the same command begins it anew",
            ) from None
    except (StorageInternalError, DatabaseError) as error:
        reason = getattr(error.__cause__ or error, "orig", None) or error
        raise RequestError(
            f"the storage {shown} can no longer be used: {reason}",
            hint="put a copy of it back, or name another one with --storage",
        ) from error
