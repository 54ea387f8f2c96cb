"""Names of nodes from the paths of modules: ``layer1.0.conv1`` is a layer, ``layer1.0.add`` stands in a block."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from featherbone.graph.graph import NAME
from featherbone.graph.operators import Input, Operator
from featherbone.nn.capture.entry import TracedOperator

LONGEST = 180  # leaves room for a number


def names(
    entries: list[TracedOperator], weighted: Mapping[TracedOperator, tuple[Operator, TracedOperator | None]]
) -> dict[TracedOperator, str]:
    """The name of each entry: unique, stable, and never also the scope of another.

    A layer with weights has the path of the module that holds them, so that weights are named as in its state dict. A
    function called in a module without modules inside has the path of that module; elsewhere its own label follows.
    """
    labels: dict[str, str] = {}  # the only label at each path, or nothing where there are several
    for entry in entries:
        if labels.setdefault(entry.path, entry.label) != entry.label:
            labels[entry.path] = ""
    given = _Given()
    scopes, taken = given.scopes, given.taken
    wanted: list[
        tuple[TracedOperator, str, bool]
    ] = []  # the path that an entry would like, or none; whether it owns weights
    for entry in entries:
        owns = bool(entry.weights) and weighted[entry][1] is None
        path = home_of(entry.weights) if owns else ""
        if not path and entry.leaf and labels[entry.path] and not isinstance(entry.operator, Input):
            path = entry.path
        path = clean(path) if path else ""
        wanted.append((entry, path, owns))
        given.enter(path or _place(entry))
    found: dict[TracedOperator, str] = {}
    for entry, path, owns in wanted:  # layers first: their weights' names matter
        if owns and path and path not in taken and path not in scopes:
            taken.add(path)
            found[entry] = path
    for entry, path, _ in wanted:
        if entry not in found:
            own = path and path not in scopes
            found[entry] = given.give(given.numbered(path if own else _place(entry)))
    return found


class _Given:
    """Names that are taken, and what they stand in. What a scope stands in is a scope, and no scope is ever taken."""

    def __init__(self) -> None:
        self.scopes: set[str] = set()
        self.taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def enter(self, name: str) -> None:
        """What this name stands in is a scope."""
        end = name.rfind(".")
        while end > 0:
            name = name[:end]
            if name in self.scopes:
                return
            self.scopes.add(name)
            end = name.rfind(".")

    def free(self, name: str) -> bool:
        """Whether nothing has this name, stands in it, or has the name of what it stands in."""
        if name in self.taken or name in self.scopes:
            return False
        end = name.rfind(".")
        while end > 0:
            name = name[:end]
            if name in self.scopes:
                return True
            if name in self.taken:
                return False
            end = name.rfind(".")
        return True

    def give(self, name: str) -> str:
        self.taken.add(name)
        self.enter(name)
        return name

    def numbered(self, base: str) -> str:
        """This name where it is free, else the next one with a number."""
        scope, _, last = base.rpartition(".")
        if scope in self.taken:
            while scope in self.taken:  # a layer has that name: stand beside it
                scope, _, before = scope.rpartition(".")
                last = f"{before}_{last}"
            base = f"{scope}.{last}" if scope else last
        if self.free(base):
            return base
        number = self._numbers.get(base, 2)
        while not self.free(f"{base}_{number}"):
            number += 1
        self._numbers[base] = number + 1  # where the next search begins: a file may hold a great many of one name
        return f"{base}_{number}"


def home_of(names: tuple[str, ...]) -> str:
    """The innermost module that holds all of these parameters.

    >>> home_of(("block.attention.in_proj_weight", "block.attention.out_proj.weight"))
    'block.attention'
    """
    first = names[0].rpartition(".")[0]
    for name in names:
        if name.rpartition(".")[0] != first:
            break
    else:
        return first
    common = names[0].split(".")[:-1]
    for name in names[1:]:
        parts = name.split(".")[:-1]
        common = [mine for mine, theirs in zip(common, parts, strict=False) if mine == theirs][: len(common)]
    while common and not all(name.startswith(".".join(common) + ".") for name in names):
        common.pop()
    return ".".join(common)


def _place(entry: TracedOperator) -> str:
    """A name from the module in which an entry ran, and what it is."""
    label = entry.label.replace(".", "_")
    return clean(f"{entry.path}.{label}" if entry.path else label)


@lru_cache(maxsize=4096)  # networks of a family repeat their names, and each is asked for more than once
def clean(name: str) -> str:
    """A path with only what a node's name may hold."""
    if not NAME.fullmatch(name) and name:
        name = ".".join(re.sub(r"[^A-Za-z0-9_]", "_", part) or "_" for part in name.split("."))
    return name if len(name) <= LONGEST else name[-LONGEST:].lstrip(".")
