"""What a file is by its first bytes: an image and the plugin that reads it, or what else it is, in words.

Pillow's classes are called directly: Image.open would try every plugin that is installed, and it refuses or warns
about large images by global settings that belong to the person's own program.
"""

from __future__ import annotations

from functools import cache

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

Plugin = type[ImageFile.ImageFile]

_BEGINNINGS: dict[str, tuple[Plugin, tuple[bytes, ...]]] = {
    "PNG": (PngImagePlugin.PngImageFile, (b"\x89PNG\r\n\x1a\n",)),
    "JPEG": (JpegImagePlugin.JpegImageFile, (b"\xff\xd8\xff",)),
    "BMP": (BmpImagePlugin.BmpImageFile, (b"BM",)),
    "GIF": (GifImagePlugin.GifImageFile, (b"GIF87a", b"GIF89a")),
    "TIFF": (TiffImagePlugin.TiffImageFile, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    "PPM": (PpmImagePlugin.PpmImageFile, (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")),
}
_AVIF = frozenset({b"avif", b"avis"})
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
_HEIC_MISSING = "is a HEIC photo, which pillow-heif reads: pip install 'featherbone[heif]'"
_AVIF_MISSING = "is an AVIF image, which Pillow reads from 11.3 on: pip install 'pillow>=11.3'"
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "AVIF", "HEIC")

# What lies between the images of strangers, by how it begins; texts in lower case.
_OTHERS = {
    b"PK\x03\x04": "is a zip archive, which is not opened here: unpack it",
    b"\x1f\x8b": "is a gzip archive, which is not opened here: unpack it",
    b"Rar!": "is a RAR archive, which is not opened here: unpack it",
    b"7z\xbc\xaf": "is a 7-Zip archive, which is not opened here: unpack it",
    b"%PDF": "is a PDF document",
    b"8BPS": "is a Photoshop document: export it as PNG",
    b"\0\0\0\x0cjP  ": "is a JPEG 2000 image, which is not read: convert it to PNG",
    b"\xff\x0a": "is a JPEG XL image, which is not read: convert it to PNG",
    b"\0\0\0\x0cJXL ": "is a JPEG XL image, which is not read: convert it to PNG",
    b"\x93NUMPY": "is an array of NumPy: save its images as PNG",
    b"\x1aE\xdf\xa3": "is a video",
}
_TEXTS = {
    b"version https://git-lfs.github.com/spec/": "is a Git LFS pointer and not the file: git lfs pull fetches it",
    b"<!doctype html": "is a web page (HTML), as failed downloads leave it",
    b"<html": "is a web page (HTML), as failed downloads leave it",
    b"<svg": "is an SVG drawing, which has no pixels: convert it to PNG",
    b"<?xml": "is an XML document",
}
_HEAD = 2048  # bytes that tell


def plugin_for(content: bytes) -> Plugin | str:
    """The class of Pillow that opens such a file, or a predicate of the file that says why there is none.

    >>> plugin_for(b"P5 1 1 255 \\0").format
    'PPM'
    >>> plugin_for(b"version https://git-lfs.github.com/spec/v1\\noid sha256:0a1b")
    'is a Git LFS pointer and not the file: git lfs pull fetches it'
    """
    for plugin, beginnings in _BEGINNINGS.values():
        if content.startswith(beginnings):
            return plugin
    if content[:4] == b"RIFF":
        return WebPImagePlugin.WebPImageFile if content[8:12] == b"WEBP" else "is a sound or a video (RIFF)"
    brands = _brands(content)
    if brands & _AVIF:
        return _avif() or _AVIF_MISSING
    if brands & _HEIC:
        return _heic() or _HEIC_MISSING
    if brands:
        return "is a video"
    return what_else(content) or f"is not an image in one of the formats {', '.join(FORMATS)}"


def what_else(content: bytes) -> str:
    """What a file is that is no image, where its beginning says so; else nothing."""
    head = content[:_HEAD]
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for beginnings, start in ((_OTHERS, head), (_TEXTS, text)):
        for beginning, words in beginnings.items():
            if start.startswith(beginning):
                return _TEXTS[b"<svg"] if beginning == b"<?xml" and b"<svg" in text else words
    if text.startswith(b"<") and b"<html" in text:
        return _TEXTS[b"<html"]
    return "holds only zeros: it was not copied to its end" if head and not any(head) else ""


def readable_formats() -> str:
    """What can be read here, as part of a key: what is installed decides which files are images.

    >>> readable_formats().startswith("PNG JPEG")
    True
    """
    missing = {"AVIF": _avif() is None, "HEIC": _heic() is None}
    return " ".join(name for name in FORMATS if not missing.get(name, False))


def _brands(content: bytes) -> frozenset[bytes]:
    """The kinds that an ISO media file names itself; nothing for other files."""
    if content[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(content[:4], "big"), _HEAD)
    return frozenset([content[8:12], *(content[place : place + 4] for place in range(16, end, 4))])


@cache
def _avif() -> Plugin | None:
    try:
        from PIL import AvifImagePlugin
    except ImportError:
        return None
    return AvifImagePlugin.AvifImageFile if AvifImagePlugin.SUPPORTED else None


@cache
def _heic() -> Plugin | None:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        return None
    plugin: Plugin = HeifImageFile
    return plugin
