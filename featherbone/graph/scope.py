"""Scopes: the prefix that the names of nodes get while a network is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_prefix: ContextVar[str] = ContextVar("prefix", default="")


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Prefix the names of nodes made inside.

    >>> from featherbone.graph import image
    >>> with scope("stage3"), scope("block2"):
    ...     x = image(3, 8).pointwise(4, name="expand")
    >>> x.graph("named").nodes[-1].name
    'stage3.block2.expand'
    """
    token = _prefix.set(_prefix.get() + name + ".")
    try:
        yield
    finally:
        _prefix.reset(token)


def prefix() -> str:
    """What names begin with here: ``""`` or ``"stage3.block2."``."""
    return _prefix.get()
