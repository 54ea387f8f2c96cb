"""Names of nodes from the paths of modules: ``layer1.0.conv1`` is a layer, ``layer1.0.add`` stands in a block."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from featherbone.graph.operators import Input, Operator
from featherbone.nn.capture.entry import Entry

LONGEST = 180  # leaves room for a number


class Names:
    """The name of each entry: unique, stable, and never also the scope of another.

    A layer with weights has the path of the module that holds them, so that weights are named as in its state dict. A
    function called in a module without modules inside has the path of that module; elsewhere its own label follows.
    """

    def __init__(self, entries: list[Entry], weighted: Mapping[Entry, tuple[Operator, Entry | None]]) -> None:
        labels: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            labels[entry.path].add(entry.label)
        wanted: dict[Entry, tuple[str, str]] = {}
        for entry in entries:
            home = home_of(entry.weights) if entry.weights and weighted[entry][1] is None else ""
            label = entry.label.replace(".", "_")
            alone = entry.leaf and len(labels[entry.path]) == 1
            path = home if home else entry.path if alone and not isinstance(entry.operator, Input) else ""
            wanted[entry] = (_clean(path), _clean(f"{entry.path}.{label}" if entry.path else label))
        self._scopes = {scope for first, second in wanted.values() for scope in _scopes(first or second)}
        self._taken: set[str] = set()
        self._names: dict[Entry, str] = {}
        for entry, (path, _) in wanted.items():  # layers first: their weights' names matter
            if entry.weights and weighted[entry][1] is None and path and self._free(path):
                self._give(entry, path)
        for entry, (path, place) in wanted.items():
            if entry in self._names:
                continue
            base = path if path and (path in self._taken or self._free(path)) and path not in self._scopes else place
            self._give(entry, self._numbered(base))

    def __getitem__(self, entry: Entry) -> str:
        return self._names[entry]

    def _free(self, name: str) -> bool:
        blocked = any(scope in self._taken for scope in _scopes(name))
        return name not in self._taken and name not in self._scopes and not blocked

    def _give(self, entry: Entry, name: str) -> None:
        self._taken.add(name)
        self._scopes.update(_scopes(name))
        self._names[entry] = name

    def _numbered(self, base: str) -> str:
        scope, _, last = base.rpartition(".")
        while scope and (scope in self._taken):  # a layer has that name: stand beside it
            scope, _, before = scope.rpartition(".")
            last = f"{before}_{last}"
        base = f"{scope}.{last}" if scope else last
        if self._free(base):
            return base
        number = 2
        while not self._free(f"{base}_{number}"):
            number += 1
        return f"{base}_{number}"


def home_of(names: tuple[str, ...]) -> str:
    """The innermost module that holds all of these parameters.

    >>> home_of(("block.attention.in_proj_weight", "block.attention.out_proj.weight"))
    'block.attention'
    """
    common = names[0].split(".")[:-1]
    for name in names[1:]:
        parts = name.split(".")[:-1]
        common = [mine for mine, theirs in zip(common, parts, strict=False) if mine == theirs][: len(common)]
    while common and not all(name.startswith(".".join(common) + ".") for name in names):
        common.pop()
    return ".".join(common)


def _scopes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]


def _clean(name: str) -> str:
    """A path with only what a node's name may hold."""
    clean = ".".join(re.sub(r"[^A-Za-z0-9_]", "_", part) or "_" for part in name.split(".")) if name else ""
    return clean if len(clean) <= LONGEST else clean[-LONGEST:].lstrip(".")
