"""Rows of a count folded by scope, for tables per stage and per block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from featherbone.cost.row import Row, total
from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape


@dataclass(frozen=True, kw_only=True)
class Group:
    """The rows that share a scope, and what they cost together; ``output`` is the shape that the last one writes.

    >>> from featherbone.cost import count
    >>> from featherbone.networks import network
    >>> stem = count(network("mobilenet_v1")).by_scope()[1]
    >>> stem.name, stem.macs, stem.output
    ('stem', 10838016, (32, 112, 112))
    """

    name: str
    rows: tuple[Row, ...]
    output: Shape
    params: Dim
    macs: Dim
    activations: Dim


def by_scope(rows: Sequence[Row], depth: int = 1) -> tuple[Group, ...]:
    """Rows folded by the first ``depth`` parts of their names, in the order in which each part first appears.

    >>> from featherbone.cost import count
    >>> from featherbone.graph import image, scope
    >>> x = image(3, 8).conv(4, 3, name="stem").norm().act("relu")
    >>> with scope("stage1"), scope("block1"):
    ...     x = x.depthwise(3).norm()
    >>> [(group.name, group.params) for group in count(x.graph("tiny")).by_scope(1)]
    [('image', 0), ('stem', 116), ('stage1', 44)]

    A norm or an activation that is named after its producer folds into it.

    Raises:
        FeatherboneError: a depth below 1.
    """
    if depth < 1:
        raise FeatherboneError(f"depth is {depth}; it must be at least 1", hint="1 is stages, 2 is blocks")
    names = {row.name for row in rows}
    members: dict[str, list[Row]] = {}
    for row in rows:
        key = ".".join(producer(row.name, names).split(".")[:depth])
        members.setdefault(key, []).append(row)
    return tuple(_group(key, tuple(found)) for key, found in members.items())


def producer(name: str, names: set[str]) -> str:
    """``stem`` for ``stem_norm`` and ``stem_norm_act``, where such a node exists."""
    for suffix in ("_act", "_norm"):
        if name.endswith(suffix) and name[: -len(suffix)] in names:
            name = name[: -len(suffix)]
    return name


def _group(name: str, rows: tuple[Row, ...]) -> Group:
    sums: dict[str, Any] = {key: total(getattr(row, key) for row in rows) for key in ("params", "macs", "activations")}
    return Group(name=name, rows=rows, output=rows[-1].output, **sums)
