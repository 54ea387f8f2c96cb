"""A sheet of pictures gives back the pictures, in their order."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from featherbone.errors import FeatherboneError
from featherbone.report.sheet import COLUMNS, LARGEST, read_sheet, write_sheet


@pytest.mark.parametrize("count", [1, 3, COLUMNS, COLUMNS + 1, 2 * COLUMNS + 5])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_come_back_in_their_order(count: int, channels: int, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (count, 5, 5, channels), dtype=np.uint8)
    write_sheet(tmp_path / "sheet.png", images)
    for image, png in zip(images, read_sheet(tmp_path / "sheet.png", count), strict=True):
        with Image.open(io.BytesIO(png)) as picture:
            assert np.array_equal(np.asarray(picture).reshape(5, 5, channels), image)


def test_large_pictures_are_made_smaller(tmp_path: Path) -> None:
    write_sheet(tmp_path / "sheet.png", np.full((2, LARGEST + 40, LARGEST + 40, 3), 7, np.uint8))
    (first, _) = read_sheet(tmp_path / "sheet.png", 2)
    with Image.open(io.BytesIO(first)) as picture:
        assert picture.size == (LARGEST, LARGEST)
        assert picture.getpixel((LARGEST - 1, 0)) == (7, 7, 7)


@pytest.mark.parametrize("count", [COLUMNS - 1, COLUMNS + 3])
def test_a_sheet_of_another_number_is_refused(count: int, tmp_path: Path) -> None:
    write_sheet(tmp_path / "sheet.png", np.zeros((COLUMNS, 5, 5, 1), np.uint8))
    with pytest.raises(FeatherboneError, match=f"that is no sheet of {count} pictures"):
        read_sheet(tmp_path / "sheet.png", count)
