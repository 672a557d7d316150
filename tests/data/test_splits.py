"""Splits are disjoint, cover everything, are stratified and never part twins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autocnn.data.splits import (
    Split,
    default_val_fraction,
    hold_out,
    k_fold,
    train_val_split,
)
from autocnn.errors import DataError

SEEDS = st.integers(0, 2**31)
FRACTIONS = st.floats(0.05, 0.5)


@st.composite
def sets_without_twins(draw):
    counts = draw(st.lists(st.integers(3, 40), min_size=2, max_size=6))
    labels = np.repeat(np.arange(len(counts)), counts)
    order = np.random.default_rng(draw(SEEDS)).permutation(len(labels))
    return labels[order], np.arange(len(labels))


@st.composite
def sets_with_twins(draw):
    labels = np.array(draw(st.lists(st.integers(0, 3), min_size=4, max_size=60)))
    numbers = st.integers(0, max(1, len(labels) // 2))
    groups = draw(st.lists(numbers, min_size=len(labels), max_size=len(labels)))
    return labels, np.array(groups)


def check_partition(split: Split, images: int) -> None:
    together = np.concatenate([split.train, split.val])
    assert np.array_equal(np.sort(together), np.arange(images))
    for part in (split.train, split.val):
        assert part.dtype == np.int64
        assert np.array_equal(part, np.sort(part))


def share_a_group(split: Split, groups: np.ndarray) -> bool:
    return bool(set(groups[split.train]) & set(groups[split.val]))


@given(sets_with_twins(), SEEDS, FRACTIONS)
def test_a_split_is_a_partition_and_twins_stay_together(data, seed, fraction):
    labels, groups = data
    for split in (
        train_val_split(labels, groups, seed=seed, val_fraction=fraction),
        hold_out(labels, groups, seed=seed, fraction=fraction),
    ):
        check_partition(split, len(labels))
        assert not share_a_group(split, groups)


@given(sets_without_twins(), SEEDS, FRACTIONS)
def test_each_class_gives_its_share_of_the_validation_images(data, seed, fraction):
    labels, groups = data
    split = train_val_split(labels, groups, seed=seed, val_fraction=fraction)
    taken = np.bincount(labels[split.val])
    expected = np.bincount(labels) * fraction
    assert np.all(np.abs(taken - expected) <= 1)
    assert np.all(taken >= 1)


@given(sets_without_twins(), SEEDS)
def test_after_the_test_set_every_class_can_still_be_split(data, seed):
    labels, groups = data
    outer = hold_out(labels, groups, seed=0, fraction=0.15)
    rest = labels[outer.train]
    inner = train_val_split(rest, groups[outer.train], seed=seed, val_fraction=0.2)
    classes = set(labels)
    assert set(labels[outer.val]) == classes
    assert set(rest[inner.val]) == classes
    assert set(rest[inner.train]) == classes


@given(sets_with_twins(), SEEDS, st.integers(2, 5))
def test_the_validation_parts_of_folds_cover_everything_once(data, seed, folds):
    labels, groups = data
    if len(set(groups)) < folds:
        return
    splits = k_fold(labels, groups, folds=folds, seed=seed)
    every_val = np.concatenate([split.val for split in splits])
    assert np.array_equal(np.sort(every_val), np.arange(len(labels)))
    for split in splits:
        check_partition(split, len(labels))
        assert not share_a_group(split, groups)
        assert len(split.val)


@given(sets_without_twins(), SEEDS, st.integers(2, 5))
def test_folds_are_stratified_within_one_image(data, seed, folds):
    labels, groups = data
    splits = k_fold(labels, groups, folds=folds, seed=seed)
    counts = [np.bincount(labels[s.val], minlength=labels.max() + 1) for s in splits]
    assert np.all(np.ptp(counts, axis=0) <= 1)
    assert np.ptp([len(split.val) for split in splits]) <= 1


def test_a_seed_always_gives_the_same_split():
    labels, groups = np.repeat([0, 1], 10), np.arange(20)
    split = train_val_split(labels, groups, seed=7, val_fraction=0.2)
    # Frozen: another split under an old seed would break comparisons with old trials.
    assert split.val.tolist() == [0, 8, 12, 14]


def test_another_seed_gives_another_split():
    labels, groups = np.repeat([0, 1], 50), np.arange(100)
    first = train_val_split(labels, groups, seed=0)
    second = train_val_split(labels, groups, seed=1)
    assert not np.array_equal(first.val, second.val)


def test_the_numbers_of_the_groups_do_not_matter():
    labels, groups = np.repeat([0, 1], 10), np.arange(20)
    first = train_val_split(labels, groups, seed=3)
    second = train_val_split(labels, 100 - groups, seed=3)
    assert np.array_equal(first.val, second.val)


def test_a_given_validation_split_is_kept():
    labels, groups = np.repeat([0, 1], 10), np.arange(20)
    split = train_val_split(labels, groups, seed=0, given_val=5)
    assert split.val.tolist() == [15, 16, 17, 18, 19]
    assert split.train.tolist() == list(range(15))


@pytest.mark.parametrize("folds", [0, 1, 5])
def test_folds_that_cannot_be_are_refused(folds):
    with pytest.raises(DataError, match="4 different images"):
        k_fold(np.array([0, 0, 1, 1]), np.arange(4), folds=folds, seed=0)


def test_small_sets_keep_a_larger_share_for_validation():
    assert default_val_fraction(19_999) == 0.2
    assert default_val_fraction(20_000) == 0.1
