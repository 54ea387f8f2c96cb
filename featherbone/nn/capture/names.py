"""Names of nodes from the paths of modules: ``layer1.0.conv1`` is a layer, ``layer1.0.add`` stands in a block."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from featherbone.graph.graph import NAME
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
        wanted: dict[Entry, str] = {}  # the path that an entry would like; empty for a place in its module
        for entry in entries:
            home = home_of(entry.weights) if entry.weights and weighted[entry][1] is None else ""
            alone = entry.leaf and len(labels[entry.path]) == 1
            path = home if home else entry.path if alone and not isinstance(entry.operator, Input) else ""
            wanted[entry] = _clean(path)
        self._scopes = {scope for entry, path in wanted.items() for scope in _scopes(path or _place(entry))}
        self._numbers: dict[str, int] = {}
        self._taken: set[str] = set()
        self._names: dict[Entry, str] = {}
        for entry, path in wanted.items():  # layers first: their weights' names matter
            if entry.weights and weighted[entry][1] is None and path and self._free(path):
                self._give(entry, path)
        for entry, path in wanted.items():
            if entry not in self._names:
                own = path and path not in self._scopes and (path in self._taken or self._free(path))
                self._give(entry, self._numbered(path if own else _place(entry)))

    def __getitem__(self, entry: Entry) -> str:
        return self._names[entry]

    def _free(self, name: str) -> bool:
        return name not in self._taken and name not in self._scopes and self._taken.isdisjoint(_scopes(name))

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
        number = self._numbers.get(base, 2)
        while not self._free(f"{base}_{number}"):
            number += 1
        self._numbers[base] = number + 1  # where the next search begins: a file may hold a great many of one name
        return f"{base}_{number}"


def home_of(names: tuple[str, ...]) -> str:
    """The innermost module that holds all of these parameters.

    >>> home_of(("block.attention.in_proj_weight", "block.attention.out_proj.weight"))
    'block.attention'
    """
    first = names[0].rpartition(".")[0]
    if all(name.rpartition(".")[0] == first for name in names):
        return first
    common = names[0].split(".")[:-1]
    for name in names[1:]:
        parts = name.split(".")[:-1]
        common = [mine for mine, theirs in zip(common, parts, strict=False) if mine == theirs][: len(common)]
    while common and not all(name.startswith(".".join(common) + ".") for name in names):
        common.pop()
    return ".".join(common)


def _place(entry: Entry) -> str:
    """A name from the module in which an entry ran, and what it is."""
    label = entry.label.replace(".", "_")
    return _clean(f"{entry.path}.{label}" if entry.path else label)


def _scopes(name: str) -> list[str]:
    return [name[:place] for place, letter in enumerate(name) if letter == "."] if "." in name else []


def _clean(name: str) -> str:
    """A path with only what a node's name may hold."""
    if not NAME.fullmatch(name) and name:
        name = ".".join(re.sub(r"[^A-Za-z0-9_]", "_", part) or "_" for part in name.split("."))
    return name if len(name) <= LONGEST else name[-LONGEST:].lstrip(".")
