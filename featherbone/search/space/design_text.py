"""Designs as one line of text, and back, exactly: ``read(write(design)) == design``.

    r32 | stem w16 | basic w16 d2 | inverted_residual w32 d2 k5 s2 t4 se hard_swish | head w64

``r`` resolution, ``w`` width, ``d`` depth, ``k`` kernel, ``s`` stride, ``t`` ratio, ``g`` groups, ``se``
squeeze-and-excitation, and the activation by name. What has its default (d1 k3 s1 t1 g1, relu, no head) is left out.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from typing import Any

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph.operators.activation import ACTIVATIONS
from featherbone.search.space.block_kinds import KINDS
from featherbone.search.space.design import Design, Stage, Stem

LETTERS = {"w": "width", "d": "depth", "k": "kernel", "s": "stride", "t": "ratio", "g": "groups"}
LARGEST = 100_000
EXAMPLE = "r32 | stem w16 | basic w16 d2 | head w64"


def write(design: Design) -> str:
    """The design as one line."""
    parts = [f"r{design.resolution}", _part("stem", design.stem)]
    parts += [_part(stage.kind, stage) for stage in design.stages]
    return " | ".join([*parts, f"head w{design.head}"] if design.head else parts)


def read(text: str) -> Design:
    """The design of one line; case and extra spaces do not matter, anything unknown is an error.

    Raises:
        FeatherboneError: with the word that is not understood and the closest one that is.
    """
    resolution, stem, *stages = _parts(text)
    head = 0
    if stages and stages[-1][0] == "head":
        head = _with_width("head", _settings(stages.pop(), ("w",)))["width"]
    return Design(
        resolution=_number(resolution[0], "r"),
        stem=Stem(**_with_width("stem", _settings(stem, ("w", "k", "s"), acts=True))),
        stages=tuple(Stage(kind=kind, **_with_width(kind, stage_settings(kind, words))) for kind, *words in stages),
        head=head,
    )


def stage_settings(kind: str, words: list[str]) -> dict[str, Any]:
    """The settings of a stage from words such as ``["t4", "k5"]``.

    >>> stage_settings("fire", ["t4", "k5"])
    {'ratio': 4, 'kernel': 5}
    """
    return _settings([kind, *words], tuple(LETTERS), acts=True, se=True)


def _part(word: str, value: Stem | Stage) -> str:
    words = [word]
    defaults = {field.name: field.default for field in fields(value)}
    for letter, name in LETTERS.items():
        if name in defaults and (defaults[name] is MISSING or getattr(value, name) != defaults[name]):
            words.append(f"{letter}{getattr(value, name)}")
    if isinstance(value, Stage) and value.se:
        words.append("se")
    if value.act != defaults["act"]:
        words.append(value.act)
    return " ".join(words)


def _parts(text: str) -> list[list[str]]:
    """The words of each part, after checking that the parts are the right ones in the right order."""
    parts = [part.split() for part in text.lower().split("|")]
    if len(parts) < 2 or not all(parts) or len(parts[0]) != 1 or parts[1][0] != "stem":
        raise FeatherboneError(f"{text[:80]!r} is not a design", hint=f"a resolution and a stem come first: {EXAMPLE}")
    for place, words in enumerate(parts[2:], start=2):
        last = place == len(parts) - 1
        if words[0] not in KINDS and not (words[0] == "head" and last):
            known = [*KINDS, "head"] if last else list(KINDS)
            raise FeatherboneError(f"unknown block kind {words[0]!r} in a design", hint=did_you_mean(words[0], known))
    return parts


def _settings(words: list[str], letters: tuple[str, ...], *, acts: bool = False, se: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {}
    flags = ("se",) if se else ()
    for word in words[1:]:
        name: str
        value: bool | int | str
        if word in flags:
            name, value = "se", True
        elif acts and word in ACTIVATIONS:
            name, value = "act", word
        elif word[0] in letters and re.fullmatch(r"[a-z]\d+", word):
            name, value = LETTERS[word[0]], _number(word, word[0])
        else:
            known = [f"{letter}1" for letter in letters] + list(flags) + (list(ACTIVATIONS) if acts else [])
            raise FeatherboneError(f"{words[0]} does not know {word!r}", hint=did_you_mean(word, known))
        if name in found:
            raise FeatherboneError(f"{words[0]} is given its {name} twice: {' '.join(words)}")
        found[name] = value
    return found


def _with_width(word: str, settings: dict[str, Any]) -> dict[str, Any]:
    if "width" not in settings:
        raise FeatherboneError(f"{word} lacks its width", hint=f"for example: {word} w16")
    return settings


def _number(word: str, letter: str) -> int:
    digits = word[1:]
    if word[:1] != letter or not re.fullmatch(r"[0-9]{1,6}", digits) or not 0 < int(digits) <= LARGEST:
        raise FeatherboneError(f"{word!r} is not {letter} and a whole number from 1 to {LARGEST}")
    return int(digits)
