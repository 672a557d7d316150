"""What a kept network said of the validation images, looked at without running it.

The sealed test images have no part in this.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autocnn.data.audit import Audit
from autocnn.data.cache import find_prepared, open_search_images, reopen
from autocnn.data.images import DataInfo, Images, Labels, Pixels
from autocnn.data.splits import search_splits
from autocnn.evaluation import Evaluation, Mistake, evaluate
from autocnn.search.best import ANSWERS
from autocnn.train import answers

SIDE = 96  # pixels of a thumbnail, at most


@dataclass(frozen=True, slots=True, eq=False)
class Judges:
    """The images that a study's networks were judged by, in their answers' order."""

    info: DataInfo
    audit: Audit
    images: Images
    """All that the search was given."""
    rows: Labels
    """Which of them are the validation images."""


def judges(config: Mapping[str, Any]) -> Judges | None:
    """Find a study's validation images in the cache; None if they are not there."""
    folder = find_prepared(config["data"], config["fingerprint"])
    if folder is None:
        return None
    prepared = reopen(folder)
    info = prepared.info
    images, groups = open_search_images(folder)
    splits = search_splits(
        images.labels,
        groups,
        seed=config["seed"],
        folds=config["folds"],
        given_val=info.given_val,
    )
    rows = np.concatenate([split.val for split in splits])
    return Judges(info, prepared.audit, images, rows)


def review(network: Path, judges: Judges) -> Evaluation | None:
    """Evaluate the answers that lie beside a network; None if none to these images do.

    Images are named by their places among all that the search was given.
    """
    found = answers.load(network / ANSWERS)
    if found is None or len(found.logits) != len(judges.rows):
        return None
    return evaluate(
        found.logits.float().softmax(1).numpy(),
        judges.images.labels[judges.rows],
        classes=judges.info.classes,
        names=[str(row) for row in judges.rows.tolist()],
    )


def thumbnails(judges: Judges, mistakes: Sequence[Mistake]) -> dict[str, str]:
    """Give the images of mistakes as data URIs, by their names."""
    pixels = judges.images.pixels
    return {each.image: _data_uri(pixels[int(each.image)]) for each in mistakes}


def _data_uri(pixels: Pixels) -> str:
    """Write one image (H, W, C) as a small PNG."""
    from PIL import Image

    gray = pixels.shape[-1] == 1
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if gray else pixels))
    image.thumbnail((SIDE, SIDE))
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"
