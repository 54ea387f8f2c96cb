"""Bytes → pixels. Whatever an image file holds becomes uint8 of one size and one or three channels, or a reason.

What happens, in this order, and the same for training and for `featherbone predict`:

1. The format must be one of `formats.FORMATS`, told by the first bytes and never by the file name.
2. Width × height must stay within `MAX_PIXELS`, read from the header before any pixel is decoded.
3. Of an animation, the first frame. EXIF rotation is applied.
4. 16-bit grey becomes 8-bit by scaling (v · 255 / 65535, rounded); Pillow itself keeps the high byte of 16-bit colour.
5. Transparency is composited on white. Palette, CMYK and YCbCr become RGB.
6. One channel is the luma of ITU-R 601; three channels of a grey image are three copies.
7. The shorter side is resized (bilinear unless bicubic is asked for, antialiased) and the centre square is cut out;
   a view says how much of the shorter side the square keeps, all of it unless told otherwise.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps

from featherbone.data.formats import FORMATS, plugin_for
from featherbone.errors import FeatherboneError
from featherbone.view import WHOLE, View

MAX_PIXELS = 80_000_000
MAX_FILE_BYTES = 256 * 2**20

_RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"})


class BadImage(Exception):
    """Why one file can't be used; whoever holds the list of files adds the path."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says about itself before its pixels are decoded."""

    width: int
    height: int
    grey: bool


def read_header(content: bytes) -> Header:
    """Size and greyness of an image file, without decoding it.

    >>> read_header(b"P5 4 3 255 " + bytes(12))
    Header(width=4, height=3, grey=True)

    Raises `BadImage` for an unknown format, too many pixels or a broken header.
    """
    image = _open(content)
    return Header(width=image.width, height=image.height, grey=image.mode in GREY_MODES)


def decode(content: bytes, *, resolution: int, channels: int, view: View = WHOLE) -> np.ndarray:
    """The pixels of an image file: uint8, (resolution, resolution, channels).

    >>> decode(b"P5 2 2 255 " + bytes([0, 50, 100, 255]), resolution=2, channels=1)[:, :, 0].tolist()
    [[0, 50], [100, 255]]

    Raises `BadImage` as `read_header` does, and for pixels that are truncated or have no agreed range.
    """
    image = _open(content)
    try:
        # A large JPEG is decoded at 1/2, 1/4 or 1/8, never below twice the side that it is resized to: the resize
        # removes that detail anyway. Other plugins would take a thumbnail in place of the image.
        if image.format == "JPEG":
            enough = 2 * view.resized(resolution)
            image.draft(None, (enough, enough))
        image.load()
        upright = ImageOps.exif_transpose(image)
        plain = _to_eight_bits(upright).convert("L" if channels == 1 else "RGB")
        square = _centre_square(plain, resolution, view)
    except BadImage:
        raise
    except Exception as error:  # Pillow's plugins raise a dozen types on damaged data, IndexError and KeyError included
        raise BadImage(_sentence(error)) from error
    return np.asarray(square, dtype=np.uint8).reshape(resolution, resolution, channels)


def load_image(source: str | Path | bytes, *, resolution: int, channels: int, view: View = WHOLE) -> np.ndarray:
    """One image, from a path or from its bytes, as a network trained on such a data set expects it.

    >>> load_image(b"P5 1 1 255 " + bytes([7]), resolution=1, channels=3).tolist()
    [[[7, 7, 7]]]

    Returns uint8, (resolution, resolution, channels). Raises `FeatherboneError` with the path and the reason.
    """
    name = "image" if isinstance(source, bytes) else str(source)
    try:
        content = source if isinstance(source, bytes) else read_bounded(Path(source))
        return decode(content, resolution=resolution, channels=channels, view=view)
    except BadImage as error:
        raise FeatherboneError(f"{name}: {error}", hint=f"formats: {', '.join(FORMATS)}") from error


def read_bounded(path: Path) -> bytes:
    """The content of a regular file of at most `MAX_FILE_BYTES`; `BadImage` says why not."""
    if not path.exists():
        raise BadImage("there is no such file")
    if not path.is_file():
        raise BadImage("is not a regular file")
    check_file_size(path.stat().st_size)
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadImage(f"can't be read: {error.strerror or error}") from error


def check_file_size(size: int) -> None:
    """Raises `BadImage` when a file is larger than any image that would pass the pixel limit needs to be."""
    if size > MAX_FILE_BYTES:
        raise BadImage(f"is {size:,} bytes, more than the limit of {MAX_FILE_BYTES:,}")


def _open(content: bytes) -> ImageFile.ImageFile:
    if not content:
        raise BadImage("is empty")
    plugin = plugin_for(content)
    if isinstance(plugin, str):
        raise BadImage(plugin)
    try:
        image = plugin(io.BytesIO(content))
    except Exception as error:  # as in decode: damaged headers raise many types
        raise BadImage(_sentence(error)) from error
    if image.width * image.height > MAX_PIXELS:
        size = f"{image.width}×{image.height} ({image.width * image.height:,} pixels)"
        raise BadImage(f"is {size}, more than the limit of {MAX_PIXELS:,} pixels")
    return image


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """8 bits a channel and no transparency; the mode may still be any that converts to L and RGB without loss."""
    if image.mode == "F":
        raise BadImage("has floating-point pixels, which have no agreed range")
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise BadImage(f"has pixels from {values.min()} to {values.max()}; 16-bit ones end at 65535")
        return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, coloured)
    if image.mode not in ("L", "RGB"):
        return image.convert("L" if image.mode == "1" else "RGB")
    return image


def _centre_square(image: Image.Image, resolution: int, view: View) -> Image.Image:
    """Resize the shorter side and crop the centre, in one step.

    Cutting first bounds the memory: a 1×10,000,000 image would otherwise grow to 224×2,240,000,000.
    """
    side = min(image.size)
    kept = side * view.crop
    left, top = (((length - side) // 2 + (side - kept) / 2) for length in image.size)
    if kept == resolution and left.is_integer() and top.is_integer():
        return image.crop((int(left), int(top), int(left) + resolution, int(top) + resolution))
    box = (left, top, left + kept, top + kept)
    return image.resize((resolution, resolution), _RESAMPLING[view.interpolation], box=box)


def _sentence(error: Exception) -> str:
    text = str(error).strip().rstrip(".") or type(error).__name__
    if "truncated" in text.lower():
        return f"is truncated: {text}"
    return f"can't be decoded: {text}"
