"""Silence for the libraries of an export, which warn about their own internals; errors still pass."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

LOGGERS = ("torch", "torch.onnx", "torch.export", "onnxscript", "onnx_ir")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Neither warnings, nor log lines below an error, nor prints while the block runs.

    >>> with quiet():
    ...     print("not seen")
    """
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
