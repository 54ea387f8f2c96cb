"""An operator's settings in JSON: the types of its fields, and their values to and from lists, numbers and texts."""

from __future__ import annotations

import sys
import types
from dataclasses import fields
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim
from featherbone.graph.expression import parse_expression
from featherbone.graph.operators import VOCABULARY

LONGEST = 80  # letters of a value in a message
WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


class _Size:
    """Stands for ``Dim`` where types are read: an int, or the text of a symbolic expression."""


@cache
def field_types(kind: str) -> dict[str, Any]:
    """The type of each field of an operator, by its name in text; ``Dim`` is a marker that ``read_field`` knows."""
    operator: type[Any] = VOCABULARY[kind]
    # The aliases of operators/window.py and dimension.py, with the marker in place of Dim.
    sides, padding = tuple[_Size, ...], tuple[tuple[_Size, _Size], ...]
    names = {"Dim": _Size, "Shape": sides, "Sides": sides, "Padding": padding}
    hints = get_type_hints(operator, localns=names)
    return {field.name: hints[field.name] for field in fields(operator)}


def shown(value: object) -> str:
    """A value as messages show it, cut where it is long.

    >>> shown("3"), shown(True), len(shown([0] * 100))
    ("'3'", 'True', 80)
    """
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def write_field(value: Any) -> Any:
    """A setting as JSON holds it: tuples as lists, symbolic sizes as text."""
    if isinstance(value, tuple):
        return [write_field(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def read_field(where: str, value: Any, wanted: Any) -> Any:
    """The setting that ``write_field`` wrote, checked against its type.

    Raises:
        FeatherboneError: a value of another type, not finite, or a list of the wrong length.
    """
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is _Size:
        return _size(where, value)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return read_field(where, value, next(kind for kind in arguments if kind is not type(None)))
    if origin is tuple:
        if not isinstance(value, list):
            raise FeatherboneError(f"{where} is {shown(value)}; it must be a list", hint=f"such as [{shown(value)}]")
        if arguments[-1] is Ellipsis:
            return tuple(read_field(where, item, arguments[0]) for item in value)
        if len(value) != len(arguments):
            raise FeatherboneError(f"{where} has {len(value)} values; it needs {len(arguments)}")
        return tuple(read_field(where, item, kind) for item, kind in zip(value, arguments, strict=True))
    if wanted is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    if type(value) is wanted and wanted in (int, str, bool):
        return value
    raise FeatherboneError(f"{where} is {shown(value)}; it must be {WORDS[wanted]}")


def _size(where: str, value: Any) -> Dim:
    if type(value) is int:
        return value
    if isinstance(value, str):
        try:
            return parse_expression(value)
        except FeatherboneError as error:
            raise FeatherboneError(f"{where}: {error.sentence}", hint=error.hint) from None
    raise FeatherboneError(f"{where} is {shown(value)}; it must be a whole number")
