"""Runtimes that talk, kept quiet: what they write beside Python's own streams is no answer of a command's."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that is written to the standard error gets there, by whichever language, and no warning is shown.

    >>> with quiet():
    ...     _ = os.write(2, b"INFO: a delegate was made")

    It is for as short as can be: other threads are quiet, too. An exception passes.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            with redirect_stderr(nowhere), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
