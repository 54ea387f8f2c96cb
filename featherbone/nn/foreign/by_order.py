"""Foreign weights under the names of a graph, layer by layer in the order in which both stand."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import shape_text
from featherbone.nn.weights import COUNTER, check_weights

Layer = tuple[str, dict[str, tuple[int, ...]]]  # a prefix, and the shape of each tensor under it


def match_by_order(graph: Graph, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Foreign tensors under the names of ``graph``, matched layer by layer in the order in which both stand.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 1).flatten().linear(2).graph("tiny")
    >>> foreign = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1, bias=False), torch.nn.Linear(256, 2))
    >>> list(match_by_order(graph, foreign.state_dict()))
    ['conv.weight', 'linear.weight', 'linear.bias']

    The order must be that of a state dict; a safetensors file sorts its names and loses it. The match counts only if
    every layer has its partner, with tensors of the same names and shapes. Two neighbours of equal shapes that stand in
    another order cannot be told apart: compare outputs with the original's.

    Raises:
        FeatherboneError: with every layer that does not match.
    """
    ours = _layers(_shapes_in_order(graph))
    theirs = _layers({name: tuple(t.shape) for name, t in tensors.items() if name.rpartition(".")[2] != COUNTER})
    problems = [
        f"{_described(mine)} ↔ {_described(other)}"
        for mine, other in zip_longest(ours, theirs)
        if mine is None or other is None or mine[1] != other[1]
    ]
    if problems:
        raise FeatherboneError(
            f"the weights do not match the layers of {graph.name} in order, at {len(problems)} of {len(ours)}:\n  "
            + "\n  ".join(problems),
            hint="map the names with load_foreign where the order differs",
        )
    weights = {
        f"{mine[0]}{key}": tensors[f"{other[0]}{key}"]
        for mine, other in zip(ours, theirs, strict=True)
        for key in mine[1]
    }
    check_weights(graph, weights, what="the matched weights")
    return weights


def _shapes_in_order(graph: Graph) -> dict[str, tuple[int, ...]]:
    shapes = {**graph.parameters(), **graph.buffers()}
    place = {node.name: number for number, node in enumerate(graph.nodes)}
    return {name: shapes[name] for name in sorted(shapes, key=lambda name: place[name.rpartition(".")[0]])}


def _layers(shapes: Mapping[str, tuple[int, ...]]) -> list[Layer]:
    """Tensors gathered under the prefix before their own name, in order of first appearance."""
    layers: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        key = name.rpartition(".")[2]
        layers.setdefault(name.removesuffix(key), {})[key] = shape
    return list(layers.items())


def _described(layer: Layer | None) -> str:
    if layer is None:
        return "nothing"
    prefix, tensors = layer
    return f"{prefix.rstrip('.')} ({', '.join(f'{key} {shape_text(shape)}' for key, shape in tensors.items())})"
