"""Spaces that people define themselves, in a short TOML or Python file."""

from __future__ import annotations

import runpy
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.files import LONGEST_TOML, damage, parse_toml, read_text, require_regular
from featherbone.json_values import read_value
from featherbone.search.space.named import SPACES, named_space
from featherbone.search.space.space import Space, StageSpace

ENDINGS = (".toml", ".py")
MOST = 4 * LONGEST_TOML  # bytes of a file


def open_space(source: str, resolutions: tuple[int, ...]) -> Space:
    """A space by name, or from a file that ends in ``.toml`` or ``.py``; ``docs/search.md`` shows both.

    >>> open_space("mobilenet_v2", (32,)).kinds()
    ('inverted_residual',)

    A TOML file has the fields of ``Space``, and ``[[stages]]`` with those of ``StageSpace``; without ``resolutions``
    it takes the given ones. A Python file is run, and must define ``space``: a ``Space``, or a function that makes one
    of a tuple of resolutions.

    Raises:
        FeatherboneError: an unknown name; no such file; a field that is unknown, missing or of another type, with its
            place; a value that is not allowed.
    """
    if not source.lower().endswith(ENDINGS):
        if source not in SPACES and ("/" in source or "." in source):
            raise FeatherboneError(f"the space {source!r} is no name", hint="a file of a space ends in .toml or .py")
        return named_space(source, resolutions)
    path = Path(source)
    if not path.exists():
        raise FeatherboneError(f"there is no file {source}", hint="ready spaces: " + ", ".join(SPACES))
    require_regular(path, most=MOST)
    try:
        with damage(path):
            return _from_python(path, resolutions) if source.lower().endswith(".py") else _from_toml(path, resolutions)
    except FeatherboneError as error:
        raise FeatherboneError(f"{source}: {error.sentence}", hint=error.hint) from None


def _from_python(path: Path, resolutions: tuple[int, ...]) -> Space:
    try:
        found = runpy.run_path(str(path)).get("space")
        space = found(resolutions) if callable(found) else found
    except FeatherboneError:
        raise
    except Exception as error:  # whatever a person's own code can raise
        raise FeatherboneError(f"it stops with {type(error).__name__}: {error}") from error
    if not isinstance(space, Space):
        raise FeatherboneError(
            f"its space is {type(space).__name__ if space is not None else 'not defined'}",
            hint="define space = Space(...), or a function space(resolutions) that returns one",
        )
    return space


def _from_toml(path: Path, resolutions: tuple[int, ...]) -> Space:
    document = parse_toml(read_text(path, most=MOST), "this")
    stages = document.get("stages")
    if not isinstance(stages, list) or not stages:
        raise FeatherboneError("it has no stages", hint='write [[stages]], then blocks = ["basic"], for each')
    for place, stage in enumerate(stages, start=1):  # each by itself, so that it is named as people count
        try:
            read_value("", stage, StageSpace, strict=True)
        except FeatherboneError as error:
            raise FeatherboneError(f"stage {place}: {error.sentence}", hint=error.hint) from None
    settings = {"name": path.stem, "resolutions": list(resolutions), **document}
    space: Space = read_value("", settings, Space, strict=True)
    return space
