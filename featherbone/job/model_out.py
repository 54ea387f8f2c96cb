"""Where a job writes a model file: refused before any work where it can't be."""

from __future__ import annotations

import tempfile
from pathlib import Path

from featherbone.atomic import UNFINISHED
from featherbone.errors import FeatherboneError


def require_model_name(out: Path) -> None:
    """Raise unless the file ends as model files do.

    >>> require_model_name(Path("model.safetensors"))
    """
    if out.suffix != ".safetensors":
        raise FeatherboneError(
            f"--out is {out}; a model file ends in .safetensors",
            hint=f"--out {out.with_suffix('.safetensors')}" if out.name else "name a file",
        )


def require_place(path: Path) -> None:
    """Raise where the file can't be written: what takes minutes is not begun."""
    if not path.parent.is_dir():
        raise FeatherboneError(f"there is no folder {path.parent} to write {path.name} to", hint="make it first")
    if path.is_dir():
        raise FeatherboneError(f"--out is the folder {path}", hint=f"--out {path / 'model.safetensors'}")
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=UNFINISHED):
            pass
    except OSError as error:
        raise FeatherboneError(
            f"nothing can be written to the folder {path.parent}: {error.strerror or error}", hint="name another place"
        ) from error
