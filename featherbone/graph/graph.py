"""A network as a value: nodes in an order in which they can be computed, and which of them are the result.

Nothing here changes after it is made. Build a graph with ``Wire`` (``featherbone.graph.wire``), from text
(``featherbone.graph.text``) or from entries (``Graph.build``); all three end in the same checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import LARGEST_VOLUME, Dim, Shape, is_symbolic, volume
from featherbone.graph.operators import Input, Operator, shape_text

NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")


class Node(NamedTuple):
    """One operator in its place: its name, the names of the nodes it reads, the shape it writes.

    >>> from featherbone.graph import image
    >>> node = image(3, 8).conv(4, 3, name="stem").graph("tiny").nodes[1]
    >>> node.name, node.inputs, node.shape
    ('stem', ('image',), (4, 8, 8))

    ``shares`` names an earlier node whose weights this one uses, or is empty: a layer that is called twice has its
    parameters once and its multiply-adds each time.
    """

    name: str
    operator: Operator
    inputs: tuple[str, ...]
    shape: Shape
    shares: str = ""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """An immutable network.

    ``unused`` holds name and shape of each trained tensor that the network has and no node reads: an imported module
    may keep branches that its input did not take.

    >>> from featherbone.graph import image
    >>> graph = image(3, 32).conv(8, 3, name="stem").norm().act("relu").graph("tiny")
    >>> [node.name for node in graph.nodes]
    ['image', 'stem', 'stem_norm', 'stem_act']
    >>> graph["stem"].shape
    (8, 32, 32)
    """

    name: str
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    unused: tuple[tuple[str, Shape], ...] = ()
    _by_name: dict[str, Node] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {node.name: node for node in self.nodes})

    @staticmethod
    def build(
        name: str,
        entries: Iterable[tuple[str, Operator, tuple[str, ...]]],
        outputs: tuple[str, ...],
        *,
        shares: Mapping[str, str] | None = None,
        unused: tuple[tuple[str, Shape], ...] = (),
    ) -> Graph:
        """A graph from (name, operator, input names) in computing order; every shape is inferred and checked.

        ``shares`` gives, for a node that uses another node's weights, the name of that node.

        Raises:
            FeatherboneError: a name used twice, malformed, or not defined before its use; what does not fit.
        """
        owners = shares or {}
        shapes: dict[str, Shape] = {}
        nodes: list[Node] = []
        for entry, operator, inputs in entries:
            if not NAME.fullmatch(entry) or len(entry) > 200:
                raise FeatherboneError(
                    f"node name {entry[:80]!r} is not allowed", hint="letters, digits and _, in parts joined by dots"
                )
            if entry in shapes:
                raise FeatherboneError(f"two nodes are named {entry}; names must differ")
            for wanted in inputs:
                if wanted not in shapes:
                    raise FeatherboneError(
                        f"{entry} reads {wanted!r}, which no earlier node writes",
                        hint="nodes stand in computing order; a cycle is not a network",
                    )
            shape = infer(entry, operator, tuple(shapes[wanted] for wanted in inputs))
            shapes[entry] = shape
            nodes.append(Node(name=entry, operator=operator, inputs=inputs, shape=shape, shares=owners.get(entry, "")))
        if not outputs:
            raise FeatherboneError("a graph needs at least one output")
        _check_unused(unused)
        for wanted in outputs:
            if wanted not in shapes:
                raise FeatherboneError(f"output {wanted!r} is no node of the graph")
        clash = next((entry for entry in shapes for other in _scopes(entry) if other in shapes), None)
        if clash is not None:
            raise FeatherboneError(f"{clash} stands inside a scope that is also the name of a node")
        graph = Graph(name=name, nodes=tuple(nodes), outputs=outputs, unused=unused)
        _check_shares(graph)
        return graph

    def __getitem__(self, name: str) -> Node:
        try:
            return self._by_name[name]
        except KeyError:
            from featherbone.errors import did_you_mean

            raise FeatherboneError(
                f"{self.name} has no node {name!r}", hint=did_you_mean(name, self._by_name)
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @property
    def inputs(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if isinstance(node.operator, Input))

    @property
    def input_shape(self) -> Shape:
        """The shape of the only input; FeatherboneError where there are several."""
        if len(self.inputs) != 1:
            raise FeatherboneError(f"{self.name} has {len(self.inputs)} inputs; this needs a network with one")
        return self.inputs[0].shape

    @property
    def output_shape(self) -> Shape:
        """The shape of the only output; FeatherboneError where there are several."""
        if len(self.outputs) != 1:
            raise FeatherboneError(f"{self.name} has {len(self.outputs)} outputs; this needs a network with one")
        return self._by_name[self.outputs[0]].shape

    @property
    def is_symbolic(self) -> bool:
        return any(is_symbolic(size) for node in self.nodes for size in node.shape)

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        """The shapes that ``node`` reads, in order."""
        by_name = self._by_name
        return tuple([by_name[name].shape for name in node.inputs])

    def consumers(self) -> dict[str, list[Node]]:
        """For each node's name, the nodes that read it."""
        readers: dict[str, list[Node]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                readers[name].append(node)
        return readers

    def parameters(self) -> dict[str, Shape]:
        """Each trained tensor that a node reads, by full name (``stage1.block1.expand.weight``); shared ones once."""
        return {
            f"{node.name}.{key}": shape
            for node in self.nodes
            if not node.shares
            for key, shape in node.operator.parameters(*self.input_shapes(node)).items()
        }

    def buffers(self) -> dict[str, Shape]:
        """Every kept but untrained tensor by its full name."""
        return {
            f"{node.name}.{key}": shape
            for node in self.nodes
            if not node.shares
            for key, shape in node.operator.buffers(*self.input_shapes(node)).items()
        }

    def renamed(self, name: str) -> Graph:
        """The same network under another name."""
        return replace(self, name=name)

    def __str__(self) -> str:
        from featherbone.graph.table import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from featherbone.graph.table import as_html

        return as_html(self)


def infer(name: str, operator: Operator, inputs: tuple[Shape, ...]) -> Shape:
    """The shape that ``operator`` writes, after every check; errors begin with the node's name.

    Raises:
        FeatherboneError: the number of inputs, a setting, or a shape does not fit.
    """
    fewest, most = operator.arity
    if len(inputs) < fewest or (most is not None and len(inputs) > most):
        wanted = f"{fewest}" if fewest == most else f"at least {fewest}" if most is None else f"{fewest} to {most}"
        raise FeatherboneError(f"{name}: {operator.kind} takes {wanted} inputs; it was given {len(inputs)}")
    try:
        operator.check()
        shape = operator.output(*inputs)
        _check_sizes(shape)
        for weights in operator.parameters(*inputs).values():
            _check_sizes(weights)
    except FeatherboneError as error:
        raise FeatherboneError(f"{name}: {error.sentence}", hint=error.hint) from None
    return shape


def _check_sizes(shape: Shape) -> None:
    elements: Dim = volume(shape)
    if type(elements) is int and not 0 < elements <= LARGEST_VOLUME:
        raise FeatherboneError(
            f"a tensor of shape {shape_text(shape)} has {elements} elements; allowed are 1 to {LARGEST_VOLUME}"
        )


def _check_unused(unused: tuple[tuple[str, Shape], ...]) -> None:
    """Raise unless the tensors have names that differ, and shapes that a tensor of a network can have."""
    for name, shape in unused:
        if not NAME.fullmatch(name) or len(name) > 200:
            raise FeatherboneError(f"unused tensor {name[:80]!r} has a name that is not allowed")
        _check_sizes(shape)
    if len({name for name, _ in unused}) != len(unused):
        raise FeatherboneError("two unused tensors have one name; names must differ")


def _check_shares(graph: Graph) -> None:
    """Raise unless each node that shares weights names an earlier node that owns exactly such weights."""
    owned: dict[str, tuple[dict[str, Shape], dict[str, Shape]]] = {}
    for node in graph.nodes:
        inputs = graph.input_shapes(node)
        weights = (node.operator.parameters(*inputs), node.operator.buffers(*inputs))
        if not node.shares:
            owned[node.name] = weights
        elif node.shares not in owned:
            raise FeatherboneError(
                f"{node.name} shares the weights of {node.shares!r}, which is no earlier node with weights of its own"
            )
        elif owned[node.shares] != weights or weights == ({}, {}):
            raise FeatherboneError(
                f"{node.name} cannot share the weights of {node.shares}: they differ in names or shapes"
            )


def _scopes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]
