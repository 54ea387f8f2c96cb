"""The command that asks for the same again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def command_words(name: str, source: object, options: Mapping[str, Any]) -> list[str]:
    """A command as words: options that are None or False were not asked for, and True stands for itself.

    >>> " ".join(command_words("fit", "digits", {"macs": 300_000, "epochs": None, "skip_bad": True}))
    'featherbone fit digits --macs 300000 --skip-bad'
    """
    words = ["featherbone", name, str(source)]
    for option, value in options.items():
        flag = f"--{option.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value is not None and value is not False:
            words += [flag, str(value)]
    return words
