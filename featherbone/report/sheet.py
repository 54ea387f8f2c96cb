"""Small pictures beside a run: one PNG that a person can open, which the page takes apart again."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from featherbone.atomic import write_atomically
from featherbone.errors import FeatherboneError

MISTAKES = "mistakes.png"  # in a run folder: the images of the result's "worst", in its order
COLUMNS = 8
LARGEST = 128  # pixels of a side; larger images are scaled down


def write_sheet(path: Path, images: np.ndarray) -> None:
    """Write uint8 images (N, side, side, 1 or 3) with N of at least 1, eight in a row, each at most 128 pixels wide.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mistakes.png"
    >>> write_sheet(path, np.zeros((10, 28, 28, 1), np.uint8))
    >>> len(read_sheet(path, 10))
    10

    Raises:
        FeatherboneError: the file can't be written.
    """
    count, side = len(images), min(images.shape[1], LARGEST)
    colours = "L" if images.shape[3] == 1 else "RGB"
    sheet = Image.new(colours, (side * min(count, COLUMNS), side * -(-count // COLUMNS)))
    for number, pixels in enumerate(images):
        picture = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if colours == "L" else pixels))
        if picture.size != (side, side):
            picture = picture.resize((side, side), Image.Resampling.BOX)
        sheet.paste(picture, (side * (number % COLUMNS), side * (number // COLUMNS)))
    with write_atomically(path) as file:
        sheet.save(file, format="PNG", optimize=True)


def read_sheet(path: Path, count: int) -> Sequence[bytes]:
    """The pictures of a sheet of so many, each as a PNG.

    Raises:
        FeatherboneError: there is no such sheet, or it does not hold so many pictures.
    """
    try:
        with Image.open(path, formats=["PNG"]) as file:
            sheet = file.convert("RGB") if file.mode not in ("L", "RGB") else file.copy()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FeatherboneError(f"{path.name} can't be read: {error}") from error
    side = sheet.width // min(count, COLUMNS)
    rows = -(-count // COLUMNS)
    if sheet.size != (side * min(count, COLUMNS), side * rows):
        raise FeatherboneError(f"{path.name} is {sheet.width}×{sheet.height}; that is no sheet of {count} pictures")
    corners = [(side * (number % COLUMNS), side * (number // COLUMNS)) for number in range(count)]
    return [_png(sheet.crop((x, y, x + side, y + side))) for x, y in corners]


def _png(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, format="PNG", optimize=True)
    return written.getvalue()
