"""Image files out of what a person names: files as they are, and those of folders that are called as images are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from featherbone.errors import FeatherboneError

ENDINGS = frozenset(
    (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm")
) | {".avif", ".heic", ".heif"}


def image_files(named: Iterable[Path]) -> list[Path]:
    """The files, where each folder stands for the images in it and below it, sorted; hidden ones are left out.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("b.JPG", "a.png", "notes.txt", ".hidden.png"):
    ...     (folder / name).touch()
    >>> [path.name for path in image_files([folder, folder / "notes.txt"])]
    ['a.png', 'b.JPG', 'notes.txt']

    Raises:
        FeatherboneError: a folder without images.
    """
    found: list[Path] = []
    for path in named:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(
            each
            for each in path.rglob("*")
            if each.suffix.lower() in ENDINGS
            and not any(part.startswith(".") for part in each.relative_to(path).parts)
            and not each.is_dir()
        )
        if not inside:
            raise FeatherboneError(
                f"the folder {path} holds no images: no file there ends in {', '.join(sorted(ENDINGS))}",
                hint="name the files themselves",
            )
        found += inside
    return found
