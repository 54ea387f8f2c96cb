"""The built-in data set: 1,797 scanned handwritten digits of 8×8 pixels. Source and licence are in LICENSE.txt."""

from __future__ import annotations

from pathlib import Path

ARCHIVE = Path(__file__).with_name("digits.zip")
