"""The cache: built once, found again, never half, mended when damaged."""

import errno
import json
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import platformdirs
import psutil
import pytest
import torch

from autocnn.data import build, cache, decoding
from autocnn.data.audit import Audit
from autocnn.data.batches import batches_of
from autocnn.data.cache import (
    default_cache_dir,
    open_info,
    open_search_images,
    open_test_images,
    prepare,
)
from autocnn.data.images import DataInfo
from autocnn.errors import DataError, RequestError

COUNTS = {"a": 5, "b": 5}


@pytest.fixture
def no_build(monkeypatch):
    """Make any further build fail the test."""

    def forbid():
        def refuse(*args):
            pytest.fail("built again")

        monkeypatch.setattr(cache, "build", refuse)

    return forbid


def test_the_second_call_finds_what_the_first_built(make_folder, prepared, no_build):
    folder = make_folder(COUNTS)
    first = prepared(folder)
    no_build()
    assert prepared(folder) == first


def test_the_pixels_are_mapped_and_nothing_writes_to_them(prepared):
    folder = prepared("digits").folder
    images, groups = open_search_images(folder)
    assert isinstance(images.pixels, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        images.pixels[:] = 1
    assert images.labels.dtype == groups.dtype == np.int64
    assert len(images) == len(groups)


def test_a_cache_larger_than_the_memory_is_opened_and_batches_come_of_it(tmp_path):
    memory = psutil.virtual_memory().total + psutil.swap_memory().total
    count = 2 * memory // (1024 * 1024 * 3)
    with (tmp_path / "search-pixels.npy").open("wb") as file:
        header = {"shape": (count, 1024, 1024, 3), "fortran_order": False}
        np.lib.format.write_array_header_1_0(file, {**header, "descr": "|u1"})
        file.truncate(file.tell() + count * 1024 * 1024 * 3)  # holes: they take no room
    for name in ("labels", "groups"):
        np.save(tmp_path / f"search-{name}.npy", np.zeros(count, dtype=np.int64))
    images, _ = open_search_images(tmp_path)
    info = SimpleNamespace(mean=(0.5,) * 3, std=(0.5,) * 3)
    some = np.array([0, count - 1])
    ((found, _),) = batches_of(images, some, info, torch.device("cpu")).in_order()
    assert found.shape == (2, 3, 1024, 1024)
    assert (found == -1).all()


def test_taken_images_are_copies(prepared):
    images = open_test_images(prepared("digits").folder)
    some = images.take(np.array([2, 0]))
    assert np.array_equal(some.pixels[1], images.pixels[0])
    assert not np.shares_memory(some.pixels, images.pixels)


def test_info_and_audit_survive_json(prepared):
    result = prepared("digits")
    assert open_info(result.folder) == result.info
    for value, kind in ((result.info, DataInfo), (result.audit, Audit)):
        assert kind.from_dict(json.loads(json.dumps(value.to_dict()))) == value
    written = json.loads((result.folder / "audit.json").read_text())
    assert Audit.from_dict(written) == result.audit


def test_a_changed_image_is_seen(make_folder, prepared):
    folder = make_folder(COUNTS)
    first = prepared(folder)
    shutil.copy(folder / "b" / "0.png", folder / "b" / "more.png")
    assert prepared(folder).folder != first.folder


def test_other_settings_give_other_data(make_folder, prepared):
    folder = make_folder(COUNTS)
    fingerprints = {
        prepared(folder, **settings).info.fingerprint
        for settings in ({}, {"image_size": 8}, {"channels": 1})
    }
    assert len(fingerprints) == 3


def test_files_that_only_look_new_give_the_same_data(make_folder, prepared):
    folder = make_folder(COUNTS)
    first = prepared(folder)
    os.utime(folder / "a" / "0.png", (1, 1))
    assert prepared(folder) == first


def test_equal_data_elsewhere_share_the_cache_and_keep_their_source(
    make_folder, prepared, tmp_path
):
    first = prepared(make_folder(COUNTS))
    other = tmp_path / "copy" / "pets"
    shutil.copytree(first.info.source, other)
    second = prepared(other)
    assert second.folder == first.folder
    assert second.info.source == str(other)
    assert prepared(first.info.source).info.source == first.info.source


@pytest.mark.parametrize("file", ["search-pixels.npy", "test-labels.npy", "info.json"])
@pytest.mark.parametrize("damage", ["remove", "cut", "empty"])
def test_a_damaged_cache_is_built_again(make_folder, prepared, file, damage):
    folder = make_folder(COUNTS)
    first = prepared(folder)
    path = first.folder / file
    whole = path.read_bytes()
    path.unlink()
    if damage != "remove":
        path.write_bytes(whole[:-1] if damage == "cut" else b"")
    if (file, damage) == ("info.json", "cut"):
        path.write_bytes(whole[:-9])
    assert prepared(folder) == first
    assert path.read_bytes() == whole


def test_a_damaged_index_is_written_again(make_folder, prepared, tmp_path):
    folder = make_folder(COUNTS)
    first = prepared(folder)
    for index in (tmp_path / "cache" / "index").glob("*.json"):
        index.write_text("{")
    assert prepared(folder) == first


def test_what_the_default_came_to_is_not_decoded_again(
    make_folder, prepared, monkeypatch
):
    folder = make_folder(COUNTS)
    first = prepared(folder)
    monkeypatch.setattr("autocnn.data.cache._make", None)
    size, channels = first.info.height, first.info.channels
    assert prepared(folder, image_size=size, channels=channels) == first


def test_a_failed_build_leaves_nothing(make_folder, prepared, tmp_path):
    folder = make_folder({"a": 5, "b": 2})
    with pytest.raises(DataError):
        prepared(folder)
    assert list((tmp_path / "cache" / "data").iterdir()) == []


@pytest.mark.parametrize(("days", "stays"), [(1, True), (8, False)])
def test_leftovers_of_crashed_builds_stay_a_week(
    make_folder, prepared, tmp_path, days, stays
):
    leftover = tmp_path / "cache" / "data" / ".building-0123"
    leftover.mkdir(parents=True)
    then = time.time() - days * 24 * 3600
    os.utime(leftover, (then, then))
    prepared(make_folder(COUNTS))
    assert leftover.exists() == stays


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("reason", "seen"), [(KeyboardInterrupt(), KeyboardInterrupt), (FULL, DataError)]
)
def test_a_build_that_was_broken_off_goes_on(
    make_folder, prepared, monkeypatch, tmp_path, reason, seen
):
    folder = make_folder(COUNTS)
    whole = prepared(folder)
    shutil.rmtree(tmp_path / "cache")
    real = build._write

    def interrupt(*given):
        raise reason

    monkeypatch.setattr(build, "_write", interrupt)
    with pytest.raises(seen):
        prepared(folder)
    monkeypatch.setattr(build, "_write", real)
    monkeypatch.setattr(decoding, "_decode_chunk", None)  # all is decoded already
    assert prepared(folder).info == whole.info
    assert not list((tmp_path / "cache" / "data").glob(".building-*"))


