"""Values out of JSON and TOML, checked against their types: frozen dataclasses and what they are made of."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph.settings_json import WORDS, read_field, shown

WRITTEN: dict[Any, type | tuple[type, ...]] = {
    bool: bool,
    int: int,
    float: (int, float),
    str: str,
    tuple: list,
}  # how JSON writes what is in a union


def read_value(where: str, value: Any, wanted: Any, *, strict: bool = False) -> Any:
    """A value of JSON as a type asks for it: a dataclass, a mapping, a tuple, a number, a string or None.

    >>> read_value("sides", [1, 2.5], tuple[float, float]), read_value("crop", None, float | None)
    ((1.0, 2.5), None)

    ``where`` names the value in messages; "" is the whole of a text. Pairs that begin with a text may be an object.
    A field of an object that its dataclass does not have is left out, as others may read it, or if ``strict`` refused.

    Raises:
        FeatherboneError: a value of another type, a field that is missing, or with ``strict`` one that is unknown.
    """
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None and types.NoneType in arguments:
            return None
        kinds = [kind for kind in arguments if kind is not types.NoneType]
        fits = kinds if len(kinds) == 1 else [kind for kind in kinds if _suits(value, kind)]
        if not fits:
            raise FeatherboneError(f"{where} is {shown(value)}; it must be {' or '.join(map(_words, kinds))}")
        return read_value(where, value, fits[0], strict=strict)
    if is_dataclass(wanted):
        return _dataclass(where, value, wanted, strict)
    if origin is Mapping:
        return {name: read_value(_at(where, name), each, arguments[1]) for name, each in _object(where, value).items()}
    if origin is tuple and isinstance(value, dict) and _are_named(arguments[0]):
        kind = get_args(arguments[0])[1]
        return tuple((name, read_value(_at(where, name), each, kind)) for name, each in value.items())
    if origin is tuple and arguments[-1] is Ellipsis and isinstance(value, list):
        if arguments[0] is int and set(map(type, value)) <= {int}:  # a row of a matrix of many classes
            return tuple(value)
        return tuple(
            read_value(f"{where}[{place}]", each, arguments[0], strict=strict) for place, each in enumerate(value)
        )
    return read_field(where, value, wanted)


def write_value(value: Any) -> dict[str, Any]:
    """A frozen dataclass as JSON holds it, tuples as lists: what `read_value` reads.

    >>> from featherbone.view import View
    >>> write_value(View(crop=0.875))
    {'crop': 0.875, 'interpolation': 'bilinear'}
    """
    document: dict[str, Any] = json.loads(json.dumps(asdict(value)))
    return document


def _dataclass(where: str, value: Any, wanted: Any, strict: bool) -> Any:
    document, kinds = _object(where, value), _kinds(wanted)
    unknown = next((str(name) for name in document if strict and name not in kinds), None)
    if unknown is not None:
        hint = did_you_mean(unknown[:80], kinds)
        raise FeatherboneError(f"{where or 'it'} has no field {unknown[:80]!r}", hint=hint)
    needed = [each.name for each in fields(wanted) if each.default is MISSING and each.default_factory is MISSING]
    missing = [name for name in needed if name not in document]
    if missing:
        raise FeatherboneError(f"{where or 'it'} lacks {', '.join(missing)}")
    return wanted(
        **{
            name: read_value(_at(where, name), document[name], kind, strict=strict)
            for name, kind in kinds.items()
            if name in document
        }
    )


@cache
def _kinds(wanted: type) -> dict[str, Any]:
    return get_type_hints(wanted)


def _suits(value: Any, kind: Any) -> bool:
    """Whether JSON may write a value of a kind so."""
    if _are_named(next(iter(get_args(kind)), None)):
        return isinstance(value, dict)
    written = WRITTEN.get(get_origin(kind) or kind, dict)
    return isinstance(value, written) and (kind is bool or not isinstance(value, bool))


def _words(kind: Any) -> str:
    return WORDS.get(kind) or (
        "a list" if get_origin(kind) is tuple and not _are_named(get_args(kind)[0]) else "an object"
    )


def _are_named(kind: Any) -> bool:
    """Whether values of a kind are pairs that begin with a text."""
    return get_origin(kind) is tuple and get_args(kind)[0] is str and len(get_args(kind)) == 2


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _object(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FeatherboneError(f"{where or 'it'} is {shown(value)}; it must be an object with fields")
    return value
