"""Values out of JSON, checked against their types: frozen dataclasses and what they are made of."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from featherbone.errors import FeatherboneError
from featherbone.graph.fields import read_field


def read_value(where: str, value: Any, wanted: Any) -> Any:
    """A value of JSON as a type asks for it: a dataclass, a mapping, a tuple, a number, a string or None.

    >>> read_value("sides", [1, 2.5], tuple[float, float]), read_value("crop", None, float | None)
    ((1.0, 2.5), None)

    Fields of an object that its dataclass does not have are left out: others may read them.

    Raises:
        FeatherboneError: a value of another type, or a field that is missing.
    """
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return value
    if origin in (Union, types.UnionType):
        (kind,) = (each for each in arguments if each is not type(None))
        return None if value is None else read_value(where, value, kind)
    if is_dataclass(wanted):
        return _dataclass(where, value, wanted)
    if origin is Mapping:
        return {name: read_value(f"{where}.{name}", each, arguments[1]) for name, each in _object(where, value).items()}
    if origin is tuple and arguments[-1] is Ellipsis and isinstance(value, list):
        if arguments[0] is int and set(map(type, value)) <= {int}:  # a row of a matrix of many classes
            return tuple(value)
        return tuple(read_value(f"{where}[{place}]", each, arguments[0]) for place, each in enumerate(value))
    return read_field(where, value, wanted)


def _dataclass(where: str, value: Any, wanted: Any) -> Any:
    document, kinds = _object(where, value), _kinds(wanted)
    needed = [each.name for each in fields(wanted) if each.default is MISSING and each.default_factory is MISSING]
    missing = [name for name in needed if name not in document]
    if missing:
        raise FeatherboneError(f"{where} lacks {', '.join(missing)}")
    found = {
        name: read_value(f"{where}.{name}", document[name], kind) for name, kind in kinds.items() if name in document
    }
    return wanted(**found)


@cache
def _kinds(wanted: type) -> dict[str, Any]:
    return get_type_hints(wanted)


def _object(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FeatherboneError(f"{where} is {str(value)[:80]!r}; it must be an object with fields")
    return value
