"""Which study is meant: the one that is named, or the one that was active last."""

import re

import optuna
import sqlalchemy
from optuna.storages import BaseStorage, RDBStorage

from autocnn.errors import NoResultError, RequestError, did_you_mean
from autocnn.storage import study_names


def find_study(storage: BaseStorage, name: str | None) -> optuna.Study:
    """Load a study by name; without one, the one that was active last."""
    names = study_names(storage)
    if not names:
        raise NoResultError(
            "the storage holds no study yet", hint="make one: autocnn search"
        )
    if name is not None and name not in names:
        raise RequestError(
            f"there is no study called '{name}'", hint=did_you_mean(name, names)
        )
    chosen = name or max(names, key=lambda each: _last_active(storage, each))
    return optuna.load_study(study_name=chosen, storage=storage)


def _last_active(storage: BaseStorage, name: str) -> tuple[float, int]:
    study_id = storage.get_study_id_from_name(name)
    if not isinstance(storage, RDBStorage):
        trials = storage.get_all_trials(study_id, deepcopy=False)
        moments = (t.datetime_complete or t.datetime_start for t in trials)
        known = [each.timestamp() for each in moments if each is not None]
        return (max(known, default=0.0), study_id)
    with storage.engine.connect() as connection:
        last = connection.execute(
            sqlalchemy.text(
                "SELECT MAX(COALESCE(datetime_complete, datetime_start)) "
                "FROM trials WHERE study_id = :study"
            ),
            {"study": study_id},
        ).scalar()
    digits = re.sub(r"\D", "", str(last or ""))[:14]
    return (float(digits or 0), study_id)
