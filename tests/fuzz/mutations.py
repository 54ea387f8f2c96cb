"""Inputs that are nearly right: a good one, changed in one to four places, the same for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

NUMBERS = (
    *("0", "-1", "1", "255", "65536", "2147483648", "9223372036854775808", "99999999999999999999", "1e999", "-1e-999"),
    *("nan", "inf", "0x10", "1_000", "1" * 5000, "0.1.2", "1e5", "3.", "½", "٣"),
)
ODD = (
    *(
        "\0",
        "\x1b[2J",
        "\x9b31m",
        "\u202e",
        "\ud800",
        "\ufeff",
        "\r\n",
        "\t",
        "é",
        "💥",
        "×",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
    ),
    *("|", ":", ",", ".", "=", "<", ">", '"', "'", "\\", "#", "%", "/", "..", "__class__", "None", "true", "null"),
)
WORDS = re.compile(r"\d+(?:\.\d+)?|[A-Za-z_]+|\s+|[^\w\s]")


def texts(seeds: Sequence[str], count: int, *, seed: int) -> Iterator[str]:
    """So many changed texts."""
    chance = random.Random(seed)
    for _ in range(count):
        text = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            text = chance.choice((_number, _odd, _drop, _repeat, _swap, _cut, _nest, _line))(text, chance)
        yield text


def contents(seeds: Sequence[bytes], count: int, *, seed: int) -> Iterator[bytes]:
    """So many changed contents of files."""
    chance = random.Random(seed)
    for _ in range(count):
        content = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 4)):
            _damage(content, chance)
        yield bytes(content)


def _damage(content: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(content) + 1)
    size = chance.choice((1, 2, 4, 8, 64))
    kind = chance.randrange(6)
    if kind == 0 and place < len(content):
        content[place] ^= 1 << chance.randrange(8)
    elif kind == 1:
        content[place : place + size] = chance.randbytes(size)
    elif kind == 2:
        content[place : place + size] = chance.choice((b"\xff", b"\0", b"\x7f")) * size
    elif kind == 3:
        del content[place : place + chance.choice((size, len(content) // 4))]
    elif kind == 4:
        content[place:place] = content[place : place + chance.choice((size, len(content) // 8))]
    else:
        del content[place:]


def _words(text: str) -> list[str]:
    return WORDS.findall(text)


def _number(text: str, chance: random.Random) -> str:
    found = list(re.finditer(r"\d+(?:\.\d+)?", text))
    if not found:
        return text + chance.choice(NUMBERS)
    match = chance.choice(found)
    return text[: match.start()] + chance.choice(NUMBERS) + text[match.end() :]


def _odd(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice(ODD) + text[place:]


def _drop(text: str, chance: random.Random) -> str:
    words = _words(text)
    if words:
        del words[chance.randrange(len(words))]
    return "".join(words)


def _repeat(text: str, chance: random.Random) -> str:
    words = _words(text)
    if words:
        place = chance.randrange(len(words))
        words[place:place] = words[place : place + chance.randint(1, 6)] * chance.choice((1, 2, 40))
    return "".join(words)


def _swap(text: str, chance: random.Random) -> str:
    words = _words(text)
    if len(words) > 1:
        one, other = chance.randrange(len(words)), chance.randrange(len(words))
        words[one], words[other] = words[other], words[one]
    return "".join(words)


def _cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _nest(text: str, chance: random.Random) -> str:
    place, depth = chance.randrange(len(text) + 1), chance.choice((2, 300, 3000))
    return text[:place] + chance.choice("[{(") * depth + text[place:]


def _line(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    if lines:
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return "".join(lines)
