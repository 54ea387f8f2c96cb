"""A recipe as a file: TOML, with its result, time and command as comments on top; parse(text(recipe)) == recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.files import LONGEST_TOML, damage, parse_toml, read_text
from featherbone.train.recipe.recipe import Recipe, changed_fields


def to_toml(recipe: Recipe) -> str:
    """The recipe as TOML: the fields that differ from their defaults, and the number of epochs.

    >>> print(to_toml(Recipe(epochs=30, learning_rate=0.2, class_weights=(("cat", 2.0),))), end="")
    epochs = 30
    learning_rate = 0.2
    <BLANKLINE>
    [class_weights]
    "cat" = 2.0
    """
    changed = changed_fields(recipe)
    tables = {name: value for name, value in changed.items() if isinstance(value, dict)}
    lines = [f"{name} = {_value(value)}" for name, value in changed.items() if name not in tables]
    for name, table in tables.items():
        usual = Recipe(epochs=1).to_dict()[name]
        entries = table.items() if isinstance(usual, str) else _changed(table, usual).items()
        keys = {key: _text(key) if isinstance(usual, str) else key for key, _ in entries}
        lines += ["", f"[{name}]", *(f"{keys[key]} = {_value(value)}" for key, value in entries)]
    return "\n".join(lines) + "\n"


def from_toml(text: str) -> Recipe:
    """The recipe that `to_toml` wrote, or a person.

    >>> from_toml("epochs = 3\\naugment.flip = true").augment.flip
    True

    Raises `FeatherboneError` for what is not TOML, an unknown field, a wrong type or a value outside of its range.
    """
    return Recipe.from_dict(parse_toml(text, "the recipe"))


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "own.toml"
    >>> _ = path.write_text("epochs = 3")
    >>> read_recipe(path).epochs
    3

    Raises `FeatherboneError` where it cannot be read, or is no recipe; the sentence begins with the path.
    """
    text = read_text(path, most=4 * LONGEST_TOML)
    try:
        with damage(path):
            return from_toml(text)
    except FeatherboneError as error:
        raise FeatherboneError(f"{path}: {error.sentence}", hint=error.hint) from None


def comments_on_top(text: str) -> str:
    """The first lines of a recipe, without their sign: what it is for, its result, time and command.

    >>> comments_on_top("# For cats.\\n#\\n# 99 %\\nepochs = 3\\n# why")
    'For cats.\\n\\n99 %'
    """
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").removeprefix(" "))
    return "\n".join(lines)


def _changed(table: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if value != usual[name]}


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)


def _text(value: str) -> str:
    """JSON's escapes are TOML's, but for the one character that only TOML forbids."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
