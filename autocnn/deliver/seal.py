"""The sealed test set: opened once, by the network that a search ships, and noted.

A test set that is asked again and again becomes a second validation set. So a study
remembers its openings, and whoever asks again is told what was found.
"""

import hashlib
import json
import time
from pathlib import Path

import numpy as np
import optuna
import torch

from autocnn import durable
from autocnn.data.batches import batches_of
from autocnn.data.cache import Prepared, open_test_images
from autocnn.deliver.predict import load
from autocnn.evaluation import Evaluation, evaluate
from autocnn.search import best
from autocnn.storage import retried
from autocnn.store.honest import TEST, Opening, openings
from autocnn.train.loop import answered


def open_seal(
    study: optuna.Study | None,
    folder: Path,
    home: Path,
    data: Prepared,
    device: torch.device,
) -> tuple[Opening, Evaluation]:
    """Score the network in a folder on the sealed test set, and write it down.

    In its study, if it is of one; in its card; and in full in a file at `home`, the
    study's folder or its own.
    """
    network = load(folder, device)
    images = open_test_images(data.folder)
    everything = np.arange(len(images))
    batches = batches_of(images, everything, data.info, device)
    logits, labels = answered(network.net, batches)
    found = evaluate(
        logits.softmax(1).cpu().numpy(),
        labels.cpu().numpy(),
        classes=network.classes,
        names=[f"test[{row}]" for row in everything],
    )
    opening = Opening(
        trial=network.card["trial"],
        final=bool(network.card.get("final")),
        weights=weights_hash(folder),
        accuracy=found.accuracy,
        interval=found.interval,
        images=found.images,
        at=round(time.time(), 2),
    )
    _write(study, folder, home, opening, found)
    return opening, found


def opened(study: optuna.Study, folder: Path) -> Opening | None:
    """Find what this very network came to on the test set, if it was asked."""
    known = {each.weights: each for each in openings(study.user_attrs)}
    return known.get(weights_hash(folder)) if known else None


def record(home: Path, number: int = 1) -> Path:
    """Say where at home what an opening told is."""
    return home / (f"test-{number}.json" if number > 1 else "test.json")


def read(path: Path) -> Evaluation | None:
    """Read what a network's answers to the test set came to; None if it is lost."""
    try:
        return Evaluation.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def weights_hash(folder: Path) -> str:
    """Tell networks apart: the SHA-256 of the weights, of an ensemble's one by one."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("model.safetensors")):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _write(
    study: optuna.Study | None,
    folder: Path,
    home: Path,
    opening: Opening,
    found: Evaluation,
) -> None:
    """The study first: an opening that is not noted would be none."""
    path = record(home)
    if study is not None:
        notes = [*openings(study.user_attrs), opening]
        documents = [each.to_dict() for each in notes]
        retried(lambda: study.set_user_attr(TEST, documents))
        path = record(home, len(notes))
    text = json.dumps(found.to_dict()).encode()
    durable.until_written(lambda: durable.write(path, text))
    durable.until_written(lambda: best.annotate(folder, **opening.to_card()))
