"""The built-in digits are UCI's, every one of them, unchanged."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from featherbone.data import Dataset, open_dataset

# SHA-256 of UCI's table as uint8: 1,797 rows of 64 values from 0 to 16 and the class.
TABLE = "68aea062d35a127749050fa0e52dca09d6569ac08092c925610e0954e172dde2"
COUNTS = {
    "train": [106, 110, 107, 109, 109, 110, 109, 107, 104, 108],
    "val": [36, 36, 35, 37, 36, 36, 36, 36, 35, 36],
    "test": [36, 36, 35, 37, 36, 36, 36, 36, 35, 36],
}


@pytest.fixture
def digits() -> Dataset:
    return open_dataset("digits")


def test_the_pixels_are_those_of_the_table(digits: Dataset) -> None:
    rows = {}
    for split in digits.splits.values():
        for path, image, label in zip(split.paths, split.images, split.labels, strict=True):
            values = np.rint(image.astype(float) * 16 / 255).astype(np.uint8)
            assert np.array_equal(np.rint(values.astype(float) * 255 / 16), image)
            rows[int(Path(path).stem)] = bytes(values) + bytes([label])
    assert sorted(rows) == list(range(1797))
    assert hashlib.sha256(b"".join(rows[index] for index in range(1797))).hexdigest() == TABLE


def test_the_splits_are_fixed_and_stratified(digits: Dataset) -> None:
    assert digits.name == "digits"
    assert digits.classes == tuple("0123456789")
    assert (digits.channels, digits.resolution, digits.warnings, digits.skipped) == (1, 8, (), ())
    counts = {name: np.bincount(split.labels).tolist() for name, split in digits.splits.items()}
    assert counts == COUNTS
    assert digits.fingerprint == "e4784b2d9c48b9da7bd5700e0cb245b5c12ad05e712dd0b28e244576594fc991"


def test_the_licence_travels_with_the_images() -> None:
    text = (resources.files("featherbone.data.digits") / "LICENSE.txt").read_text()
    assert "CC BY 4.0" in text
    assert "10.24432/C50P49" in text
