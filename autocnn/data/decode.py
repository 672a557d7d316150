"""One image file or array to pixels, the same way for training and for prediction."""

import errno
import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from autocnn.data.images import Pixels
from autocnn.durable import is_pipe
from autocnn.errors import DataError

# Formats that hold pictures only: Pillow would hand EPS and others to programs outside.
FORMATS = (
    "JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "TGA", "JPEG2000",
    "AVIF", "DIB", "ICO", "PCX", "SGI", "MPO",
)  # fmt: skip
MEGAPIXELS = 50


@dataclass(frozen=True, slots=True)
class Header:
    """What an image file says of itself before its pixels are decoded."""

    width: int
    height: int
    gray: bool
    traits: tuple[str, ...]
    """What decoding will have to deal with: keys of TRAITS."""


TRAITS = {
    "16-bit": "held more than 8 bits per value; scaled down to 8",
    "animated": "held several frames; only the first was used",
    "transparent": "held transparent pixels; laid on white",
    "cmyk": "held CMYK colors; converted without a color profile",
}


def decode(
    file: str | Path | IO[bytes], height: int, width: int, channels: int
) -> Pixels:
    """Decode one image file to uint8 pixels (height, width, channels).

    The image is turned as its EXIF orientation says, laid on white where it is
    transparent, scaled to 8 bits over its whole range, cropped around its center to
    the wanted aspect and resized.

    Raises:
        DataError: the file is not an image, is damaged, or is too large.
    """
    return decode_with_header(file, height, width, channels)[0]


def decode_with_header(
    file: str | Path | IO[bytes], height: int, width: int, channels: int
) -> tuple[Pixels, Header]:
    """Decode as `decode` does, and say what the file said of itself."""
    try:
        with _open(file) as image:
            header = _header(image)
            if (pixels := _quickly(image, height, width, channels)) is not None:
                return pixels, header
            return to_pixels(image, height, width, channels), header
    except Exception as error:  # the codecs raise anything; the caller sees why
        raise _unreadable(file, error) from error


def read_header(file: str | Path | IO[bytes]) -> Header:
    """Read size and mode without decoding the pixels.

    Raises:
        DataError: the file is not an image, or is too large.
    """
    try:
        with _open(file) as image:
            return _header(image)
    except Exception as error:  # the codecs raise anything; the caller sees why
        raise _unreadable(file, error) from error


def use_quick_decoder() -> None:
    """Decode plain JPEG files with torchvision from now on: the same pixels.

    Files of the wanted size are then read 1.3 times as fast, but loading torchvision
    takes two seconds. Later versions may come without it: Pillow does it all then.
    """
    global _quick_decoder  # noqa: PLW0603 - a library is loaded once per process
    try:
        import torch
        from torchvision.io import ImageReadMode, decode_jpeg
    except ImportError:
        return

    def decode(data: bytes, channels: int) -> Pixels:
        mode = ImageReadMode.GRAY if channels == 1 else ImageReadMode.RGB
        tensor = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The image decoding", DeprecationWarning)
            pixels: Pixels = decode_jpeg(tensor, mode).permute(1, 2, 0).numpy()
        return pixels

    _quick_decoder = decode


_quick_decoder: Callable[[bytes, int], Pixels] | None = None


def _quickly(image: Any, height: int, width: int, channels: int) -> Pixels | None:
    """Decode what needs no turning, resizing or conversion; None if this does."""
    plain = (
        _quick_decoder is not None
        and image.format == "JPEG"
        and image.size == (width, height)
        and image.mode == ("L" if channels == 1 else "RGB")
        and "exif" not in image.info
    )
    if not plain or _quick_decoder is None:
        return None
    image.fp.seek(0)
    try:
        return _quick_decoder(image.fp.read(), channels)
    except RuntimeError:
        image.fp.seek(0)
        return None  # Pillow will say what is wrong, or cope


def to_pixels(image: Any, height: int, width: int, channels: int) -> Pixels:
    """Turn, convert, crop and resize an image that Pillow has opened."""
    # JPEG decodes at 1/2, 1/4 or 1/8 of its size for a fraction of the cost;
    # four times the wanted size leaves the resize below all it can use.
    image.draft(None, (4 * max(height, width),) * 2)
    return fit(_eight_bits(_turned(image)), height, width, channels)


def fit(image: Any, height: int, width: int, channels: int) -> Pixels:
    """Crop and resize an 8-bit Pillow image to pixels (height, width, channels)."""
    from PIL import Image, ImageOps

    mode = "L" if channels == 1 else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    if image.size != (width, height):
        image = ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.uint8).reshape(height, width, channels)


