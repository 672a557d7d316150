"""Where a study's kept networks are."""

import json
from pathlib import Path

from autocnn.errors import NoResultError

ENSEMBLE = "ensemble"
"""In the study's folder: the networks that answer best together."""


def ensemble(folder: Path) -> Path:
    """Find the ensemble in a study's folder; NoResultError if there is none yet."""
    found = folder / ENSEMBLE
    if not (found / "card.json").exists():
        raise NoResultError(
            f"study '{folder.name}' has no ensemble yet",
            hint=f"autocnn ensemble --study {folder.name} puts its networks together",
        )
    return found


def find(folder: Path, trial: int | None = None) -> Path:
    """Find the best network, or a trial's, in a study's folder.

    NoResultError if it was not kept, or is on another machine.
    """
    best = folder / "best"
    if trial is None:
        if (best / "card.json").exists():
            return best
        raise NoResultError(
            f"the best network of study '{folder.name}' is not on this machine",
            hint=f"copy {best} from where it was found, or train it again (autocnn "
            f"train best --study {folder.name}) and name it with --model; a search "
            "with --artifacts sends its networks to where all machines find them",
        )
    for kept in (folder / "networks" / str(trial), best):
        if _trial(kept) == trial:
            return kept
    trained = folder.parent / "trained" / f"{folder.name}-{trial}"
    raise NoResultError(
        f"the network of trial {trial} was not kept",
        hint=f"train it again with autocnn train {trial} --study {folder.name}, then "
        f"name it with --model {trained}",
    )


def _trial(folder: Path) -> int | None:
    """Read whose network a folder holds."""
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        return int(card["trial"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
