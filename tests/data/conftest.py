"""Small data sets, made where they are needed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Encode = Callable[..., bytes]
MakeFolder = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has a cache of its own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("FEATHERBONE_CACHE", str(folder))
    return folder


@pytest.fixture
def encode() -> Encode:
    """An image, or an array of pixels, as the bytes of a file."""

    def encoded(image: Image.Image | np.ndarray, kind: str = "PNG", **options: object) -> bytes:
        picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
        buffer = io.BytesIO()
        picture.save(buffer, kind, **options)
        return buffer.getvalue()

    return encoded


@pytest.fixture
def picture(encode: Encode) -> Callable[..., bytes]:
    """The bytes of a PNG whose pixels depend on the number, so that no two are duplicates."""

    def png(number: int, *, size: tuple[int, int] = (8, 8), channels: int = 3) -> bytes:
        shape = (size[1], size[0], channels) if channels == 3 else (size[1], size[0])
        return encode(np.random.default_rng(number).integers(0, 256, shape, dtype=np.uint8))

    return png


@pytest.fixture
def make_folder(tmp_path: Path, picture: Callable[..., bytes]) -> MakeFolder:
    """A folder of images from `{"train/cat": 3}` (so many images) or `{"train/cat": ["a.png"]}` (these names)."""

    def make(content: Mapping[str, int | Iterable[str]], *, name: str = "pets", **options: object) -> Path:
        root = tmp_path / name
        number = 0
        for folder, images in content.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            for image in [f"{i}.png" for i in range(images)] if isinstance(images, int) else images:
                number += 1
                (root / folder / image).write_bytes(picture(number, **options))
        return root

    return make
