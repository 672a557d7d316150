"""Bring a raw data set into its prepared form: pixels, labels, groups, info, audit."""

import hashlib
import json
import logging
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autocnn.data.audit import (
    LISTED,
    Audit,
    conflict_note,
    count,
    count_duplicates,
    count_leaked,
    describe_sizes,
    plural,
)
from autocnn.data.decoding import (
    Mapper,
    Progress,
    Shape,
    Survey,
    Wanted,
    choose_shape,
    create_pixels,
    decode_part,
    mapper,
    survey,
    trait_notes,
)
from autocnn.data.images import DataInfo, Labels, Pixels
from autocnn.data.raw import MOST_UNREADABLE, Files, Part, Raw, Source, listed
from autocnn.data.splits import hold_out
from autocnn.errors import DataError
from autocnn.processes import cores

SMALLEST_CLASS = 3  # different images: one each to train, validate and test
TEST_FRACTION = 0.15
TEST_SEED = 0  # fixed: a test image stays one under every --seed
ROWS = 1024  # images in memory at a time, however many there are
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Some of the decoded images of one split."""

    pixels: Pixels
    rows: Labels
    """Where the images lie in pixels."""
    labels: Labels
    digests: np.ndarray
    """Hashes of the images' pixels, 16 bytes each."""

    def take(self, indices: Labels) -> "_Rows":
        return _Rows(
            self.pixels, self.rows[indices], self.labels[indices], self.digests[indices]
        )

    def chunks(self) -> Iterator[Pixels]:
        for start in range(0, len(self.rows), ROWS):
            yield self.pixels[self.rows[start : start + ROWS]]


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    """All splits after decoding, and what the decoding met."""

    shape: Shape
    splits: dict[str, _Rows]
    surveys: list[Survey]
    unreadable: list[str]


def build(
    source: Source, raw: Raw, wanted: Wanted, folder: Path, progress: Progress
) -> tuple[DataInfo, Audit]:
    """Decode a raw data set and write its prepared form into an empty folder.

    Raises:
        DataError: too many images are unreadable, or a class has too few.
    """
    needed = SMALLEST_CLASS if raw.val is None or raw.test is None else 1
    _refuse_small(source, raw, raw.train.labels, needed)
    workplace = folder / "decoded"
    try:
        decoded = _decode(raw, wanted, workplace, progress, cores())
    except BrokenProcessPool:
        logger.warning("a decoding process died: decoding again in this process")
        decoded = _decode(raw, wanted, workplace, progress, cores=1)
    _refuse_unreadable(source, raw, decoded.unreadable)
    train = decoded.splits["train"]
    first_of_each = np.unique(train.digests, return_index=True)[1]
    _refuse_small(source, raw, train.labels[first_of_each], needed)
    result = _write(source, raw, decoded, folder)
    shutil.rmtree(workplace)
    return result


def _refuse_small(source: Source, raw: Raw, labels: Labels, needed: int) -> None:
    counts = count(labels, raw.classes)
    if len(counts) < 2:
        raise DataError(
            f"{source.source} has only {plural(len(counts), 'class')}",
            hint="give images of at least two classes",
        )
    if small := [name for name, images in counts.items() if images < needed]:
        raise DataError(
            f"{source.source} has fewer than {plural(needed, 'different image')}"
            f" of {listed(small)}",
            hint="add images, or remove the class",
        )


def _refuse_unreadable(source: Source, raw: Raw, unreadable: list[str]) -> None:
    files = sum(len(part.labels) for part in _parts(raw).values())
    if len(unreadable) > MOST_UNREADABLE * files:
        raise DataError(
            f"{len(unreadable):,} of {plural(files, 'file')} of {source.source} cannot"
            " be read: " + "; ".join(unreadable[:5]),
            hint="mend or remove them",
        )


def _parts(raw: Raw) -> dict[str, Part]:
    parts = {"train": raw.train, "val": raw.val, "test": raw.test}
    return {split: part for split, part in parts.items() if part is not None}


def _decode(
    raw: Raw, wanted: Wanted, folder: Path, progress: Progress, cores: int
) -> _Decoded:
    """Decode all splits, in the shape a sample suggests or else in the right one."""
    parts = _parts(raw)
    files = sum(len(p.labels) for p in parts.values() if isinstance(p, Files))
    folder.mkdir(exist_ok=True)
    shape = choose_shape([survey(part) for part in parts.values()], wanted)
    with mapper(files, cores) as run:
        decoded = _decode_as(shape, parts, folder, progress, run)
        right = choose_shape(decoded.surveys, wanted)
        if right != shape:
            decoded = _decode_as(right, parts, folder, progress, run)
    return decoded


def _decode_as(
    shape: Shape, parts: dict[str, Part], folder: Path, progress: Progress, run: Mapper
) -> _Decoded:
    total = sum(len(part.labels) for part in parts.values())
    done = 0
    splits: dict[str, _Rows] = {}
    surveys: list[Survey] = []
    unreadable: list[str] = []
    for split, part in parts.items():
        target = folder / f"{split}-{shape.height}x{shape.width}x{shape.channels}.npy"
        failed: list[int] = []
        for chunk in decode_part(part, shape, target, run):
            surveys.append(chunk.survey)
            unreadable += chunk.failures.values()
            failed += chunk.failures
            done += chunk.images
            progress("decoding", done, total)
        splits[split] = _readable(target, part.labels, failed)
    return _Decoded(shape, splits, surveys, unreadable)


