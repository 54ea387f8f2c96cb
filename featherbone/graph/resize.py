"""The same network for another resolution, where its weights allow that; ``featherbone.rewrite.resize`` takes them along."""

from __future__ import annotations

from dataclasses import replace

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Shape
from featherbone.graph.graph import Graph, Node, infer
from featherbone.graph.operators import AvgPool, Input, MaxPool, Opaque, Operator, Resize, shape_text
from featherbone.graph.operators.base import sides_text
from featherbone.wording import listed

NEAR = 48  # resolutions up and down in which a message looks for others that work


def resize_graph(graph: Graph, resolution: int) -> Graph:
    """``graph`` for images with sides of ``resolution``, with weights of the same shapes.

    >>> from featherbone.graph import image
    >>> graph = image(3, 224).conv(8, 3, stride=2).global_pool().flatten().linear(10).graph("tiny")
    >>> resize_graph(graph, 96)["conv"].shape
    (8, 48, 48)

    A pool over a whole map stays one, and a resize keeps its factor. Padding stays what it is, so a network with
    TensorFlow's is one for sides that divide as the old ones did.

    Raises:
        FeatherboneError: several inputs, or one without sides; a map that would vanish; a layer whose weights would have
            other shapes, as one that reads a flattened map; an opaque operator that would read another map.
    """
    try:
        return _resized(graph, resolution)
    except FeatherboneError as error:
        near = [] if graph.is_symbolic or len(graph.inputs) != 1 else _near(graph, resolution)
        hint = f"{graph.name} also works at {listed(near)}" if near else error.hint
        raise FeatherboneError(
            f"{graph.name} cannot take {resolution}×{resolution}: {error.sentence}", hint=hint
        ) from None


def _resized(graph: Graph, resolution: int) -> Graph:
    channels, *sides = graph.input_shape
    if type(resolution) is not int or resolution < 1:
        raise FeatherboneError("a resolution is a whole number of at least 1")
    if not sides:
        raise FeatherboneError(f"its input is a vector of {channels} numbers, which has no sides")
    shapes: dict[str, Shape] = {}
    entries: list[tuple[str, Operator, tuple[str, ...]]] = []
    for node in graph.nodes:
        before, after = graph.input_shapes(node), tuple(shapes[name] for name in node.inputs)
        operator = _fitted(node, before, after, resolution)
        _require_same_weights(node, operator, before, after)
        shapes[node.name] = infer(node.name, operator, after)
        entries.append((node.name, operator, node.inputs))
    shares = {node.name: node.shares for node in graph.nodes if node.shares}
    return Graph.build(graph.name, entries, graph.outputs, shares=shares, unused=graph.unused)


def _fitted(node: Node, before: tuple[Shape, ...], after: tuple[Shape, ...], resolution: int) -> Operator:
    """The operator with the settings that follow from the size of what it reads."""
    operator = node.operator
    if isinstance(operator, Input):
        return replace(operator, shape=(operator.shape[0], *(resolution for _ in operator.shape[1:])))
    if before == after:
        return operator
    if isinstance(operator, Opaque):
        raise FeatherboneError(
            f"{node.name}: {operator.label} is outside the vocabulary, and what it writes is known for "
            f"{shape_text(before[0])} alone"
        )
    if isinstance(operator, (AvgPool, MaxPool)) and operator.kernel == before[0][1:] and not _padded(operator):
        return replace(operator, kernel=after[0][1:], stride=after[0][1:])
    if isinstance(operator, Resize):
        return replace(operator, size=_scaled(node.name, operator, before[0], after[0]))
    return operator


def _padded(operator: AvgPool | MaxPool) -> bool:
    return any(edge != 0 for edges in operator.padding for edge in edges)


def _scaled(name: str, operator: Resize, before: Shape, after: Shape) -> tuple[int, ...]:
    """The sides that a resize writes where its input changes and its factor does not."""
    sides: list[int] = []
    for wanted, old, new in zip(operator.size, before[1:], after[1:], strict=True):
        side, rest = divmod(int(wanted) * int(new), int(old))
        if rest:
            raise FeatherboneError(
                f"{name}: a resize of {sides_text(before[1:])} to {sides_text(operator.size)} has no whole counterpart "
                f"for {sides_text(after[1:])}"
            )
        sides.append(side)
    return tuple(sides)


def _require_same_weights(node: Node, operator: Operator, before: tuple[Shape, ...], after: tuple[Shape, ...]) -> None:
    wanted, given = node.operator.parameters(*before), operator.parameters(*after)
    if wanted != given:
        raise FeatherboneError(
            f"{node.name} was trained for {shape_text(before[0])} and would read {shape_text(after[0])}, as it stands behind "
            "a flattened map",
        )


def _near(graph: Graph, resolution: int) -> list[str]:
    """The nearest resolutions that work, in order."""
    found: list[int] = []
    for distance in range(1, NEAR + 1):
        for other in (resolution - distance, resolution + distance):
            if len(found) < 3 and other > 0 and _works(graph, other):
                found.append(other)
    return [str(each) for each in sorted(found)]


def _works(graph: Graph, resolution: int) -> bool:
    try:
        _resized(graph, resolution)
    except FeatherboneError:
        return False
    return True
