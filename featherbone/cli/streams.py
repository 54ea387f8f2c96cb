"""Standard output and error: control characters are shown as text, and every encoding can be printed to."""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
import traceback
from types import TracebackType

# Control characters but for line ends and tabs, signs that turn the direction of text, and halves of characters, as
# names of files have them that are no UTF-8.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
SPELT = "featherbone-spelt"
LETTERS = {"×": "x", "·": "*", "…": "...", "–": "-", "±": "+-", "≤": "<=", "≥": ">=", "→": "->", "²": "^2", "µ": "u"}


def visible(text: str) -> str:
    r"""The text with everything escaped that a terminal would obey instead of show, line ends and tabs apart.

    >>> visible("cat\x1b[2J")
    'cat\\x1b[2J'
    """
    return HIDDEN.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


def prepare_streams() -> None:
    """Make standard output and error take whatever is printed, before anything is.

    One that the caller closed leads nowhere, or the next file that is opened would get its number and what is printed.
    What an encoding such as ASCII lacks is spelt in its letters. Tracebacks are printed as ``visible``.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    codecs.register_error(SPELT, _spelt)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - as long as the process
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=SPELT)
    sys.excepthook = _print_traceback


def _spelt(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that the encoding of a stream lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(LETTERS.get(sign) or sign.encode("unicode_escape").decode() for sign in lacking), error.end


def _print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(visible("".join(traceback.format_exception(kind, error, trace))))
