"""Decoding goes on where it was broken off, and gives the same pixels either way."""

import subprocess
import sys

import numpy as np
import psutil
import pytest
from PIL import Image
from servers import runs

from autocnn.data import decode, decoding
from autocnn.data.decoding import Chunk, Journal, Shape, decode_part
from autocnn.data.raw import Files

SHAPE = Shape(12, 12, 3)


@pytest.fixture
def part(tmp_path, save_noise, monkeypatch):
    """Ten files, of which the seventh is no image, in chunks of two."""
    monkeypatch.setattr(decoding, "CHUNK", 2)
    monkeypatch.setattr(decoding, "CHUNKS_A_NOTE", 1)
    paths = [str(save_noise(tmp_path / f"{n}.png", n)) for n in range(10)]
    (tmp_path / "6.png").write_text("no image")
    return Files(paths, np.zeros(10, dtype=np.int64))


def told(chunks):
    return [(c.images, c.failures, c.survey.sizes.tolist()) for c in chunks]


class Interrupted(BaseException):
    """As a Ctrl-C."""


def broken_off(after):
    """Map, but break off after so many jobs."""

    def run(function, jobs):
        for number, job in enumerate(jobs):
            if number == after:
                raise Interrupted
            yield function(job)

    return run


def counting(done):
    def run(function, jobs):
        for job in jobs:
            done.append(job.start)
            yield function(job)

    return run


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "half a line more"])
def test_what_was_decoded_is_not_decoded_again(part, tmp_path, cut):
    whole = list(decode_part(part, SHAPE, tmp_path / "whole.npy", map))
    target = tmp_path / "broken.npy"
    with pytest.raises(Interrupted):
        list(decode_part(part, SHAPE, target, broken_off(after=3)))
    if cut:
        with target.with_suffix(".journal").open("a") as file:
            file.write("[2, [], [[12, 1")
    done = []
    chunks = list(decode_part(part, SHAPE, target, counting(done)))
    assert done == [6, 8]
    assert told(chunks) == told(whole)
    assert (np.load(target) == np.load(tmp_path / "whole.npy")).all()
    assert list(decode_part(part, SHAPE, target, broken_off(after=0)))


def test_another_shape_is_decoded_anew(part, tmp_path):
    target = tmp_path / "target.npy"
    list(decode_part(part, SHAPE, target, map))
    done = []
    list(decode_part(part, Shape(8, 8, 3), target, counting(done)))
    assert done == [0, 2, 4, 6, 8]


def test_lost_pixels_are_decoded_anew(part, tmp_path):
    target = tmp_path / "target.npy"
    list(decode_part(part, SHAPE, target, map))
    target.unlink()
    assert Journal(target, 10, SHAPE).chunks == []


def test_chunks_survive_the_journal(part, tmp_path):
    chunks = list(decode_part(part, SHAPE, tmp_path / "target.npy", map))
    assert told(Chunk.from_json(chunk.to_json()) for chunk in chunks) == told(chunks)
    assert chunks[3].failures


POOL = """
import sys
from autocnn.data.decoding import FILES_FOR_A_POOL, mapper
with mapper(FILES_FOR_A_POOL + 1, 2) as run:
    list(run(abs, range(100)))
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_decoding_processes_end_with_the_one_that_was_killed():
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", POOL], stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        decoding = psutil.Process(process.pid).children(recursive=True)
        assert len(decoding) >= 2
        process.kill()
    _, alive = psutil.wait_procs(decoding, timeout=240)
    assert not any(map(runs, alive))


@pytest.fixture
def quick(monkeypatch):
    """Use torchvision's decoder in this test."""
    monkeypatch.setattr(decode, "_quick_decoder", None)

    def turn_on():
        decode.use_quick_decoder()
        assert decode._quick_decoder is not None

    return turn_on


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("wanted", [(16, 16, 1), (16, 16, 3), (8, 8, 3)])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}])
def test_the_quick_decoder_gives_the_same_pixels(
    tmp_path, quick, mode, wanted, options
):
    paths = []
    for seed in range(8):
        noise = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
        image = Image.fromarray(noise).resize((16, 16)).convert(mode)
        paths.append(tmp_path / f"{seed}.jpg")
        image.save(paths[-1], quality=60 + 5 * seed, **options)
    slow = [decode.decode(path, *wanted) for path in paths]
    quick()
    fast = [decode.decode(path, *wanted) for path in paths]
    assert (np.stack(slow) == np.stack(fast)).all()


def test_the_quick_decoder_is_used_for_plain_jpegs_alone(tmp_path, quick, monkeypatch):
    quick()
    used = []
    real = decode._quick_decoder
    monkeypatch.setattr(
        decode, "_quick_decoder", lambda *given: used.append(1) or real(*given)
    )
    image = Image.fromarray(np.zeros((16, 16, 3), dtype=np.uint8))
    turned = Image.Exif()
    turned[0x0112] = 6
    image.save(tmp_path / "plain.jpg")
    image.save(tmp_path / "turned.jpg", exif=turned)
    image.save(tmp_path / "image.png")
    image.convert("CMYK").save(tmp_path / "cmyk.jpg")
    for name in ("turned.jpg", "image.png", "cmyk.jpg"):
        decode.decode(tmp_path / name, 16, 16, 3)
    decode.decode(tmp_path / "plain.jpg", 8, 8, 3)
    assert not used
    decode.decode(tmp_path / "plain.jpg", 16, 16, 3)
    assert used


def test_a_jpeg_that_is_cut_off_is_refused_by_both(tmp_path, quick):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    data = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    for turn_on in (lambda: None, quick):
        turn_on()
        with pytest.raises(decode.DataError, match=r"cut\.jpg"):
            decode.decode(tmp_path / "cut.jpg", 64, 64, 3)
