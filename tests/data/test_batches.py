"""Batches: normalized, augmented, each image once, in an order the seed decides."""

import dataclasses

import numpy as np
import pytest
import torch

from autocnn.choices import Choice
from autocnn.data.batches import batches_of, check_augmentation
from autocnn.data.cache import open_info
from autocnn.data.images import Images
from autocnn.errors import RequestError

CPU = torch.device("cpu")
FLIP_AND_SHIFT = (Choice("flip"), Choice("shift", (0.25,)))


@pytest.fixture
def batches(tiny_data):
    """Ten images of 4x4 in two colors whose pixels are their number."""
    numbers = np.arange(10, dtype=np.uint8)
    pixels = np.broadcast_to(numbers[:, None, None, None], (10, 4, 4, 2)).copy()
    info = dataclasses.replace(
        open_info(tiny_data.folder), mean=(0.0, 0.5), std=(1 / 255, 2 / 255)
    )
    images = Images(pixels, np.arange(10, dtype=np.int64))
    return batches_of(images, np.array([1, 3, 5, 7, 9]), info, CPU)


def test_images_come_in_order_normalized_by_channel(batches):
    ((images, labels),) = batches.in_order()
    assert labels.tolist() == [1, 3, 5, 7, 9]
    assert images.shape == (5, 2, 4, 4)
    assert torch.allclose(images[:, 0, 0, 0], labels.float(), atol=1e-3)
    assert torch.allclose(images[:, 1, 0, 0], (labels - 127.5) / 2, atol=1e-3)


def test_images_lie_as_convolutions_like_them(batches):
    for images, _ in (*batches.in_order(), *batches.shuffled(2, (), seed=0)):
        assert images.is_contiguous(memory_format=torch.channels_last)


def test_the_search_images_have_mean_0_and_deviation_1(tiny_batches):
    pixels = torch.cat(
        [images for each in tiny_batches for images, _ in each.in_order()]
    )
    assert pixels.mean().item() == pytest.approx(0, abs=0.01)
    assert pixels.std().item() == pytest.approx(1, abs=0.01)


def test_an_epoch_shows_no_image_twice_and_all_steps_are_alike(batches):
    seen = [labels for _, labels in batches.shuffled(2, (), seed=0)]
    assert [len(labels) for labels in seen] == [2, 2]
    assert len(set(torch.cat(seen).tolist())) == 4


def test_labels_follow_their_images(batches):
    for images, labels in batches.shuffled(2, FLIP_AND_SHIFT, seed=3):
        assert torch.allclose(images[:, 0], labels.float()[:, None, None], atol=1e-3)


def test_every_image_is_shown_in_time(batches):
    seen = {
        label
        for seed in range(20)
        for _, labels in batches.shuffled(2, (), seed)
        for label in labels.tolist()
    }
    assert seen == {1, 3, 5, 7, 9}


def test_a_batch_larger_than_the_set_is_the_set(batches):
    ((_, labels),) = batches.shuffled(512, (), seed=0)
    assert sorted(labels.tolist()) == [1, 3, 5, 7, 9]


@pytest.mark.parametrize(
    "augmentation", [(), FLIP_AND_SHIFT, (*FLIP_AND_SHIFT, Choice("cutout"))]
)
def test_a_seed_gives_the_same_batches_and_another_seed_others(
    tiny_batches, augmentation
):
    train, _ = tiny_batches

    def shown(seed: int) -> torch.Tensor:
        return torch.cat([x for x, _ in train.shuffled(32, augmentation, seed)])

    first = shown(5)
    torch.manual_seed(99)
    assert torch.equal(shown(5), first)
    assert not torch.equal(shown(6), first)


def test_augmentation_changes_images_but_not_their_order(tiny_batches):
    train, _ = tiny_batches
    plain = list(train.shuffled(32, (), seed=0))
    varied = list(train.shuffled(32, FLIP_AND_SHIFT, seed=0))
    assert not torch.equal(plain[0][0], varied[0][0])
    assert torch.equal(plain[0][1], varied[0][1])


def test_moves_and_changes_may_come_in_any_order(tiny_batches):
    train, _ = tiny_batches
    orders = (("jitter", "flip"), ("flip", "jitter"))
    first, second = (
        next(train.shuffled(32, tuple(map(Choice, order)), seed=0))[0]
        for order in orders
    )
    assert torch.equal(first, second)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("filp", "no augmentation called 'filp'"),
        ("flip 0.5 2", "too many positional arguments"),
        ("shift far=0.1", "unexpected keyword argument 'far'"),
        ("cutout 0.1 0.2", "too many positional arguments"),
    ],
)
def test_unknown_augmentations_and_arguments_are_refused(line, problem):
    with pytest.raises(RequestError, match=problem) as caught:
        check_augmentation([Choice.parse(line)])
    assert caught.value.hint


def test_known_augmentations_pass():
    lines = (
        "flip",
        "flip 0.3",
        "shift 0.1",
        "rotate degrees=5",
        "cutout",
        "jitter 0.1",
    )
    check_augmentation([Choice.parse(line) for line in lines])
