"""Numbers with units, read strictly and written readably.

Counts are decimal (``300M`` is 300,000,000), bytes name their base (``512KB`` is 512,000, ``512KiB`` is 524,288). What
could be read two ways is refused with both readings, as a budget that is off by a factor helps nobody.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise

from featherbone.errors import FeatherboneError

COUNT_UNITS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9}
BYTE_UNITS = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
MILLISECONDS = {"us": Decimal("0.001"), "µs": Decimal("0.001"), "ms": Decimal(1), "s": Decimal(1000)}
SECONDS = {"s": Decimal(1), "m": Decimal(60), "min": Decimal(60), "h": Decimal(3600)}
_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9][0-9_]*)?(?:\.[0-9]+)?)\s*([A-Za-zµ]*)\s*")
LONGEST = 100  # characters
_COMMA = re.compile(r"\s*([0-9]+),([0-9]+)\s*([A-Za-zµ]*)\s*")
_AFTER_A_UNIT = re.compile(r"(?<=[A-Za-z])\s*(?=[0-9])")


def parse_count(text: str, *, what: str = "limit") -> int:
    """A positive whole number such as ``300M``, ``80k`` or ``12.5M``.

    >>> parse_count("12.5M")
    12500000

    Raises:
        FeatherboneError: not a number, not positive, not whole, an unknown unit, or ``m`` (milli or mega?).
    """
    number, unit = _split(text, what)
    if unit == "m":
        raise FeatherboneError(
            f"{what} {text!r} can be read two ways: m is a thousandth, M is a million", hint=f"write {number}M"
        )
    if unit not in COUNT_UNITS:
        raise FeatherboneError(
            f"{what} {text!r} has the unknown unit {unit!r}", hint="units: k, M, G; for example 300M"
        )
    return _positive_whole(number * COUNT_UNITS[unit], text, what)


def parse_bytes(text: str, *, what: str = "limit") -> int:
    """A size such as ``512KiB`` or ``1.5MB`` in bytes.

    >>> parse_bytes("512KiB")
    524288

    Raises:
        FeatherboneError: as ``parse_count``; also a bare number or a bare ``K``, ``M``, ``G``.
    """
    number, unit = _split(text, what)
    if unit in ("K", "k", "M", "G"):
        decimal, binary = f"{unit}B", f"{unit.upper()}iB"
        raise FeatherboneError(
            f"{what} {text!r} can be read two ways: {number}{decimal} is "
            f"{_plain(number * BYTE_UNITS[decimal])} bytes, {number}{binary} is {_plain(number * BYTE_UNITS[binary])}",
            hint=f"write {number}{decimal} or {number}{binary}",
        )
    if unit == "":
        raise FeatherboneError(
            f"{what} {text!r} has no unit", hint=f"write {number}B for bytes, or use KB, KiB, MB, MiB, GB, GiB"
        )
    if unit not in BYTE_UNITS:
        raise FeatherboneError(
            f"{what} {text!r} has the unknown unit {unit!r}", hint="units: B, KB, KiB, MB, MiB, GB, GiB"
        )
    return _positive_whole(number * BYTE_UNITS[unit], text, what)


def parse_milliseconds(text: str, *, what: str = "limit") -> float:
    """A time such as ``10ms``, ``800us`` or ``1.5s`` in milliseconds.

    >>> parse_milliseconds("1.5s")
    1500.0

    Raises:
        FeatherboneError: not a number, not positive, no unit, or an unknown one.
    """
    return _positive(_time(text, what, MILLISECONDS, "units: us, ms, s; for example 10ms"), text, what)


def parse_seconds(text: str, *, what: str = "limit") -> float:
    """A time such as ``90s``, ``1.5h`` or ``1h30m`` in seconds.

    >>> parse_seconds("1.5h"), parse_seconds("1h30m")
    (5400.0, 5400.0)

    Raises:
        FeatherboneError: not a number, not positive, no unit or an unknown one, or parts not in the order h, m, s.
    """
    hint = "units: s, m (or min), h; for example 30m or 1h30m"
    parts = _AFTER_A_UNIT.split(text)
    said = what if len(parts) == 1 else f"{what} {text!r}:"
    units = [SECONDS.get(_split(part, said)[1], Decimal(0)) for part in parts]
    if all(units) and any(first <= second for first, second in pairwise(units)):
        raise FeatherboneError(f"{what} {text!r} has parts that are not in the order h, m, s", hint=hint)
    return _positive(sum(_time(part, said, SECONDS, hint) for part in parts), text, what)


def format_count(value: float) -> str:
    """Three to four digits and a unit.

    >>> format_count(300774272), format_count(78666), format_count(512)
    ('300.8 M', '78.7 k', '512')
    """
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= size * 0.99995:
            return f"{value / size:,.1f} {unit}"
    return f"{value:,.0f}"


def format_bytes(value: float) -> str:
    """Bytes in binary units.

    >>> format_bytes(524288), format_bytes(100)
    ('512.0 KiB', '100 B')
    """
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if abs(value) >= size:
            return f"{value / size:,.1f} {unit}"
    return f"{value:,.0f} B"


def exact(value: float) -> str:
    """A number as every reader here takes it: all of its digits, without an exponent.

    >>> exact(1800.0), exact(1_234_567.5), exact(0.00001)
    ('1800', '1234567.5', '0.00001')
    """
    text = f"{Decimal(str(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _split(text: str, what: str) -> tuple[Decimal, str]:
    if len(text) > LONGEST:
        raise FeatherboneError(f"{what} has {len(text):,} characters; a quantity has at most {LONGEST}")
    comma = _COMMA.fullmatch(text)
    if comma and (comma[3] or len(comma[2]) != 3):  # 300,000 is clear; 12,5M and 12,500k are not
        first, second = f"{comma[1]}.{comma[2]}{comma[3]}", f"{comma[1]}{comma[2]}{comma[3]}"
        raise FeatherboneError(
            f"{what} {text!r} can be read two ways, as {first} or as {second}", hint=f"write {first} or {second}"
        )
    match = _NUMBER.fullmatch(text)
    if not match or not match[1].strip("+-"):
        raise FeatherboneError(f"{what} {text!r} is not a number with a unit", hint="for example 300M, 512KiB or 3ms")
    return Decimal(match[1].replace("_", "").replace(",", "")), match[2]


def _time(text: str, what: str, units: Mapping[str, Decimal], hint: str) -> float:
    number, unit = _split(text, what)
    if unit not in units:
        said = f"has the unknown unit {unit!r}" if unit else "has no unit"
        raise FeatherboneError(f"{what} {text!r} {said}", hint=hint)
    return float(number * units[unit])


def _positive(value: float, text: str, what: str) -> float:
    if value <= 0:
        raise FeatherboneError(f"{what} is {text}; it must be positive")
    return value


def _positive_whole(value: Decimal, text: str, what: str) -> int:
    _positive(float(value), text, what)
    if value != int(value) or not math.isfinite(value):
        raise FeatherboneError(
            f"{what} {text!r} is not a whole number", hint="a unit makes it one, as in 12.5M or 1.5KiB"
        )
    return int(value)


def _plain(value: Decimal) -> str:
    return f"{int(value):,}"


def format_duration(seconds: float) -> str:
    """A time as people say it.

    >>> format_duration(54.2), format_duration(754), format_duration(7500), format_duration(200_000)
    ('54 s', '12:34 min', '2:05 h', '2 d 7 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    if whole < 86_400:
        return f"{whole // 3600}:{whole % 3600 // 60:02} h"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"
