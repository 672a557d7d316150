"""The trials of a study as rows, best first."""

from typing import Any

from autocnn.store.aim import standard_error, unit_of
from autocnn.store.pareto import COSTS, front
from autocnn.store.rows import REFUSED, StudySnapshot, TrialRow
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
SHOWN_COSTS = {"params": "parameters", "flops": "flops", "latency": "latency"}
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


def rows(
    study: StudySnapshot, *, top: int | None = None, pareto: str = ""
) -> list[dict[str, Any]]:
    """All trials, ranked; those that failed or have no score come last, without a rank.

    Without those that were refused. `pareto` names one of COSTS: then only trials that
    no other beats in accuracy and in that cost, the cheapest first.
    """
    ranked = {
        row.trial: rank
        for rank, row in enumerate(study.ranked(), start=1)
        if row.status != "failed"
    }
    if pareto:
        chosen = front(study.trials, COSTS[pareto])
    else:
        others = [row for row in study.trials if row.val_accuracy is None]
        chosen = study.ranked() + [row for row in others if row.status != REFUSED]
    return [_row(row, ranked.get(row.trial)) for row in chosen[: top or None]]


def write(
    study: StudySnapshot, form: str, *, top: int | None = None, pareto: str = ""
) -> None:
    """Write the leaderboard; the table shows key settings only, or why one failed.

    And no trial that a search which is over did not begin.
    """
    listed = rows(study, top=top, pareto=pareto)
    columns = [*COLUMNS]
    if form == "table":
        over = study.state is not None and study.state.phase == "ended"
        steps = f"{unit_of(study.config)}s"
        columns[columns.index("epochs")] = steps
        listed = [
            row | {steps: row["epochs"], "settings": _settings(row)}
            for row in listed
            if row["status"] != "waiting" or not over
        ]
    if pareto and (shown := SHOWN_COSTS[pareto]) not in columns:
        columns.insert(columns.index("seconds"), shown)
    tables.write(listed, form, columns=columns)


def heading(study: StudySnapshot) -> str:
    """Name the study, and the set its scores come from."""
    images = study.config.get("val_images")
    folds = study.config.get("folds")
    cut = f" in {folds} folds" if folds else ""
    measured = f", accuracy on {images} validation images{cut}" if images else ""
    refused = f"; {study.refused} drawn and not trained" if study.refused else ""
    kept = study.state.checkpoint_bytes if study.state else 0
    disk = f"; checkpoints take {tables.size(kept)}" if kept else ""
    return f"study {study.name}{measured} (± standard error){refused}{disk}"


def final(study: StudySnapshot) -> str:
    """Say what the final training came to; empty if there was none."""
    found = study.final
    if found is None or not found.done:
        return ""
    error = standard_error(found.val_accuracy, found.judged_by(study.config))
    done = found.done
    scored = f"validation accuracy {tables.score(found.val_accuracy, error)}"
    if found.on_val:
        scored = "on the validation images too, so none are left to score it"
    epochs = (
        tables.plural(done, "epoch")
        if done == found.epochs
        else f"{done}/{found.epochs} epochs"
    )
    how = "" if found.status == "complete" else f", {found.status}"
    return (
        f"final training of trial {found.trial}'s recipe: {scored}, {epochs}, "
        f"{tables.duration(found.seconds)}{how}"
    )


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
        "latency": row.latency,
        "seconds": row.seconds,
        "reason": row.reason,
        "params": dict(row.params),
    }


def _settings(row: dict[str, Any]) -> str:
    """Write what tells a trial from others; of one that failed, first why."""
    why = [row["reason"]] if row["status"] == "failed" else []
    return "; ".join([*why, key_settings(row["params"])])


def key_settings(params: dict[str, Any]) -> str:
    """Write the settings that tell most; where few of those vary, others that do.

    The names of kinds speak for themselves, numbers do not.
    """
    key = [name for name in KEY_SETTINGS if name in params]
    others = [name for name in params if name not in key]
    told = [
        params[name] if isinstance(params[name], str) else _told(name, params[name])
        for name in key
    ]
    room = len(KEY_SETTINGS) - len(key)
    return " ".join(told + [_told(name, params[name]) for name in others[:room]])


def _told(name: str, value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{SHORT.get(name, name)}={f'{value:.3g}' if number else value}"
