"""Foreign weights under the names of a graph, layer by layer in the order in which both stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import shape_text
from featherbone.nn.weights import COUNTER, check_weights
from featherbone.wording import one_screen

Layer = tuple[str, dict[str, tuple[int, ...]]]  # a prefix, and the shape of each tensor under it
COMPARED = 1_000_000  # pairs of layers; a file with more is compared place by place, which takes no time


def match_by_order(graph: Graph, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Foreign tensors under the names of ``graph``, matched layer by layer in the order in which both stand.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 1).flatten().linear(2).graph("tiny")
    >>> foreign = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1, bias=False), torch.nn.Linear(256, 2))
    >>> list(match_by_order(graph, foreign.state_dict()))
    ['conv.weight', 'linear.weight', 'linear.bias']

    The order must be that of a state dict, or that of each kind of layers by itself: of the norms, of the depthwise
    convolutions, of all others with a bias or without. The match counts only if every layer has its partner, with
    tensors of the same names and shapes. Two neighbours of equal shapes that stand in another order cannot be told
    apart: compare outputs with the original's.

    Raises:
        FeatherboneError: with the layers that do not match.
    """
    ours = _layers(_shapes_in_order(graph))
    theirs = _layers({name: tuple(t.shape) for name, t in tensors.items() if name.rpartition(".")[2] != COUNTER})
    if not _match(ours, theirs):
        # Where names are sorted, or counted by kind, norms do not stand behind their convolutions.
        by_kind = sorted(ours, key=_kind), sorted(theirs, key=_kind)
        if not _match(*by_kind):
            raise _refused(graph, ours, theirs)
        ours, theirs = by_kind
    weights = {
        f"{mine[0]}{key}": tensors[f"{other[0]}{key}"]
        for mine, other in zip(ours, theirs, strict=True)
        for key in mine[1]
    }
    check_weights(graph, weights, what="the matched weights")
    return weights


def _match(ours: list[Layer], theirs: list[Layer]) -> bool:
    return len(ours) == len(theirs) and all(map(_alike, ours, theirs))


def _kind(layer: Layer) -> tuple[list[str], bool]:
    weight = layer[1].get("weight", ())
    return sorted(layer[1]), len(weight) == 4 and weight[1] == 1


def _refused(graph: Graph, ours: list[Layer], theirs: list[Layer]) -> FeatherboneError:
    problems = [f"{_described(mine)} ↔ {_described(other)}" for mine, other in _differences(ours, theirs)]
    return FeatherboneError(
        f"the weights do not match the layers of {graph.name} in order, in {len(problems)} places; "
        f"it has {len(ours)} layers with weights, and the file {len(theirs)}:\n  " + one_screen(problems),
        hint="map the names with load_foreign where the order differs"
        if 2 * len(problems) < len(ours)
        else f"these seem to be the weights of another network than {graph.name}, or of other settings of it",
    )


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


def _differences(ours: list[Layer], theirs: list[Layer]) -> Iterator[tuple[Layer | None, Layer | None]]:
    """Layers without an equal partner, side by side where they stand: one that is missing moves none after it."""
    if len(ours) * len(theirs) > COMPARED:
        yield from ((mine, other) for mine, other in zip_longest(ours, theirs) if not _alike(mine, other))
        return
    # The fewest differences: `left[i][j]` is how many there are from our layer i and their layer j on.
    left = [[len(theirs) - j for j in range(len(theirs) + 1)]]
    for i, mine in enumerate(reversed(ours), 1):
        row = [i]
        for j, other in enumerate(reversed(theirs)):
            aside = left[0][len(theirs) - j] + (not _alike(mine, other))
            row.append(min(aside, row[-1] + 1, left[0][len(theirs) - j - 1] + 1))
        left.insert(0, row[::-1])
    i = j = 0
    while i < len(ours) or j < len(theirs):
        both = i < len(ours) and j < len(theirs)
        different = not both or not _alike(ours[i], theirs[j])
        if both and left[i][j] == left[i + 1][j + 1] + different:
            if different:
                yield ours[i], theirs[j]
            i, j = i + 1, j + 1
        elif i < len(ours) and left[i][j] == left[i + 1][j] + 1:
            yield ours[i], None
            i += 1
        else:
            yield None, theirs[j]
            j += 1


def _alike(mine: Layer | None, other: Layer | None) -> bool:
    return mine is not None and other is not None and mine[1] == other[1]


def _described(layer: Layer | None) -> str:
    if layer is None:
        return "nothing"
    prefix, tensors = layer
    shapes = ", ".join(f"{key} {shape_text(shape)}" for key, shape in tensors.items())
    return f"{prefix.rstrip('.') or 'the outermost'} ({shapes})"
