"""Images of newer formats are read where something here reads them, and what is no image is named as what it is."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import AvifImagePlugin

from featherbone.data import formats
from featherbone.data.decode import BadImage, decode, read_header
from featherbone.data.formats import FORMATS, plugin_for, readable_formats, what_else

Encode = Callable[..., bytes]
FLAT = np.full((40, 60, 3), (200, 100, 50), dtype=np.uint8)
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0a" * 32 + b"\nsize 53210\n"


def heic() -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGB", (60, 40), FLAT.tobytes()).save(buffer)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Each test looks for the plugins anew."""
    for finder in (formats._avif, formats._heic):
        finder.cache_clear()
    yield
    for finder in (formats._avif, formats._heic):
        finder.cache_clear()


def test_avif_and_heic_are_read(encode: Encode) -> None:
    assert FORMATS[-2:] == ("AVIF", "HEIC")
    for content in (encode(FLAT, "AVIF"), heic()):
        header = read_header(content)
        assert (header.width, header.height) == (60, 40)
        pixels = decode(content, resolution=8, channels=3).astype(int)
        assert np.abs(pixels - FLAT[:8, :8]).max() <= 4


def test_where_no_plugin_is_installed_the_line_that_installs_it_is_told(
    encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {"pillow>=11.3": encode(FLAT, "AVIF"), "featherbone[heif]": heic()}
    assert readable_formats() == " ".join(FORMATS)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setattr(AvifImagePlugin, "SUPPORTED", False)
    formats._avif.cache_clear()
    formats._heic.cache_clear()
    for package, content in contents.items():
        with pytest.raises(BadImage, match=re.escape(f"pip install '{package}'")):
            read_header(content)
    assert readable_formats() == " ".join(FORMATS[:-2])  # part of the key: what is installed later is looked for again


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", b"x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LFS, "is a Git LFS pointer"),
        (b"\xef\xbb\xbf\n <!DOCTYPE HTML PUBLIC>", "is a web page (HTML), as failed downloads leave it"),
        (b"<!-- cached -->\n<html lang='en'>", "is a web page (HTML)"),
        (b"<?xml version='1.0'?><svg width='9'/>", "is an SVG drawing"),
        (b"<?xml version='1.0'?><annotation/>", "is an XML document"),
        (zipped(), "is a zip archive, which is not opened here: unpack it"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "is a video"),
        (b"RIFF\x24\0\0\0AVI LIST", "is a sound or a video"),
        (bytes(4096), "holds only zeros: it was not copied to its end"),
    ],
)
def test_what_is_no_image_is_named(content: bytes, words: str) -> None:
    assert str(plugin_for(content)).startswith(words)


def test_an_image_is_nothing_else(encode: Encode) -> None:
    for kind in ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "AVIF"):
        assert what_else(encode(FLAT, kind)) == ""
