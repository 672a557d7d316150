"""The trials of a study as rows, best first."""

from typing import Any

from autocnn.store.rows import StudySnapshot, TrialRow
from autocnn.views import tables

COLUMNS = (
    "rank",
    "trial",
    "status",
    "val_accuracy",
    "epochs",
    "parameters",
    "seconds",
    "settings",
)
# What most tells two networks apart, for lines that have no room for everything.
SHORT = {"learning_rate_factor": "rate", "batch_size": "batch"}
KEY_SETTINGS = (
    "block",
    "stages",
    "width",
    "activation",
    "optimizer",
    "learning_rate_factor",
    "batch_size",
)


def rows(study: StudySnapshot, *, top: int | None = None) -> list[dict[str, Any]]:
    """All trials, ranked; those without a score come last, without a rank."""
    ranked = study.ranked()
    others = [row for row in study.trials if row.val_accuracy is None]
    listed = [_row(row, rank) for rank, row in enumerate(ranked, start=1)]
    listed += [_row(row, None) for row in others]
    return listed[:top] if top else listed


def write(study: StudySnapshot, form: str, *, top: int | None = None) -> None:
    """Write the leaderboard; the table shows key settings only."""
    listed = rows(study, top=top)
    if form == "table":
        listed = [row | {"settings": key_settings(row["params"])} for row in listed]
    tables.write(listed, form, columns=COLUMNS)


def heading(study: StudySnapshot) -> str:
    """Name the study, and the set its scores come from."""
    images = study.config.get("val_images")
    measured = f", accuracy on {images} validation images" if images else ""
    kept = study.state.checkpoint_bytes if study.state else 0
    disk = f"; checkpoints take {tables.size(kept)}" if kept else ""
    return f"study {study.name}{measured} (± standard error){disk}"


def _row(row: TrialRow, rank: int | None) -> dict[str, Any]:
    return {
        "rank": rank,
        "trial": row.trial,
        "state": row.state,
        "status": row.status,
        "val_accuracy": row.val_accuracy,
        "val_standard_error": row.val_standard_error,
        "epochs": row.epochs,
        "promotions": row.promotions,
        "parameters": row.parameters,
        "flops": row.flops,
        "seconds": row.seconds,
        "reason": row.reason,
        "params": dict(row.params),
    }


def key_settings(params: dict[str, Any]) -> str:
    """Write the settings that tell most; names speak for themselves, numbers do not."""
    key = {name: params[name] for name in KEY_SETTINGS if name in params} or params
    return " ".join(
        value if isinstance(value, str) else f"{SHORT.get(name, name)}={value:.3g}"
        for name, value in key.items()
    )
