"""Files are decoded in order and in small batches, whoever does it."""

from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import numpy as np
import pytest

from autocnn.data import decoding, streaming
from autocnn.data.decode import decode
from autocnn.data.decoding import Shape
from autocnn.data.streaming import decode_files

SHAPE = Shape(12, 12, 3)


@pytest.fixture
def paths(tmp_path, save_noise, monkeypatch):
    """Ten files, of which the fourth and the last are no images; three a batch."""
    monkeypatch.setattr(streaming, "BATCH", 3)
    paths = [str(save_noise(tmp_path / f"{n}.png", n)) for n in range(10)]
    (tmp_path / "3.png").write_text("no image")
    (tmp_path / "9.png").unlink()
    return paths


@pytest.fixture
def whole(paths):
    """What decoding them one by one gives."""
    readable = [path for n, path in enumerate(paths) if n not in {3, 9}]
    return np.stack([decode(path, 12, 12, 3) for path in readable])


def check(batches, paths, whole):
    assert [path for batch in batches for path in batch.paths] == paths
    assert (np.concatenate([batch.pixels for batch in batches]) == whole).all()
    failures = {
        batch.paths[row]: problem
        for batch in batches
        for row, problem in batch.failures.items()
    }
    assert list(failures) == [paths[3], paths[9]]
    assert "not an image" in failures[paths[3]]
    assert "no such file" in failures[paths[9]]


def test_what_cannot_be_read_is_told_and_the_rest_is_in_order(paths, whole):
    batches = list(decode_files(paths, SHAPE))
    assert [len(batch.paths) for batch in batches] == [3, 3, 3, 1]
    assert batches[1].readable == [1, 2]
    check(batches, paths, whole)


def test_processes_give_the_same(paths, whole, monkeypatch):
    monkeypatch.setattr(decoding, "FILES_FOR_A_POOL", 5)
    monkeypatch.setattr(streaming, "cores", lambda: 3)
    check(list(decode_files(paths, SHAPE)), paths, whole)


def test_what_a_process_that_died_has_not_decoded_is_decoded_here(
    paths, whole, monkeypatch, caplog
):
    @contextmanager
    def dying(_files, _cores):
        def run(function, jobs):
            yield function(jobs[0])
            raise BrokenProcessPool

        yield run

    monkeypatch.setattr(streaming, "mapper", dying)
    check(list(decode_files(paths, SHAPE)), paths, whole)
    assert "a decoding process died" in caplog.text


@pytest.fixture
def asked(monkeypatch):
    """What was asked of the mapper: files and cores, of four."""
    asked = []

    @contextmanager
    def asking(files, cores):
        asked.append((files, cores))
        yield map

    monkeypatch.setattr(streaming, "mapper", asking)
    monkeypatch.setattr(streaming, "cores", lambda: 4)
    return asked


def test_large_files_come_a_few_at_a_time_and_have_all_cores(
    paths, whole, asked, monkeypatch
):
    monkeypatch.setattr(streaming, "BATCH", 256)
    monkeypatch.setattr(streaming, "BYTES", 1)
    monkeypatch.setattr(streaming, "FILES_FOR_A_POOL", 50)
    batches = list(decode_files(paths, SHAPE))
    assert 1 < len(batches) < 10
    check(batches, paths, whole)
    assert asked == [(51, 4)]


def test_beside_small_files_a_core_is_left(paths, whole, asked):
    check(list(decode_files(paths, SHAPE)), paths, whole)
    assert asked == [(10, 3)]


def test_only_so_much_is_decoded_before_it_is_taken(paths, monkeypatch):
    monkeypatch.setattr(streaming, "BATCH", 1)
    monkeypatch.setattr(streaming, "AHEAD", 2)
    begun = []

    @contextmanager
    def eager(_files, _cores):
        def run(function, jobs):
            begun.extend(jobs)
            return iter([function(job) for job in jobs])

        yield run

    monkeypatch.setattr(streaming, "mapper", eager)
    batches = decode_files(paths, SHAPE)
    next(batches)
    assert len(begun) == 4
    assert len(list(batches)) == 9
    assert len(begun) == 10