def test_two_searches_at_once_build_once(make_folder, prepared, monkeypatch):
    folder = make_folder(COUNTS)
    builds = []
    real = cache.build

    def counted(*args):
        builds.append(args)
        return real(*args)

    monkeypatch.setattr(cache, "build", counted)
    threads = [threading.Thread(target=prepared, args=(folder,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1


def test_who_waits_for_another_build_says_so(make_folder, prepared, monkeypatch):
    folder = make_folder(COUNTS)
    real, said, waits = cache.build, [], threading.Event()

    def slow(*given):
        assert waits.wait(60)
        return real(*given)

    def tell(what, _done, total):
        if not total:
            said.append(what)
            waits.set()

    monkeypatch.setattr(cache, "build", slow)
    both = [partial(prepared, folder, progress=tell) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda call: call(), both)
    assert said == ["another process is building this cache; waiting"]
    assert first == second


def test_a_fetched_data_set_is_found_again(tmp_path, prepared, monkeypatch, no_build):
    class Fetched:
        def __init__(self, folder, *, train, download):
            files = Path(folder) / "cifar-10-batches-py"
            if not download and not files.exists():
                raise RuntimeError("Dataset not found.")
            files.mkdir(exist_ok=True)
            (files / "batch").write_bytes(b"x")
            shape = (8, 32, 32, 3)
            self.data = np.random.default_rng(train).integers(0, 256, shape, np.uint8)
            self.targets = [0, 1] * 4
            self.classes = ["a", "b"]

    monkeypatch.setattr("torchvision.datasets.CIFAR10", Fetched)
    first = prepared("cifar10")
    no_build()
    assert prepared("cifar10") == first


def test_a_cache_that_cannot_be_written_is_a_data_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot prepare digits in") as caught:
        prepare("digits", cache_dir=tmp_path / "file" / "cache")
    assert "AUTOCNN_CACHE" in caught.value.hint


@pytest.mark.parametrize("settings", [{"image_size": 2}, {"channels": 2}])
def test_impossible_images_are_refused(prepared, settings):
    with pytest.raises(RequestError, match="images cannot"):
        prepared("digits", **settings)


def test_the_cache_lies_where_the_platform_or_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path))
    assert default_cache_dir() == tmp_path
    monkeypatch.delenv("AUTOCNN_CACHE")
    assert default_cache_dir() == Path(platformdirs.user_cache_dir("autocnn"))


def test_folder_names_are_safe(make_folder, prepared):
    folder = make_folder(COUNTS, name="my pets é $(x)")
    assert prepared(folder).folder.name.startswith("my_pets_é___x_-")
