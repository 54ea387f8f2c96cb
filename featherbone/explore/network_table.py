"""A network at every position of its sliders: its graph once, and its widths and sides as tables.

Widths are rounded and shortcuts come and go with them, so the network is built at each position, and what is equal is
kept once. A size depends on the width multiplier, on the resolution, or is a product of both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from featherbone.cost.memory import lifetimes
from featherbone.cost.receptive import receptive_fields
from featherbone.errors import FeatherboneError
from featherbone.explore.templates import Templates, groups_of
from featherbone.graph import Graph
from featherbone.graph.folding import folded_norms
from featherbone.search.costs.file_size import FILE_HEAD, text_bytes

Signature = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Sliders:
    """What may be moved: positions, where they begin, and the network there.

    A network that has no width multiplier has one position, ``None``; so has one whose resolution is fixed.
    """

    widths: Sequence[float | None]
    resolutions: Sequence[int | None]
    width: int  # places
    resolution: int
    build: Callable[[float | None, int | None], Graph]


@dataclass(kw_only=True)
class BuiltNetwork:
    """A network at one position, and all that does not depend on the numbers of it."""

    graph: Graph
    signature: Signature
    sizes: list[int]  # of each node: its shape, three numbers, and its groups
    texts: int


def network_table(sliders: Sliders, templates: Templates) -> dict[str, Any]:
    """The table of a network as plain values for a page.

    >>> from featherbone.networks import network
    >>> sliders = Sliders(
    ...     widths=(0.5, 1.0), resolutions=(192, 224), width=1, resolution=1,
    ...     build=lambda width, resolution: network("mobilenet_v1", width=width, resolution=resolution),
    ... )
    >>> table = network_table(sliders, Templates.none())
    >>> table["widths"], table["at"], len(table["forms"])
    ([0.5, 1.0], [0, 0], 1)

    Positions at which the network can't be built are left out.
    """
    start, usual = sliders.resolutions[sliders.resolution], sliders.widths[sliders.width]
    columns = {usual: _built(sliders.build(usual, start), templates)}
    columns |= {width: found for width in sliders.widths if (found := _tried(sliders, width, start, templates))}
    columns = dict(sorted(columns.items(), key=lambda column: column[0] or 0))
    forms: dict[Signature, list[float | None]] = {}
    for width, built in columns.items():
        forms.setdefault(built.signature, []).append(width)
    rows = {
        signature: _rows(sliders, usual if usual in widths else widths[0], columns, templates)
        for signature, widths in forms.items()
    }
    resolutions = [each for each in sliders.resolutions if all(each in found for found in rows.values())]
    written = [
        _form(
            signature,
            [columns[width] if width in widths else None for width in columns],
            [rows[signature][each] for each in resolutions],
        )
        for signature, widths in forms.items()
    ]
    at = [list(forms).index(built.signature) for built in columns.values()]
    return {
        "widths": list(columns),
        "resolutions": resolutions,
        "width": list(columns).index(usual),
        "resolution": resolutions.index(start),
        "at": at,
        "forms": written,
        "texts": [
            _texts(
                sliders,
                width,
                built,
                [rows[built.signature][each] for each in resolutions],
                resolutions,
                exact=not _mixed(written[form]),
            )
            for (width, built), form in zip(columns.items(), at, strict=True)
        ],
        "unused": sum(math.prod(shape) for _, shape in columns[usual].graph.unused),
    }


def _rows(
    sliders: Sliders, width: float | None, columns: dict[float | None, BuiltNetwork], templates: Templates
) -> dict[int | None, BuiltNetwork]:
    """One width at every resolution where its operators are the same."""
    start = sliders.resolutions[sliders.resolution]
    tried = {
        each: columns[width] if each == start else _tried(sliders, width, each, templates)
        for each in sliders.resolutions
    }
    return {each: built for each, built in tried.items() if built and built.signature == columns[width].signature}


def _tried(sliders: Sliders, width: float | None, resolution: int | None, templates: Templates) -> BuiltNetwork | None:
    """The network at a position, None where it can't be built there."""
    try:
        return _built(sliders.build(width, resolution), templates)
    except FeatherboneError:
        return None


def _built(graph: Graph, templates: Templates) -> BuiltNetwork:
    norms = {norm.name for norm in folded_norms(graph).values()}
    places = {node.name: place for place, node in enumerate(graph.nodes)}
    nodes = tuple(
        (
            node.name,
            node.operator.kind,
            tuple(places[name] for name in node.inputs),
            templates.of(graph, node, folded=node.name in norms),
            len(node.shape),
        )
        for node in graph.nodes
    )
    storages = tuple((places[each.name], each.first, each.last) for each in lifetimes(graph))
    sizes: list[int] = []
    for node in graph.nodes:
        sizes += [*(int(size) for size in node.shape), *(1 for _ in range(3 - len(node.shape)))][:3]
        sizes.append(groups_of(node))
    return BuiltNetwork(graph=graph, signature=(nodes, storages), sizes=sizes, texts=text_bytes(graph) + FILE_HEAD)


def _form(signature: Signature, along: Sequence[BuiltNetwork | None], across: Sequence[BuiltNetwork]) -> dict[str, Any]:
    """Nodes, pieces of memory and sizes of one graph, at the widths that have it and at every resolution."""
    nodes, storages = signature
    one = across[0]
    known: dict[tuple[tuple[int, ...], tuple[int, ...], int], int] = {}
    base = next(built for built in along if any(built is other for other in across))
    assert base is not None, "the width that all resolutions were built at"
    places = [
        known.setdefault(
            (
                tuple(built.sizes[place] if built else 0 for built in along),
                tuple(built.sizes[place] for built in across),
                base.sizes[place],
            ),
            len(known),
        )
        for place in range(len(one.sizes))
    ]
    fields = receptive_fields(one.graph)
    listed = []
    for number, (node, (name, kind, inputs, template, _)) in enumerate(zip(base.graph.nodes, nodes, strict=True)):
        field = fields[name]
        seen = [float(field.size[0]), float(field.jump[0])] if field and field.size else []
        words = node.operator.describe(*base.graph.input_shapes(node))
        listed.append([name, kind, words, list(inputs), places[4 * number : 4 * number + 4], template, seen])
    return {"nodes": listed, "storages": storages, "sizes": [_size(*size) for size in known]}


def _size(along: tuple[int, ...], across: tuple[int, ...], base: int) -> int | list[Any]:
    """A size: a number, or [by width, by resolution, divisor of their product]; 0 where one does not move it."""
    by_width, by_resolution = len({*along} - {0}) > 1, len({*across}) > 1
    if not by_width and not by_resolution:
        return base
    return [
        list(along) if by_width else 0,
        list(across) if by_resolution else 0,
        base if by_width and by_resolution else 1,
    ]


def _mixed(form: dict[str, Any]) -> bool:
    """Whether a size moves with both sliders."""
    return any(isinstance(size, list) and size[0] and size[1] for size in form["sizes"])


def _texts(
    sliders: Sliders,
    width: float | None,
    built: BuiltNetwork,
    across: Sequence[BuiltNetwork],
    resolutions: Sequence[int | None],
    *,
    exact: bool,
) -> list[int]:
    """The bytes of a file's texts at one width. Digits count, so it is no closed form.

    Where no size moves with both sliders no text does, and what a resolution adds is the same at each width.
    """
    if not exact:
        return [text_bytes(sliders.build(width, each)) + FILE_HEAD for each in resolutions]
    start = across[resolutions.index(sliders.resolutions[sliders.resolution])]
    return [built.texts + other.texts - start.texts for other in across]
