"""Names, numbers and texts as C99 has them, whatever they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

LONGEST_NAME = 40  # of the 63 characters that C99 promises to tell apart, the rest for what is put behind
LONGEST_LINE = 118
TYPES = {"int8": "int8_t", "uint8": "uint8_t", "int32": "int32_t", "uint16": "uint16_t", "float32": "float"}


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """A name in C for each of these, no two alike.

    >>> identifiers(["stage1.conv", "stage1_conv", "0.conv"])
    {'stage1.conv': 'stage1_conv', 'stage1_conv': 'stage1_conv_2', '0.conv': 'n0_conv'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        base = identifier(name)
        made, count = base, 1
        while made in taken:
            count += 1
            made = f"{base}_{count}"
        taken.add(made)
        found[name] = made
    return found


def identifier(text: str) -> str:
    """A text as a name in C: letters, digits and underscores, a letter first.

    >>> identifier("MobileNet v2 (0.35)"), identifier("?")
    ('MobileNet_v2_0_35', 'n')
    """
    words = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:LONGEST_NAME].rstrip("_")
    return words if words[:1].isalpha() else f"n{words}"


def literal(text: str) -> str:
    r"""A text in quotes; what is not plain ASCII is written byte by byte in UTF-8, as is what could begin a trigraph.

    >>> print(literal('a "b"\n??/'))
    "a \"b\"\012\077\077/"
    """
    plain = {ord('"'): '\\"', ord("\\"): "\\\\"}
    written = [
        plain.get(byte) or (chr(byte) if 32 <= byte < 127 and byte != ord("?") else f"\\{byte:03o}")
        for byte in text.encode("utf-8", "replace")
    ]
    return f'"{"".join(written)}"'


def comment(text: str) -> str:
    """A text that may stand in a comment: it can't end it.

    >>> comment("a */ b")
    '/* a * / b */'
    """
    plain = "".join(sign if sign.isprintable() and sign not in "\\?" else " " for sign in text)
    return f"/* {plain.replace('*/', '* /').replace('/*', '/ *')} */"


def array(name: str, values: np.ndarray, kind: str = "") -> str:
    """Numbers as a constant array.

    >>> print(array("bias", np.array([1, -2], dtype=np.int32)))
    static const int32_t bias[2] = {
        1, -2,
    };
    """
    kind = kind or TYPES[values.dtype.name]
    words = [number(value) for value in values.ravel().tolist()]
    if values.dtype == np.float32:
        words = [float_number(value) for value in values.ravel()]
    return f"static const {kind} {name}[{len(words)}] = {{\n{_wrapped(words)}}};\n"


def number(value: int) -> str:
    """An integer of at most 32 bits.

    >>> number(-(2**31)), number(7)
    ('(-2147483647 - 1)', '7')
    """
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)


def float_number(value: float) -> str:
    """A float32, read back to the same bits.

    >>> float_number(0.1), float_number(float("inf")), float_number(2.0)
    ('0.1F', 'INFINITY', '2.0F')
    """
    single = np.float32(value)
    if np.isinf(single):
        return "INFINITY" if single > 0 else "-INFINITY"
    tiny_or_huge = 0 < abs(single) < 1e-4 or abs(single) >= 1e7
    text = np.format_float_scientific(single, trim="0") if tiny_or_huge else repr(float(str(single)))
    return f"{text}F"


def _wrapped(words: Sequence[str]) -> str:
    lines, line = [], "   "
    for word in words:
        if len(line) + len(word) + 2 > LONGEST_LINE:
            lines.append(line)
            line = "   "
        line += f" {word},"
    return "\n".join([*lines, line, ""])


def initializer(fields: Mapping[str, Any]) -> str:
    """The value of a struct, field by field; texts are C already.

    >>> initializer({"stride": [2, 2], "groups": 1, "finish": {"bias": "stem_bias"}})
    '{.stride = {2, 2}, .groups = 1, .finish = {.bias = stem_bias}}'
    """
    return "{" + ", ".join(f".{name} = {_value(value)}" for name, value in fields.items()) + "}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return initializer(value)
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(map(_value, value)) + "}"
    if isinstance(value, float):
        return float_number(value)
    return value if isinstance(value, str) else number(int(value))


def constant(kind: str, name: str, fields: Mapping[str, Any]) -> str:
    """A constant of a struct, wrapped at its fields.

    >>> print(constant("struct nearest", "up_settings", {"channels": 3}), end="")
    static const struct nearest up_settings = {
        .channels = 3,
    };
    """
    lines = [f"    .{field} = {_value(value)}," for field, value in fields.items()]
    return "\n".join([f"static const {kind} {name} = {{", *lines, "};", ""])
