"""Settings of networks, from text or from Python: a setting has the type of its default."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph.dimension import is_symbolic

WHOLE = re.compile(r"-?[0-9]{1,9}")
NUMBER = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE]-?[0-9]{1,3})?")
MAY_BE_SYMBOLS = ("width", "resolution", "classes", "image_channels")


def read_settings(text: str) -> dict[str, str]:
    """Settings as people write them, still text.

    >>> read_settings("width=0.5, small=true")
    {'width': '0.5', 'small': 'true'}

    Raises:
        FeatherboneError: a part that is not ``name=value``, or a name given twice.
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not value:
            raise FeatherboneError(
                f"{part.strip()!r} is not a setting",
                hint="write name=value, joined by commas: width=0.5,resolution=160",
            )
        if key in found:
            raise FeatherboneError(f"{key} is given twice", hint="give each setting once")
        found[key] = value
    return found


def typed_setting(key: str, text: str, default: Any) -> Any:
    """The value of a setting written as text, of the same type as its default.

    >>> typed_setting("width", "0.5", 1.0), typed_setting("small", "true", False)
    (0.5, True)
    """
    if isinstance(default, bool) and text in ("true", "false"):
        return text == "true"
    if _is_whole(default) and WHOLE.fullmatch(text):
        return int(text)
    if isinstance(default, float) and NUMBER.fullmatch(text):
        return float(text)
    if isinstance(default, str):
        return text
    digits = " of at most 9 digits" if _is_whole(default) and text.lstrip("-").isdigit() else ""
    raise FeatherboneError(f"{key} is {text[:80]!r}; it must be {_wanted(default)}{digits}")


def check_settings(network: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Raise where a setting is unknown, or its value is not of the type of its default."""
    for key, value in given.items():
        require_known(network, key, defaults)
        default = defaults[key]
        if (key in MAY_BE_SYMBOLS and is_symbolic(value)) or (value is None and default is None):
            continue
        if isinstance(default, bool):
            fits = isinstance(value, bool)
        elif _is_whole(default):
            fits = type(value) is int
        elif isinstance(default, float):
            fits = type(value) in (int, float)
            if fits and not math.isfinite(value):
                raise FeatherboneError(f"{key} is {value!r}; it must be a finite number")
        else:
            fits = isinstance(value, type(default))
        if not fits:
            raise FeatherboneError(f"{key} is {value!r}; it must be {_wanted(default)}")


def require_known(network: str, key: str, settings: Mapping[str, Any]) -> None:
    if key not in settings:
        raise FeatherboneError(f"{network} has no setting {key[:80]!r}", hint=did_you_mean(key[:80], settings))


def _is_whole(default: Any) -> bool:
    """Whether a setting is a whole number; ``None`` is a resolution that follows from the other settings."""
    return default is None or type(default) is int


def _wanted(default: Any) -> str:
    if isinstance(default, bool):
        return "true or false"
    if _is_whole(default):
        return "a whole number"
    return "a number" if isinstance(default, float) else "text"
