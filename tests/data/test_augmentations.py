"""The contract of every line of AUGMENTATIONS, and what the single ones do."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from autocnn.data.augmentations import (
    AUGMENTATIONS,
    cutout,
    flip,
    jitter,
    rotate,
    shift,
)

SIZES = st.tuples(st.integers(1, 5), st.integers(1, 12), st.integers(1, 12))
every_augmentation = pytest.mark.parametrize("name", AUGMENTATIONS)


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def places(count: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows and columns before anything moves, shared by all images as in a batch."""
    rows = torch.arange(height).expand(count, height)
    return rows, torch.arange(width).expand(count, width)


def apply(name: str, images: torch.Tensor, generator: Generator) -> torch.Tensor:
    """Augment images, by either of the two ways."""
    row = AUGMENTATIONS[name]
    if row.change:
        return row.change(images, generator)
    rows, columns = row.move(*places(len(images), *images.shape[2:]), generator)
    number = torch.arange(len(images))[:, None, None]
    return images.permute(0, 2, 3, 1)[
        number, rows[:, :, None], columns[:, None]
    ].permute(0, 3, 1, 2)


@every_augmentation
def test_an_augmentation_moves_or_changes_but_not_both(name):
    row = AUGMENTATIONS[name]
    assert (row.move is None) != (row.change is None)
    assert row.function in (row.move, row.change)


@every_augmentation
@settings(max_examples=25)
@given(size=SIZES, channels=st.sampled_from([1, 3]), seed=st.integers(0, 2**31))
def test_an_augmentation_keeps_shape_and_kind_for_every_size(
    name, size, channels, seed
):
    count, height, width = size
    images = torch.randn(count, channels, height, width)
    output = apply(name, images, seeded(seed))
    assert output.shape == images.shape
    assert output.dtype == images.dtype
    assert torch.isfinite(output).all()


@every_augmentation
def test_an_augmentation_follows_from_the_generator_alone(name):
    images = torch.randn(16, 3, 8, 8)
    first = apply(name, images, seeded(1))
    torch.manual_seed(99)
    assert torch.equal(apply(name, images, seeded(1)), first)
    assert not torch.equal(apply(name, images, seeded(2)), first)


@every_augmentation
def test_an_augmentation_leaves_its_input_alone(name):
    images = torch.randn(16, 3, 8, 8)
    before = images.clone()
    apply(name, images, seeded())
    assert torch.equal(images, before)


@every_augmentation
def test_an_augmentation_treats_images_differently(name):
    one = torch.randn(1, 3, 8, 8)
    output = apply(name, one.expand(32, 3, 8, 8), seeded())
    assert not torch.equal(output, output[:1].expand_as(output))


def test_a_certain_flip_mirrors_every_image_and_twice_is_nothing():
    rows, columns = places(3, 2, 4)
    rows, once = flip(rows, columns, seeded(), chance=1.0)
    _, twice = flip(rows, once, seeded(), chance=1.0)
    assert once.tolist() == [[3, 2, 1, 0]] * 3
    assert torch.equal(twice, columns)


def test_a_flip_mirrors_about_half_of_the_images():
    _, columns = flip(*places(1000, 2, 4), seeded())
    assert 400 < (columns[:, 0] == 3).sum() < 600


def test_a_shift_goes_both_ways_up_to_its_fraction():
    rows, columns = shift(*places(500, 10, 20), seeded(), fraction=0.1)
    assert set((rows[:, 5] - 5).tolist()) == {-1, 0, 1}
    assert set((columns[:, 9] - 9).tolist()) == {-2, -1, 0, 1, 2}


def test_edge_pixels_fill_what_a_shift_leaves_open():
    _, columns = shift(*places(500, 10, 4), seeded(), fraction=0.5)
    moved = {tuple(row) for row in columns.tolist()}
    assert (0, 0, 0, 1) in moved
    assert (2, 3, 3, 3) in moved


def test_no_shift_is_no_shift():
    rows, columns = shift(*places(5, 4, 4), seeded(), fraction=0.0)
    assert torch.equal(rows, places(5, 4, 4)[0])
    assert torch.equal(columns, places(5, 4, 4)[1])


def test_no_turn_is_no_turn():
    images = torch.randn(4, 3, 8, 8)
    output = rotate(images, seeded(), degrees=0.0)
    assert torch.allclose(output, images, atol=1e-5)


def test_a_turn_keeps_the_middle_and_moves_the_corners():
    images = torch.zeros(32, 1, 9, 9)
    images[:, :, 4, 4] = images[:, :, 0, 0] = 1.0
    output = rotate(images, seeded(), degrees=45.0)
    assert torch.allclose(output[:, 0, 4, 4], torch.ones(32), atol=1e-5)
    assert output[:, 0, 0, 0].mean() < 0.5


def test_a_cutout_blanks_one_square_of_its_size_or_less_at_the_edge():
    output = cutout(torch.ones(200, 1, 8, 8), seeded(), fraction=0.5)
    blank = (output == 0).sum((1, 2, 3))
    assert blank.max() == 16
    assert blank.min() >= 4


def test_jitter_stays_within_its_strength():
    output = jitter(torch.ones(500, 1, 1, 1), seeded(), strength=0.2)
    assert 0.6 <= output.min() < 0.7
    assert 1.3 < output.max() <= 1.4
