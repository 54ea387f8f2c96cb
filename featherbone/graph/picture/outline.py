"""A graph as the blocks that a person would name: what each holds, reads, writes and costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from featherbone.graph.dimension import Shape
from featherbone.graph.graph import Graph, Node
from featherbone.graph.operators import Add, Conv, Input, Linear, Opaque

Costs = Mapping[str, tuple[int, int]]  # node → (parameters, multiply-adds)


@dataclass(frozen=True, kw_only=True)
class DrawnBlock:
    """Nodes that belong together.

    ``stage`` is the first part of their scope, ``label`` the rest of it; ``sources`` are the places, in the outline, of
    the blocks that it reads (-1 is the network's input). ``shortcut`` is ``"identity"`` where an add joins the block's
    own input, ``"projected"`` where it joins a convolution of it, else empty.
    """

    stage: str
    label: str
    nodes: tuple[Node, ...]
    descriptions: tuple[str, ...]  # a few words for each node
    sources: tuple[int, ...]
    reads: Shape
    writes: Shape
    shortcut: str
    params: int
    macs: int


def outline(graph: Graph, costs: Costs) -> tuple[DrawnBlock, ...]:
    """The blocks of a network, in computing order.

    Nodes of one scope, down to its second part (``stage3.block2``), are one block; where such parts need each
    other, as with a shortcut that stands beside them, the whole stage is. Nodes without a scope gather around the
    convolution or linear layer that they follow.

    >>> from featherbone.graph import image, scope
    >>> x = image(3, 8).conv(4, 3, name="stem").norm().act("relu")
    >>> with scope("stage1"), scope("block1"):
    ...     x = x + x.pointwise(4).norm()
    >>> blocks = outline(x.global_pool().flatten().linear(2).graph("tiny"), {})
    >>> [(block.stage, block.label, block.shortcut) for block in blocks]
    [('stem', '', ''), ('stage1', 'block1', 'identity'), ('linear', '', '')]
    """
    groups = _grouped(graph, frozenset())
    place = _places(graph, groups)
    tangled = {
        nodes[0].name.partition(".")[0]
        for index, nodes in enumerate(groups)
        if any(place[name] > index for node in nodes for name in node.inputs)
    }
    if tangled:
        groups = _grouped(graph, frozenset(tangled))
        place = _places(graph, groups)
    return tuple(_block(graph, nodes, index, place, costs) for index, nodes in enumerate(groups))


def _places(graph: Graph, groups: list[list[Node]]) -> dict[str, int]:
    places = {node.name: -1 for node in graph.inputs}
    return places | {node.name: index for index, nodes in enumerate(groups) for node in nodes}


def _scope(name: str, whole: frozenset[str]) -> list[str]:
    parts = name.split(".")[:-1]
    return parts[:1] if parts and parts[0] in whole else parts[:2]


def _grouped(graph: Graph, whole: frozenset[str]) -> list[list[Node]]:
    groups: dict[str, list[Node]] = {}
    loose, previous_was_loose = 0, False
    for node in graph.nodes:
        if isinstance(node.operator, Input):
            continue
        scope = _scope(node.name, whole)
        if not scope:
            full = previous_was_loose and _is_heavy(node) and any(map(_is_heavy, groups[f" {loose}"]))
            loose += full or not previous_was_loose
        key = ".".join(scope) or f" {loose}"  # a space can't stand in a node's name
        groups.setdefault(key, []).append(node)
        previous_was_loose = not scope
    return list(groups.values())


def _is_heavy(node: Node) -> bool:
    return isinstance(node.operator, (Conv, Linear, Opaque))


def _block(graph: Graph, nodes: list[Node], index: int, place: Mapping[str, int], costs: Costs) -> DrawnBlock:
    inside = {node.name for node in nodes}
    outer = [name for node in nodes for name in node.inputs if name not in inside]
    scopes = {tuple(node.name.split(".")[:-1][:2]) for node in nodes}
    scope = next(iter(scopes)) if len(scopes) == 1 else nodes[0].name.split(".")[:1]  # a whole stage
    title = next((node.name for node in nodes if _is_heavy(node)), nodes[0].name)
    return DrawnBlock(
        stage=scope[0] if scope else title,
        label=scope[1] if len(scope) > 1 else "",
        nodes=tuple(nodes),
        descriptions=tuple(node.operator.describe(*graph.input_shapes(node)) for node in nodes),
        sources=tuple(sorted({place[name] for name in outer})),
        reads=graph[outer[0]].shape if outer else nodes[0].shape,
        writes=nodes[-1].shape,
        shortcut=_shortcut(nodes),
        params=sum(costs.get(node.name, (0, 0))[0] for node in nodes),
        macs=sum(costs.get(node.name, (0, 0))[1] for node in nodes),
    )


def _shortcut(nodes: list[Node]) -> str:
    """Whether an add joins the block's input itself, or a projection of it, to what the block computes."""
    shortest = _layers_to_input(nodes, min)
    longest = _layers_to_input(nodes, max)
    found = ""
    for node in nodes:
        if not isinstance(node.operator, Add):
            continue
        near = min(shortest.get(name, 0) for name in node.inputs)
        far = max(longest.get(name, 0) for name in node.inputs)
        if far > 0:
            found = "identity" if near == 0 else found or "projected"
    return found


def _layers_to_input(nodes: list[Node], choose: Callable[[list[int]], int]) -> dict[str, int]:
    """For each node of a block, how many layers with weights lie between the block's input and its result."""
    layers: dict[str, int] = {}
    for node in nodes:
        before = [layers.get(name, 0) for name in node.inputs]
        layers[node.name] = (choose(before) if before else 0) + _is_heavy(node)
    return layers
