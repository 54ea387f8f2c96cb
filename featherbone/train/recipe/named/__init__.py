"""Recipes by name: the TOML files in this folder."""

from __future__ import annotations

from pathlib import Path

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.train.recipe.file import comments_on_top, read_recipe
from featherbone.train.recipe.recipe import Recipe

FOLDER = Path(__file__).parent
ENDING = ".toml"
RECIPES = tuple(sorted(path.stem for path in FOLDER.glob(f"*{ENDING}")))


def recipe_named(name_or_path: str | Path) -> Recipe:
    """A recipe of featherbone's by its name, or of a file of one's own by its path, which ends in `.toml`.

    >>> recipe_named("digits").epochs
    60

    Raises `FeatherboneError` for an unknown name, a file that cannot be read, and what is no recipe.
    """
    return read_recipe(_path(name_or_path))


def recipe_comments(name_or_path: str | Path) -> str:
    """What a recipe says of itself on top: what it is for, its result, time and command.

    >>> recipe_comments("digits").splitlines()[0]
    'Small grey drawings and scans, such as digits: nothing is mirrored.'
    """
    path = _path(name_or_path)
    read_recipe(path)
    return comments_on_top(path.read_text(encoding="utf-8"))


def _path(name_or_path: str | Path) -> Path:
    if isinstance(name_or_path, Path) or name_or_path.endswith(ENDING):
        return Path(name_or_path)
    if name_or_path not in RECIPES:
        raise FeatherboneError(
            f"no recipe is named {name_or_path[:80]!r}",
            hint=f"{did_you_mean(name_or_path, RECIPES)}; a file of your own ends in {ENDING}",
        )
    return FOLDER / f"{name_or_path}{ENDING}"
