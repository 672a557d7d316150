"""Every kind of image file becomes the pixels a person would see."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from autocnn.data.decode import decode, fit_array, read_header, scale_fractions
from autocnn.errors import DataError

GRADIENT = np.tile(np.arange(0, 256, 16, dtype=np.uint8), (16, 1))


def save(tmp_path, image, name="image.png", **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


def bomb(width, height):
    """Make a PNG whose header claims a size that its few bytes do not hold."""

    def chunk(kind, content):
        check = zlib.crc32(kind + content)
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("channels", [1, 3])
def test_png_of_any_mode_is_decoded(tmp_path, mode, channels):
    path = save(tmp_path, Image.new("RGB", (16, 16), "white").convert(mode))
    pixels = decode(path, 8, 8, channels)
    assert pixels.shape == (8, 8, channels)
    assert pixels.dtype == np.uint8
    assert (pixels == 255).all()


def test_gray_is_kept_exactly_and_repeated_for_color(tmp_path):
    path = save(tmp_path, Image.fromarray(GRADIENT))
    assert np.array_equal(decode(path, 16, 16, 1)[..., 0], GRADIENT)
    assert np.array_equal(decode(path, 16, 16, 3)[..., 2], GRADIENT)


def test_16_bits_are_scaled_over_their_range_and_not_cut_off(tmp_path):
    values = GRADIENT.astype(np.uint16) * 257
    path = save(tmp_path, Image.fromarray(values))
    assert np.array_equal(decode(path, 16, 16, 1)[..., 0], GRADIENT)
    assert read_header(path).traits == ("16-bit",)
    assert read_header(path).gray


@pytest.mark.parametrize("scale", [1 / 255, 1.0])
def test_fractions_to_1_or_255_are_scaled(tmp_path, scale):
    values = GRADIENT.astype(np.float32) * np.float32(scale)
    path = save(tmp_path, Image.fromarray(values), "image.tif")
    assert np.array_equal(decode(path, 16, 16, 1)[..., 0], GRADIENT)


def test_wider_fractions_are_scaled_over_their_own_range():
    assert scale_fractions(np.array([-1.0, 0.0, 1.0])).tolist() == [0, 128, 255]


def test_32_bit_integers_are_scaled_over_their_own_range(tmp_path):
    values = GRADIENT.astype(np.int32) * 1_000_000
    path = save(tmp_path, Image.fromarray(values), "image.tif")
    pixels = decode(path, 16, 16, 1)
    assert (pixels.min(), pixels.max()) == (0, 255)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_are_white(tmp_path, mode):
    path = save(tmp_path, Image.new("RGBA", (8, 8), (0, 0, 0, 0)).convert(mode))
    assert (decode(path, 8, 8, 3) == 255).all()
    assert read_header(path).traits == ("transparent",)


def test_a_transparent_color_of_a_palette_is_white(tmp_path):
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    path = save(tmp_path, image, transparency=0)
    assert (decode(path, 8, 8, 3) == 255).all()


def test_cmyk_is_converted(tmp_path):
    path = save(tmp_path, Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "image.jpg")
    assert (decode(path, 8, 8, 3) == 255).all()
    assert "cmyk" in read_header(path).traits


def test_the_exif_orientation_is_obeyed(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    path = save(tmp_path, Image.fromarray(GRADIENT), exif=exif)
    assert np.array_equal(decode(path, 16, 16, 1)[..., 0], GRADIENT[::-1, ::-1])


def test_the_first_frame_of_an_animation_is_used(tmp_path):
    frames = [Image.new("L", (8, 8), value) for value in (255, 0)]
    path = save(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:])
    assert (decode(path, 8, 8, 1) == 255).all()
    assert "animated" in read_header(path).traits


def test_a_wide_image_is_cropped_around_its_center(tmp_path):
    image = np.zeros((16, 48), dtype=np.uint8)
    image[:, 16:32] = 255
    path = save(tmp_path, Image.fromarray(image))
    assert (decode(path, 16, 16, 1) == 255).all()


def test_a_large_jpeg_is_reduced_as_a_png_would_be(tmp_path):
    smooth = np.add.outer(np.arange(512), np.arange(512)) // 4
    image = Image.fromarray(smooth.astype(np.uint8))
    from_png = decode(save(tmp_path, image, "a.png"), 16, 16, 1).astype(int)
    from_jpeg = decode(save(tmp_path, image, "a.jpg", quality=95), 16, 16, 1)
    assert np.abs(from_png - from_jpeg).max() <= 3


def test_an_open_file_is_decoded():
    file = io.BytesIO()
    Image.fromarray(GRADIENT).save(file, "png")
    file.seek(0)
    assert np.array_equal(decode(file, 16, 16, 1)[..., 0], GRADIENT)


@pytest.mark.parametrize("size", [(20_000, 20_000), (8_000, 8_000)])
def test_an_image_of_too_many_pixels_is_refused_by_its_header(tmp_path, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(*size))
    with pytest.raises(DataError, match=r"bomb\.png"):
        decode(path, 8, 8, 1)


@pytest.mark.parametrize("content", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_what_is_no_image_is_refused_with_its_path(tmp_path, content):
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read .*broken\.png: it is not an"):
        decode(path, 8, 8, 3)


def test_a_truncated_image_is_refused_with_its_path(tmp_path):
    path = save(tmp_path, Image.effect_noise((64, 64), 99), "cut.jpg")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match=r"cut\.jpg: .*truncated"):
        decode(path, 8, 8, 3)


@pytest.mark.parametrize("read", [read_header, lambda file: decode(file, 8, 8, 3)])
def test_a_pipe_is_no_image_and_not_waited_for(read, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match=r"pipe\.png: a pipe or a device"):
        read(tmp_path / "pipe.png")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.png: no such file"):
        decode(tmp_path / "gone.png", 8, 8, 3)


@pytest.mark.parametrize(("found", "wanted"), [(1, 3), (3, 1), (4, 3), (4, 1), (3, 3)])
def test_arrays_are_brought_to_the_wanted_shape(found, wanted):
    pixels = np.full((2, 10, 20, found), 255, dtype=np.uint8)
    fitted = fit_array(pixels, 8, 8, wanted)
    assert fitted.shape == (2, 8, 8, wanted)
    assert (fitted == 255).all()


def test_arrays_that_fit_are_left_alone():
    pixels = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
    assert fit_array(pixels, 4, 4, 3) is pixels
