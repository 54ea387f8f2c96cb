"""How a machine computes training steps, as a value: what changes their speed and their rounding, and nothing else."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from typing import Any

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.files import parse_json
from featherbone.json_values import read_value

PRECISIONS = ("float32", "bfloat16", "float16")
FORMATS = {"channels_last": True, "NCHW": False}
WORDS = (
    "words divided by commas: channels_last or NCHW; float32, bfloat16 or float16; fused; compiled; a number of "
    "threads, such as 2 threads"
)
THREADS = re.compile(r"(\d{1,4}) threads?")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One way to compute a training step; a checkpoint keeps it, so that a run goes on as it began.

    >>> Setting.from_json(Setting(precision="bfloat16", threads=2).to_json())
    Setting(channels_last=True, precision='bfloat16', fused=False, compiled=False, threads=2)

    - `channels_last`: the channels of a pixel lie beside each other in memory.
    - `precision`: of convolutions and matrices, by autocast; weights, their gradients' sums and the loss stay float32.
      `float16` is for GPUs, with a scaler of the loss.
    - `fused`: norms and activations in one pass by our own kernels, which a C++ compiler makes once; for CPUs
      (`featherbone.kernels.fused`).
    - `compiled`: by `torch.compile`.
    - `threads`: of the CPU; 0 leaves their number alone.

    Raises `FeatherboneError` for a value outside of its range.
    """

    channels_last: bool = True
    precision: str = "float32"
    fused: bool = False
    compiled: bool = False
    threads: int = 0

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise FeatherboneError(
                f"precision is {self.precision!r}; known: {', '.join(PRECISIONS)}",
                hint=did_you_mean(self.precision, PRECISIONS),
            )
        if self.threads < 0:
            raise FeatherboneError(f"threads is {self.threads}; it must be 0 or more")

    def __str__(self) -> str:
        """As a person reads it.

        >>> print(Setting(precision="bfloat16", threads=2))
        channels_last, bfloat16, 2 threads
        """
        words = ["channels_last" if self.channels_last else "NCHW", self.precision]
        if self.fused:
            words.append("fused")
        if self.compiled:
            words.append("compiled")
        if self.threads:
            words.append(f"{self.threads} thread{'s' if self.threads > 1 else ''}")
        return ", ".join(words)

    @staticmethod
    def parse(text: str) -> Setting:
        """What `str` writes, or a part of it: what is left out has its default.

        >>> print(Setting.parse("bfloat16, fused, 1 thread"))
        channels_last, bfloat16, fused, 1 thread
        >>> Setting.parse(str(Setting(channels_last=False))) == Setting(channels_last=False)
        True

        Raises `FeatherboneError` for an unknown word, or two words for one thing.
        """
        found: dict[str, Any] = {}
        for word in filter(None, (part.strip() for part in text.split(","))):
            name, value = _read_word(word)
            if name in found:
                raise FeatherboneError(f"the setting {text!r} says {name} twice", hint=WORDS)
            found[name] = value
        if not found:
            raise FeatherboneError(f"the setting {text!r} says nothing", hint=WORDS)
        return Setting(**found)

    def to_dict(self) -> dict[str, Any]:
        """The setting as numbers and strings; every field is written."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    @staticmethod
    def from_dict(document: object) -> Setting:
        """The setting that `to_dict` wrote; a field that is missing has its default.

        Raises `FeatherboneError` for an unknown field, a wrong type or a value outside of its range.
        """
        setting: Setting = read_value("setting", document, Setting, strict=True)
        return setting

    @staticmethod
    def from_json(text: str) -> Setting:
        return Setting.from_dict(parse_json(text, "the setting"))


def _read_word(word: str) -> tuple[str, Any]:
    """A word of a setting: the field that it is of, and its value there."""
    if word in FORMATS:
        return "channels_last", FORMATS[word]
    if word in PRECISIONS:
        return "precision", word
    if word in ("fused", "compiled"):
        return word, True
    if (number := THREADS.fullmatch(word)) and int(number[1]) > 0:
        return "threads", int(number[1])
    raise FeatherboneError(f"a setting has no word {word[:40]!r}", hint=WORDS)
