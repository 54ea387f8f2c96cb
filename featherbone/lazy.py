"""Names of a package that load when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def loader(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package: it takes a name from its home, a module of the package.

    >>> load = loader("featherbone", {"count": "cost"})
    >>> load("count").__module__
    'featherbone.cost.count'
    >>> load("cout")
    Traceback (most recent call last):
    AttributeError: module 'featherbone' has no attribute 'cout'
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return load
