"""What a search begins beside: its storage, its study, where networks are sent."""

import re
from typing import TYPE_CHECKING

from autocnn.commands.configure import Request
from autocnn.data.cache import Prepared
from autocnn.data.datasets import name_of
from autocnn.deliver import artifacts
from autocnn.errors import NoResultError
from autocnn.locations import Location, check_location
from autocnn.search.study import StudyConfig, check_name, fresh_name, stored_config
from autocnn.storage import open_storage
from autocnn.store.find import find_study

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


def existing(request: Request) -> tuple[str, StudyConfig | None, Location | None]:
    """Name the study, and find what it is if it is there, and where it has networks.

    Nothing is made. RequestError or NoResultError says what of that cannot be.
    """
    data = request.data
    own = data.info.name if isinstance(data, Prepared) else name_of(data)
    name = check_name(_slug(own) if request.study is None else request.study)
    storage = _opened(request)
    config = None
    if storage is not None and request.new:
        name = fresh_name(storage, name)
    elif storage is not None:
        config = stored_config(storage, name)
    url = request.artifacts
    if url is None and storage is not None and config is not None:
        known = artifacts.told(find_study(storage, name))
        url = known.url if known else None
    return name, config, check_location(url) if url else None


def _opened(request: Request) -> "BaseStorage | None":
    """Open the storage, if it is there; what --from names has to be in it."""
    try:
        storage = open_storage(request.place.url)
    except NoResultError:
        if request.from_study is None:
            return None
        raise
    if request.from_study is not None:
        find_study(storage, request.from_study)
    return storage


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:100] or "study"
