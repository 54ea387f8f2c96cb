"""A recipe's fields as JSON and TOML hold them, and back, checked against their types."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_type_hints

from featherbone.data.augment import Augment
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph.fields import read_field


def write_fields(value: Any) -> dict[str, Any]:
    """A dataclass as dictionaries, lists, numbers and strings; class weights become an object by class name."""
    document: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(value)))
    if isinstance(document.get("class_weights"), list):
        document["class_weights"] = dict(document["class_weights"])
    return document


def read_fields(where: str, document: object, kind: type[Any]) -> dict[str, Any]:
    """The settings that `write_fields` wrote of a `kind`; any of them may be missing.

    Raises `FeatherboneError` for an unknown field or a wrong type.
    """
    if not isinstance(document, dict):
        raise FeatherboneError(f"{where} is {str(document)[:80]!r}; it must be an object with fields")
    types = get_type_hints(kind)
    unknown = next((name for name in document if name not in types), None)
    if unknown is not None:
        raise FeatherboneError(f"{where} has no field {str(unknown)[:80]!r}", hint=did_you_mean(str(unknown), types))
    return {name: _read(f"{where}.{name}", value, types[name]) for name, value in document.items()}


def _read(where: str, value: Any, wanted: Any) -> Any:
    if wanted is Augment:
        return Augment(**read_fields(where, value, Augment))
    if where.endswith(".class_weights"):
        return _class_weights(where, value)
    if where.endswith(".freeze"):
        return value if type(value) is int else read_field(where, value, str)
    return read_field(where, value, wanted)


def _class_weights(where: str, value: Any) -> str | tuple[tuple[str, float], ...]:
    if isinstance(value, dict):
        return tuple((str(name), read_field(f"{where}.{name}", weight, float)) for name, weight in value.items())
    word: str = read_field(where, value, str)
    return word
