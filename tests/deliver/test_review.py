"""Answers that were kept, looked at again: without the network, on the right images."""

import base64
import dataclasses
import io

import numpy as np
import pytest
import torch
from PIL import Image

from autocnn.data.cache import open_search_images
from autocnn.data.splits import search_splits
from autocnn.deliver.review import judges, review, thumbnails
from autocnn.search.best import ANSWERS
from autocnn.train import answers


@pytest.fixture
def config(tiny_data, monkeypatch):
    monkeypatch.setenv("AUTOCNN_CACHE", str(tiny_data.folder.parent.parent))
    info = tiny_data.info
    return {
        "data": info.name,
        "fingerprint": info.fingerprint,
        "seed": 3,
        "folds": 0,
    }


def keep(folder, labels: np.ndarray, wrong: list[int]) -> None:
    """Keep answers that are right but for some, each surer than the one before."""
    said = labels.copy()
    said[wrong] = (said[wrong] + 1) % 3
    logits = torch.zeros(len(labels), 3)
    logits[torch.arange(len(labels)), torch.from_numpy(said)] = 4.0
    for place, image in enumerate(wrong):
        logits[image] *= 2 + place
    right = torch.from_numpy(said == labels)[None]
    answers.save(folder / ANSWERS, answers.Answers(logits.half(), right))


@pytest.mark.parametrize("folds", [0, 3])
def test_answers_meet_the_images_that_they_are_of(config, tiny_data, tmp_path, folds):
    config["folds"] = folds
    images, groups = open_search_images(tiny_data.folder)
    splits = search_splits(images.labels, groups, seed=3, folds=folds)
    rows = np.concatenate([split.val for split in splits])
    keep(tmp_path, images.labels[rows], [5, 11])
    there = judges(config)
    found = review(tmp_path, there)
    assert found.images == len(rows)
    assert found.accuracy == pytest.approx(1 - 2 / len(rows))
    assert [each.image for each in found.mistakes] == [str(rows[11]), str(rows[5])]
    for mistake in found.mistakes:
        truth = images.labels[int(mistake.image)]
        assert mistake.truth == tiny_data.info.classes[truth]


def test_thumbnails_are_the_images(config, tiny_data, tmp_path):
    there = judges(config)
    keep(tmp_path, there.images.labels[there.rows], [2])
    found = review(tmp_path, there)
    ((name, uri),) = thumbnails(there, found.mistakes).items()
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert (picture == there.images.pixels[int(name), ..., 0]).all()


def test_large_images_become_small(config):
    there = judges(config)
    large = np.zeros((1, 300, 200, 3), np.uint8)
    there = dataclasses.replace(
        there, images=dataclasses.replace(there.images, pixels=large)
    )
    mistake = type("Mistake", (), {"image": "0"})
    (uri,) = thumbnails(there, [mistake]).values()
    data = base64.b64decode(uri.partition(",")[2])
    assert Image.open(io.BytesIO(data)).size == (64, 96)


def test_what_is_not_there_is_none(config, tmp_path):
    there = judges(config)
    assert review(tmp_path, there) is None
    keep(tmp_path, np.zeros(7, np.int64), [])
    assert review(tmp_path, there) is None
    assert judges({**config, "fingerprint": "f" * 32}) is None
