"""The same network for another resolution, where its weights allow that.

``featherbone.rewrite.resize`` does it for a whole model.
"""

from __future__ import annotations

from dataclasses import replace

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Shape
from featherbone.graph.graph import Graph, Node, infer
from featherbone.graph.operators import AvgPool, Conv, Input, MaxPool, Opaque, Operator, Resize, shape_text
from featherbone.graph.operators.base import sides_text
from featherbone.graph.operators.window import Padding
from featherbone.graph.padding import padding_of
from featherbone.wording import listed

WINDOWS = (Conv, AvgPool, MaxPool)
NEAR = 48  # resolutions up and down in which a message looks for others that work


def resize_graph(graph: Graph, resolution: int) -> Graph:
    """``graph`` for images with sides of ``resolution``, with weights of the same shapes.

    >>> from featherbone.graph import image
    >>> graph = image(3, 224).conv(8, 3, stride=2).global_pool().flatten().linear(10).graph("tiny")
    >>> resize_graph(graph, 96)["conv"].shape
    (8, 48, 48)

    A pool over a whole map stays one, and a resize keeps its factor. Padding stays what it is, but TensorFlow's, which
    puts the odd pixel behind, follows from the size of the map as it did before.

    Raises:
        FeatherboneError: several inputs, or one without sides; a map that would vanish; a layer whose weights would
            have other shapes, as one that reads a flattened map; an opaque operator that would read another map.
    """
    if type(resolution) is not int or resolution < 1:
        raise FeatherboneError(f"the resolution is {resolution!r}; it must be a whole number of at least 1")
    try:
        return _resized(graph, resolution)
    except FeatherboneError as error:
        near = [] if graph.is_symbolic or len(graph.inputs) != 1 else _near(graph, resolution)
        hint = f"{graph.name} also works at {listed(near)}" if near else error.hint
        sentence = f"{graph.name} cannot take {resolution}×{resolution}: {error.sentence}"
        raise FeatherboneError(sentence, hint=hint) from None


def _resized(graph: Graph, resolution: int) -> Graph:
    channels, *sides = graph.input_shape
    if not sides:
        raise FeatherboneError(f"its input is a vector of {channels} numbers, which has no sides")
    follows = _follow_tensorflow(graph)
    shapes: dict[str, Shape] = {}
    entries: list[tuple[str, Operator, tuple[str, ...]]] = []
    for node in graph.nodes:
        before, after = graph.input_shapes(node), tuple(shapes[name] for name in node.inputs)
        operator = _fitted(node, before, after, resolution)
        if node.name in follows and isinstance(operator, WINDOWS):
            operator = replace(operator, padding=_tensorflow(node.name, operator, after[0]))
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


def _follow_tensorflow(graph: Graph) -> set[str]:
    """The windows that are padded as TensorFlow does, if an odd pixel behind says that it is TensorFlow's padding."""
    found = {
        node.name: node.operator
        for node in graph.nodes
        if isinstance(node.operator, WINDOWS)
        and node.operator.padding == _tensorflow(node.name, node.operator, graph.input_shapes(node)[0])
    }
    odd = any(before != after for operator in found.values() for before, after in operator.padding)
    return set(found) if odd else set()


def _tensorflow(name: str, operator: Conv | AvgPool | MaxPool, shape: Shape) -> Padding:
    dilation = operator.dilation if isinstance(operator, Conv) else (1,) * len(operator.kernel)
    return padding_of(name, "tf_same", shape[1:], operator.kernel, operator.stride, dilation)


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
            f"{node.name} reads {shape_text(before[0])} features of a flattened map, and would be given "
            f"{shape_text(after[0])}",
            hint="a network whose maps are pooled to one value a channel takes any resolution",
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