def _readable(path: Path, labels: Labels, failed: list[int]) -> _Rows:
    """Hash the pixels of the images that could be decoded."""
    pixels = np.load(path, mmap_mode="r")
    rows = np.setdiff1d(np.arange(len(labels), dtype=np.int64), failed)
    digests = np.empty(len(rows), dtype="S16")
    for start in range(0, len(rows), ROWS):
        chunk = pixels[rows[start : start + ROWS]]
        digests[start : start + ROWS] = digests_of(chunk)
    return _Rows(pixels, rows, labels[rows], digests)


def digests_of(pixels: Pixels) -> list[bytes]:
    """Hash each image (N, H, W, C): only identical ones share a digest."""
    return [hashlib.blake2b(image, digest_size=16).digest() for image in pixels]


def number_groups(digests: np.ndarray) -> Labels:
    """Number images by their pixels, in order of first appearance, from 0."""
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.reshape(-1)]


def _write(
    source: Source, raw: Raw, decoded: _Decoded, folder: Path
) -> tuple[DataInfo, Audit]:
    train, val = decoded.splits["train"], decoded.splits.get("val")
    test = decoded.splits.get("test")
    if test is None:
        cut = hold_out(
            train.labels,
            number_groups(train.digests),
            seed=TEST_SEED,
            fraction=TEST_FRACTION,
        )
        train, test = train.take(cut.train), train.take(cut.val)
    search = [train, val] if val else [train]
    groups = number_groups(np.concatenate([part.digests for part in search]))
    np.save(folder / "search-groups.npy", groups)
    histogram = _write_images(folder, "search", search, decoded.shape)
    _write_images(folder, "test", [test], decoded.shape)
    mean, std = _moments(histogram)
    info = DataInfo(
        name=source.name,
        source=source.source,
        fingerprint=_fingerprint(raw, decoded.shape, [train, val, test]),
        classes=raw.classes,
        height=decoded.shape.height,
        width=decoded.shape.width,
        channels=decoded.shape.channels,
        search_images=len(groups),
        test_images=len(test.rows),
        mean=mean,
        std=std,
        given_val=len(val.rows) if val else 0,
        given_test=raw.test is not None,
    )
    return info, _audit(raw, decoded, search, test)


def _write_images(
    folder: Path, split: str, parts: Sequence[_Rows], shape: Shape
) -> np.ndarray:
    """Write the pixels and labels of a split; return its histogram (C, 256)."""
    labels = np.concatenate([part.labels for part in parts])
    np.save(folder / f"{split}-labels.npy", labels)
    pixels = create_pixels(folder / f"{split}-pixels.npy", len(labels), shape)
    histogram = np.zeros((shape.channels, 256), dtype=np.int64)
    start = 0
    for part in parts:
        for chunk in part.chunks():
            pixels[start : start + len(chunk)] = chunk
            start += len(chunk)
            for channel in range(shape.channels):
                values = chunk[..., channel].ravel()
                histogram[channel] += np.bincount(values, minlength=256)
    return histogram


def _moments(histogram: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel, 0 to 1, of a histogram (C, 256)."""
    values = np.arange(256) / 255
    share = histogram / histogram.sum(axis=1, keepdims=True)
    mean = share @ values
    variance = (share * (values - mean[:, None]) ** 2).sum(axis=1)
    std = np.maximum(np.sqrt(variance), 1 / 255)
    return tuple(mean.tolist()), tuple(std.tolist())


def _fingerprint(raw: Raw, shape: Shape, splits: Sequence[_Rows | None]) -> str:
    settings = [raw.classes, shape.height, shape.width, shape.channels]
    whole = hashlib.blake2b(json.dumps(settings).encode(), digest_size=16)
    for part in splits:
        whole.update(b"|")
        if part:
            whole.update(len(part.labels).to_bytes(8, "big"))
            whole.update(part.digests.tobytes() + part.labels.tobytes())
    return whole.hexdigest()


def _audit(raw: Raw, decoded: _Decoded, search: Sequence[_Rows], test: _Rows) -> Audit:
    parts = [*search, test]
    groups = number_groups(np.concatenate([part.digests for part in parts]))
    labels = np.concatenate([part.labels for part in parts])
    split_of = np.repeat(np.arange(len(parts)), [len(part.rows) for part in parts])
    in_test = split_of == len(search)
    val_leaks = count_leaked(groups[~in_test], split_of[~in_test] == 1)
    counts = {"search": count(labels[~in_test], raw.classes)}
    if len(search) > 1:
        counts["val"] = count(search[1].labels, raw.classes)
    counts["test"] = count(test.labels, raw.classes)
    sizes = np.concatenate([survey.sizes for survey in decoded.surveys])
    traits = sum((survey.traits for survey in decoded.surveys), Counter[str]())
    return Audit(
        counts=counts,
        sizes=describe_sizes(sizes),
        unreadable=tuple(decoded.unreadable[:LISTED]),
        unreadable_count=len(decoded.unreadable),
        duplicates=count_duplicates(groups[~in_test]),
        leaked=count_leaked(groups, in_test) + val_leaks,
        notes=(
            *raw.notes,
            *trait_notes(traits),
            *conflict_note(groups, labels),
        ),
    )
