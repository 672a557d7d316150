"""All that is known of a study, from its storage, its files and the cache: a Report."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna

from autocnn.commands.findings import findings
from autocnn.commands.options import Place
from autocnn.deliver.estimate import estimate
from autocnn.deliver.review import Judges, judges, review, thumbnails
from autocnn.errors import NoResultError
from autocnn.evaluation import Evaluation
from autocnn.search.best import read_card
from autocnn.search.study import StudyConfig
from autocnn.store.environment import environment, environments
from autocnn.store.rows import StudySnapshot, snapshot
from autocnn.views.report.contents import Data, Report

SETTINGS = {
    field.name
    for field in dataclasses.fields(StudyConfig)
    if field.default is dataclasses.MISSING
    and field.default_factory is dataclasses.MISSING
}
"""What every study has that autocnn made."""


def gather(study: optuna.Study, place: Place) -> Report:
    """Put together what a report tells; NoResultError if there is nothing to tell."""
    found = _understood(snapshot(study))
    _check(found)
    folder = place.folder(found.name)
    there = judges(found.config) if found.config else None
    evaluation, missing = _review(found, folder / "best", there)
    worst = evaluation.mistakes if evaluation else ()
    return Report(
        study=_corrected(found, folder, there),
        histories={
            trial.number: trial.user_attrs.get("epochs", ())
            for trial in study.get_trials(deepcopy=False)
        },
        now=environment(device="", kind="", jobs=0, threads=0),
        card=card(folder / "best", found),
        recipe=_text(folder / "best" / "recipe.toml"),
        evaluation=evaluation,
        pictures=thumbnails(there, worst) if there else {},
        missing=missing,
        data=_data(there),
        runs=environments(study.user_attrs),
        place=place.typed,
    )


def card(folder: Path, found: StudySnapshot) -> Mapping[str, Any]:
    """Read a kept network's card; nothing if it is not there, or another study's."""
    try:
        document = read_card(folder)
    except (OSError, ValueError):
        return {}
    return document if document.get("study") == found.name else {}


def _understood(found: StudySnapshot) -> StudySnapshot:
    """Leave settings out that are not whole: another program, or version, has them."""
    whole = found.config.keys() >= SETTINGS
    return found if whole else dataclasses.replace(found, config={})


def _check(found: StudySnapshot) -> None:
    scores = [row.val_accuracy for row in found.ranked() if row.status != "failed"]
    if not scores:
        raise NoResultError(
            f"study '{found.name}' has no result yet",
            hint="a report needs a trial with a score: let the search go on",
        )


def _review(
    found: StudySnapshot, network: Path, there: Judges | None
) -> tuple[Evaluation | None, str]:
    """Evaluate the best network's answers, or say why that cannot be done."""
    if not found.config:
        return None, "This study was not made by autocnn, which keeps no network of it."
    if there is None:
        return None, (
            f"The prepared images of {found.config['data']} are no longer in the cache "
            "of this machine, so that neither classes nor mistakes can be shown."
        )
    evaluation = review(network, there) if card(network, found) else None
    if evaluation is None:
        return None, (
            f"The best network's answers to the validation images are not kept in "
            f"{network}, so that neither classes nor mistakes can be shown."
        )
    return evaluation, ""


def _corrected(
    found: StudySnapshot, folder: Path, there: Judges | None
) -> StudySnapshot:
    """Correct the best score if the search, which does that at its end, still runs."""
    on_val = card(folder / "best", found).get("on_val")
    if found.estimate is not None or there is None or on_val:
        return found
    return dataclasses.replace(found, estimate=estimate(folder, there.info.test_images))


def _data(there: Judges | None) -> Data | None:
    if there is None:
        return None
    return Data(
        test_images=there.info.test_images,
        counts=there.audit.counts,
        sizes=there.audit.sizes,
        findings=findings(there.audit),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""
