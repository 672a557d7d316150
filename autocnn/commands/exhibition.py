"""Keeps notes and pictures of studies up for optuna-dashboard, also while they run."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
from optuna.artifacts import FileSystemArtifactStore
from optuna.exceptions import OptunaError
from optuna.storages import BaseStorage
from sqlalchemy.exc import DatabaseError

from autocnn.commands.gather import gather
from autocnn.commands.options import Place
from autocnn.deliver.review import judges, review
from autocnn.errors import AutocnnError
from autocnn.storage import open_storage, study_names
from autocnn.store import exhibits
from autocnn.store.state import STATE
from autocnn.views import exhibits as views

logger = logging.getLogger(__name__)
SECONDS = 20.0
"""What changes is shown so often."""
COST = 0.02
"""Nor may it take more of a core than this: a search may run on the same machine."""
BEST = 5
"""Trials that have a note and pictures of their own."""
SVG = "image/svg+xml"


@contextlib.contextmanager
def exhibition(place: Place, artifacts: Path) -> Iterator[None]:
    """Show in the background what there is to show, until the context ends."""
    over = threading.Event()
    keeper = threading.Thread(
        target=_keep_up, args=(place, artifacts, over), daemon=True
    )
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join(SECONDS)


def exhibit(study: optuna.Study, place: Place, artifacts: Path) -> None:
    """Write a study's notes and pictures, as far as they are other than before."""
    report = gather(study, place)
    store = FileSystemArtifactStore(artifacts)
    exhibits.show_note(study, views.note(report))
    for name, picture in views.pictures(report).items():
        exhibits.show_file(study, store, name, picture.encode(), SVG)
    there = judges(report.study.config) if report.study.config else None
    ids = {t.number: t._trial_id for t in study.get_trials(deepcopy=False)}
    ranked = [row for row in report.ranked if row.status != "failed"]
    for rank, row in enumerate(ranked[:BEST], start=1):
        trial = ids[row.trial]
        exhibits.show_note(study, views.trial_note(report, row, rank), trial)
        network = place.folder(study.study_name) / "networks" / str(row.trial)
        said = review(network, there) if there else None
        for name, picture in views.trial_pictures(report, row, said).items():
            exhibits.show_file(study, store, name, picture.encode(), SVG, trial)


def _keep_up(place: Place, artifacts: Path, over: threading.Event) -> None:
    """Look at the studies again and again, and show those that have changed."""
    storage = open_storage(place.url)
    seen: dict[str, object] = {}
    while not over.is_set():
        before = time.thread_time()
        for name in reversed(study_names(storage)):
            if over.is_set():
                return
            try:
                _look(storage, name, place, artifacts, seen)
            # It has no result yet, or its database is locked or gone for a moment.
            except (
                AutocnnError,
                OptunaError,
                DatabaseError,
                OSError,
                KeyError,
            ) as error:
                logger.info("nothing new is shown of %s: %s", name, error)
        over.wait(max(SECONDS, (time.thread_time() - before) / COST))


def _look(
    storage: BaseStorage,
    name: str,
    place: Place,
    artifacts: Path,
    seen: dict[str, object],
) -> None:
    """Show a study, if its driver has said anything since the last time."""
    study = optuna.load_study(study_name=name, storage=storage)
    state = study.user_attrs.get(STATE)
    now = (state or {}).get("beat"), (state or {}).get("phase")
    if seen.get(name) != now:
        exhibit(study, place, artifacts)
        seen[name] = now
