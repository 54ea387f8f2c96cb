"""The one error that featherbone raises for a user's mistake: a sentence, and the next step.

Raise it deep, with the value that was wrong and the values that are allowed. The command line prints both parts and
exits with 2; a traceback is for ``--debug``. Anything else that escapes is a defect of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FeatherboneError(Exception):
    """What went wrong, in one sentence that holds the offending value; ``hint`` is the next step.

    >>> print(FeatherboneError("width is 0; it must be positive", hint="try width=1.0"))
    width is 0; it must be positive (try width=1.0)
    """

    def __init__(self, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} ({self.hint})" if self.hint else self.sentence


class ToldElsewhere(FeatherboneError):
    """The error of another process of the same job, which tells it: whoever only learns of it ends without a word."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the closest of the known words, or lists them all.

    >>> did_you_mean("mobilenetv2", ["mobilenet_v1", "mobilenet_v2", "vgg16"])
    'did you mean mobilenet_v2?'
    >>> did_you_mean("zzz", ["a", "b"])
    'known: a, b'
    """
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return "known: " + ", ".join(names)
