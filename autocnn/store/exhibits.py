"""What optuna-dashboard shows of a study beside its values: notes, and files.

Both are attributes of the study, never of its trials: those are their driver's, and
finished ones cannot be changed.
"""

import io
import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import optuna

if TYPE_CHECKING:
    from optuna.artifacts import FileSystemArtifactStore
    from optuna.storages import BaseStorage

MARK = "*autocnn dashboard keeps this note up; without this line it is left alone.*"


@dataclass(frozen=True, slots=True)
class _Noted:
    """What optuna-dashboard needs to know of a trial to keep its note."""

    study: optuna.Study
    storage: "BaseStorage"
    _trial_id: int


def show_note(study: optuna.Study, text: str, trial_id: int | None = None) -> bool:
    """Set the note of a study or a trial; False if that changes nothing.

    What a person wrote stays.
    """
    from optuna_dashboard import get_note, save_note

    subject: Any = study
    if trial_id is not None:
        subject = _Noted(study, study._storage, trial_id)
    before: str = get_note(subject)
    wanted = f"{text.strip()}\n\n{MARK}"
    if before == wanted or (before.strip() and MARK not in before):
        return False
    save_note(subject, wanted)
    return True


def show_file(
    study: optuna.Study,
    store: "FileSystemArtifactStore",
    name: str,
    content: bytes,
    mimetype: str,
    trial_id: int | None = None,
) -> bool:
    """Show a file beside a study or a trial, instead of what it had of that name.

    False if it had the very same.
    """
    # As Optuna and optuna-dashboard call them.
    prefix = "artifacts:" if trial_id is None else f"dashboard:artifacts:{trial_id}:"
    known = _known(study, prefix, name)
    artifact = known or str(uuid.uuid4())
    if known is not None and _read(store, known) == content:
        return False
    store.write(artifact, io.BytesIO(content))
    if known is None:
        described = {
            "artifact_id": artifact,
            "filename": name,
            "mimetype": mimetype,
            "encoding": None,
        }
        study._storage.set_study_system_attr(
            study._study_id, prefix + artifact, json.dumps(described)
        )
    return True


def _known(study: optuna.Study, prefix: str, name: str) -> str | None:
    """Find the file that is shown under a name."""
    attributes = study._storage.get_study_system_attrs(study._study_id)
    for key, text in attributes.items():
        described = json.loads(text) if key.startswith(prefix) else None
        if described and described["filename"] == name:
            return str(described["artifact_id"])
    return None


def _read(store: "FileSystemArtifactStore", artifact: str) -> bytes | None:
    from optuna.artifacts.exceptions import ArtifactNotFound

    try:
        with store.open_reader(artifact) as file:
            return file.read()
    except ArtifactNotFound:
        return None
