"""The best network so far, kept where people find it: STUDY/best/."""

import hashlib
import json
from pathlib import Path
from typing import Any

from autocnn import __version__, durable
from autocnn import recipe as recipes
from autocnn.data.images import DataInfo
from autocnn.errors import NoResultError
from autocnn.recipe import Recipe
from autocnn.store.aim import standard_error
from autocnn.store.rows import StudySnapshot
from autocnn.train.answers import Answers, dumps

ANSWERS = "validation.safetensors"
OVER = {"complete", "pruned"}
"""States of trials that ended, and have a network."""


def card(
    info: DataInfo,
    *,
    trial: int | None,
    val_accuracy: float | None,
    val_images: int,
    **more: Any,
) -> dict[str, Any]:
    """Describe a trained network: what it tells apart, from what, and how well.

    The standard error is the binomial one, in fractions of 1; it says nothing of the
    bias that choosing the best of many trials adds. There is no score of one that was
    trained on the validation images, too.
    """
    return {
        "autocnn": __version__,
        "trial": trial,
        "classes": list(info.classes),
        "preprocessing": {
            "height": info.height,
            "width": info.width,
            "channels": info.channels,
            "mean": list(info.mean),
            "std": list(info.std),
        },
        "val_accuracy": val_accuracy,
        "val_standard_error": standard_error(val_accuracy, val_images),
        "val_images": val_images,
        "data": {
            "name": info.name,
            "source": info.source,
            "fingerprint": info.fingerprint,
        },
        **more,
    }


def keep(
    folder: Path,
    weights: Path,
    recipe: Recipe,
    card: dict[str, Any],
    answers: Answers | None = None,
) -> None:
    """Replace what `folder` holds by these weights, their recipe and their card.

    Beside them, if they are given, its answers to the validation images. A reader
    finds the old network or the new one, never a mixture. The card holds a SHA-256 of
    each of the other files. FileNotFoundError if the weights are gone, other OSErrors
    if it cannot be written.
    """
    files = {
        "model.safetensors": weights.read_bytes(),
        "recipe.toml": recipes.dumps(recipe).encode(),
    }
    if answers is not None:
        files[ANSWERS] = dumps(answers)
    sums = {name: hashlib.sha256(file).hexdigest() for name, file in files.items()}
    files["card.json"] = written(card | {"sha256": sums})
    durable.write_folder(folder, files)


def read_card(folder: Path) -> dict[str, Any]:
    """Read a kept network's card; OSError or ValueError if there is none."""
    found = json.loads((folder / "card.json").read_text("utf-8"))
    if not isinstance(found, dict):
        raise ValueError("a card is a JSON object")  # noqa: TRY004 - as it is told
    return found


def check(folder: Path, card: dict[str, Any], *names: str) -> None:
    """Compare files with their SHA-256 in the card; NoResultError if one differs.

    A card of an earlier version knows of none.
    """
    known = card.get("sha256", {})
    for name in {*names} & {*known}:
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != known[name]:
            raise NoResultError(
                f"{folder / name} is damaged: its SHA-256 is not that in card.json",
                hint="make the network again with autocnn train, or name another "
                "with --model",
            )


def annotate(folder: Path, **more: Any) -> None:
    """Add to a kept network's card, whole or not at all."""
    durable.write(folder / "card.json", written(read_card(folder) | more))


def written(card: dict[str, Any]) -> bytes:
    """Write a card as JSON; bytes of a path that are no text as JSON spells them."""
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace")


def kept_score(folder: Path, study: StudySnapshot) -> float:
    """Read the score of the study's network that `folder` holds; -1 if it holds none.

    A network that a deleted study of the same name left there is none. For one without
    a score, the trial whose recipe it has speaks.
    """
    durable.recover(folder)
    try:
        card = read_card(folder)
        score, trial = card["val_accuracy"], card["trial"]
        row = next((row for row in study.trials if row.trial == trial), None)
        scored = row.val_accuracy if row and score is None else score
        score = float(-1.0 if scored is None else scored)
    except (OSError, TypeError, ValueError, KeyError):
        return -1.0
    source = study.final if card.get("final") and not card.get("on_val") else row
    known = source is not None and (source.val_accuracy or 0.0) >= score
    return score if known and card["study"] == study.name else -1.0


def score_to_beat(kept: float, study: StudySnapshot) -> float:
    """Say what a network must reach to be the study's best; -1 if there is none yet.

    That is `kept`, the score of the one that is here. Where it is on another machine,
    the best trial that is over speaks: nobody brings its network any more.
    """
    over = [row.val_accuracy or 0.0 for row in study.ranked() if row.state in OVER]
    return max([kept, *over[:1]])
