"""Make featherbone/data/digits/digits.zip from the table of UCI's optical digits test set. Run it anywhere:

    pip download --no-deps scikit-learn && unzip scikit_learn-*.whl sklearn/datasets/data/digits.csv.gz
    python benchmarks/make_digits.py sklearn/datasets/data/digits.csv.gz featherbone/data/digits/digits.zip

The table has one image a row: 64 pixels from 0 to 16, then the class. The same table gives the same archive, byte for
byte, wherever Pillow is built with the same zlib; the pixels are the same everywhere.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

SHARES = (("test", 0.2), ("val", 0.2))  # of each class; the rest is train


def make_digits(table: Path, archive: Path) -> dict[str, int]:
    """Write the archive; the number of images by split."""
    with gzip.open(table, "rt") as lines:
        rows = np.loadtxt(lines, delimiter=",").astype(np.int64)
    pixels, labels = rows[:, :64].reshape(-1, 8, 8), rows[:, 64]
    grey = np.rint(pixels * 255 / 16).astype(np.uint8)
    split_of = _splits(labels)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as output:
        for index, image in enumerate(grey):
            member = zipfile.ZipInfo(f"digits/{split_of[index]}/{labels[index]}/{index:04d}.png")
            member.date_time = (1998, 7, 1, 0, 0, 0)
            member.external_attr = 0o100644 << 16
            output.writestr(member, _png(image))
    return {name: split_of.count(name) for name in ("train", "val", "test")}


def _splits(labels: np.ndarray) -> list[str]:
    """For each image its split: within a class, images are ranked by the hash of their row number."""
    split_of = ["train"] * len(labels)
    for label in range(10):
        members = sorted(np.flatnonzero(labels == label).tolist(), key=lambda row: hashlib.sha256(b"%d" % row).digest())
        start = 0
        for name, share in SHARES:
            count = round(share * len(members))
            for row in members[start : start + count]:
                split_of[row] = name
            start += count
    return split_of


def _png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(make_digits(Path(sys.argv[1]), Path(sys.argv[2])))
