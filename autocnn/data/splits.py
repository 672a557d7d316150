"""Seeded, stratified splits that keep identical images on the same side."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from autocnn.data.images import Labels
from autocnn.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Two disjoint parts of a set of images."""

    train: Labels
    """Sorted indices."""
    val: Labels
    """Sorted indices."""


def default_val_fraction(images: int) -> float:
    """Choose the validation share: small sets need more of it to tell trials apart."""
    return 0.1 if images >= 20_000 else 0.2


def train_val_split(
    labels: Labels,
    groups: Labels,
    *,
    seed: int,
    val_fraction: float = 0.1,
    given_val: int = 0,
) -> Split:
    """Split the search images; the data's own validation split is kept as it is.

    With given_val, the last given_val images are the validation images, and copies
    of them among the training images stay there (the audit counts them).
    """
    if given_val:
        everything = np.arange(len(labels), dtype=np.int64)
        return Split(everything[:-given_val], everything[-given_val:])
    return _cut(labels, groups, seed=seed, fraction=val_fraction, leave=1)


def hold_out(labels: Labels, groups: Labels, *, seed: int, fraction: float) -> Split:
    """Cut a test set (`val`) off data that came without one.

    What is left of a class can be split once more: it keeps two different images.
    """
    return _cut(labels, groups, seed=seed, fraction=fraction, leave=2)


def k_fold(labels: Labels, groups: Labels, *, folds: int, seed: int) -> list[Split]:
    """Split in `folds` ways; the validation parts are disjoint and cover everything.

    Raises:
        DataError: there are fewer different images than folds.
    """
    if folds < 2 or folds > len(np.unique(groups)):
        raise DataError(
            f"{len(np.unique(groups))} different images cannot make {folds} folds",
            hint="choose from 2 folds up to the number of images",
        )
    member = _groups(groups)
    fold_of_group = np.zeros(len(member.sizes), dtype=np.int64)
    totals = [0] * folds
    for of_class in _shuffled(labels, member, seed):
        counts = [0] * folds
        # Large groups first: the small ones then even the folds out.
        largest_first = np.argsort(-member.sizes[of_class], kind="stable")
        for group in of_class[largest_first].tolist():
            fold = min(range(folds), key=lambda f: (counts[f], totals[f], f))
            fold_of_group[group] = fold
            counts[fold] += int(member.sizes[group])
            totals[fold] += int(member.sizes[group])
    fold_of_image = fold_of_group[member.of_image]
    return [_split(fold_of_image == fold) for fold in range(folds)]


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    of_image: Labels
    first: Labels
    sizes: Labels


def _groups(groups: Labels) -> _Groups:
    _, first, of_image, sizes = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )
    return _Groups(of_image.reshape(-1), first, sizes)


def _shuffled(labels: Labels, member: _Groups, seed: int) -> Iterator[Labels]:
    """Yield each class's groups in random order; a group has its first image's class.

    Starting from the order of first appearance, not of group numbers, makes the
    split independent of how groups are numbered.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    by_appearance = np.argsort(member.first, kind="stable")
    class_of_group = labels[member.first[by_appearance]]
    for label in np.unique(class_of_group):
        of_class = by_appearance[class_of_group == label]
        yield of_class[random.permutation(len(of_class))]


def _cut(
    labels: Labels, groups: Labels, *, seed: int, fraction: float, leave: int
) -> Split:
    """Cut `fraction` of each class off, leaving at least `leave` groups behind."""
    member = _groups(groups)
    taken = np.zeros(len(member.sizes), dtype=bool)
    for of_class in _shuffled(labels, member, seed):
        sizes = member.sizes[of_class]
        most = max(len(of_class) - leave, min(len(of_class) - 1, 1))
        target = max(1, int(sizes.sum() * fraction + 0.5))
        chosen = _fill(sizes.tolist(), target, most)
        taken[of_class[chosen]] = True
    return _split(taken[member.of_image])


def _fill(sizes: list[int], target: int, most: int) -> list[int]:
    """Take groups in order while they fit the target; if none fits, the smallest."""
    chosen: list[int] = []
    room = target
    for position, size in enumerate(sizes):
        if len(chosen) == most or not room:
            break
        if size <= room:
            chosen.append(position)
            room -= size
    if not chosen and most:
        chosen = [min(range(len(sizes)), key=sizes.__getitem__)]
    return chosen


def _split(in_val: np.ndarray) -> Split:
    return Split(np.flatnonzero(~in_val), np.flatnonzero(in_val))


def search_splits(
    labels: Labels, groups: Labels, *, seed: int, folds: int = 0, given_val: int = 0
) -> list[Split]:
    """Cut the search images as a study does: one train/val split, or its folds."""
    if folds:
        return k_fold(labels, groups, folds=folds, seed=seed)
    fraction = default_val_fraction(len(labels))
    return [
        train_val_split(
            labels, groups, seed=seed, val_fraction=fraction, given_val=given_val
        )
    ]