def fit_array(pixels: Pixels, height: int, width: int, channels: int) -> Pixels:
    """Crop and resize decoded images (N, H, W, 1, 3 or 4); 4 is laid on white."""
    from PIL import Image

    same_size = pixels.shape[1:3] == (height, width)
    if same_size and pixels.shape[3] == channels:
        return pixels
    if same_size and (pixels.shape[3], channels) == (1, 3):
        return np.repeat(pixels, 3, axis=3)
    fitted = np.empty((len(pixels), height, width, channels), dtype=np.uint8)
    for row, one in enumerate(pixels):
        image = Image.fromarray(one[..., 0] if one.shape[-1] == 1 else one)
        fitted[row] = fit(_on_white(image), height, width, channels)
    return fitted


def scale_integers(values: np.ndarray) -> Pixels:
    """Scale 16-bit numbers to 0 to 255; wider ones over their own range."""
    if values.min() >= 0 and values.max() <= 65_535:
        return _round(values / 257)
    return _stretch(values)


def scale_fractions(values: np.ndarray) -> Pixels:
    """Scale numbers from 0 to 1, or to 255, to 0 to 255; others over their own range.

    Raises:
        ValueError: some values are infinite or not numbers.
    """
    if not np.isfinite(values).all():
        raise ValueError("some of its values are infinite or not numbers")
    if values.min() < 0 or values.max() > 255:
        return _stretch(values)
    scale = 255 if values.max() <= 1 else 1
    return _round(values * scale)


def _stretch(values: np.ndarray) -> Pixels:
    values = values.astype(np.float64)
    low, high = values.min(), values.max()
    return _round((values - low) * (255 / ((high - low) or 1)))


def _round(values: np.ndarray) -> Pixels:
    rounded: Pixels = np.rint(values).astype(np.uint8)
    return rounded


@functools.cache
def _formats() -> tuple[str, ...]:
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _open(file: str | Path | IO[bytes]) -> Any:
    from PIL import Image

    if isinstance(file, str | Path) and not Path(file).is_file():
        # Opening a pipe would wait for ever.
        what = "a pipe or a device" if is_pipe(Path(file)) else "no such file"
        raise FileNotFoundError(errno.ENOENT, what)
    with warnings.catch_warnings():
        # Pillow warns of large images: the limit below is lower than its own.
        warnings.simplefilter("ignore")
        image = Image.open(file, formats=_formats())
    megapixels = image.width * image.height / 1e6
    if megapixels > MEGAPIXELS:
        image.close()
        raise ValueError(f"it has {megapixels:,.0f} megapixels, more than {MEGAPIXELS}")
    return image


def _turned(image: Any) -> Any:
    """Turn the image as its EXIF orientation says."""
    from PIL import ImageOps

    image.load()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged EXIF data says nothing of the pixels
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _eight_bits(image: Any) -> Any:
    """Bring any mode to L, RGB or what converts to them without loss of range."""
    from PIL import Image

    if image.mode.startswith("I"):
        return Image.fromarray(scale_integers(np.asarray(image)))
    if image.mode == "F":
        return Image.fromarray(scale_fractions(np.asarray(image)))
    return _on_white(image)


def _on_white(image: Any) -> Any:
    from PIL import Image

    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _header(image: Any) -> Header:
    return Header(image.width, image.height, _is_gray(image), _traits(image))


def _is_gray(image: Any) -> bool:
    return image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")


def _traits(image: Any) -> tuple[str, ...]:
    found = {
        "16-bit": image.mode.startswith(("I", "F")),
        "animated": getattr(image, "is_animated", False),
        "transparent": image.has_transparency_data,
        "cmyk": image.mode == "CMYK",
    }
    return tuple(trait for trait, holds in found.items() if holds)


def _unreadable(file: str | Path | IO[bytes], error: Exception) -> DataError:
    from PIL import UnidentifiedImageError

    name = file if isinstance(file, str | Path) else getattr(file, "name", "the image")
    reason = str(error) or type(error).__name__
    if isinstance(error, UnidentifiedImageError):
        reason = "it is not an image of a known format"
    elif isinstance(error, OSError) and error.strerror:
        reason = error.strerror.lower()
    return DataError(
        f"cannot read {name}: {reason}",
        hint="open it in an image viewer, then save it again or remove it",
    )
