"""Bytes that an operator moves between memory and arithmetic: its weights, what it reads, what it writes."""

from __future__ import annotations

from featherbone.cost.memory import DTYPES, VIEWS
from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph import Graph
from featherbone.graph.dimension import volume

UNMOVED = VIEWS | {"input", "dropout"}  # at inference these copy nothing


def bytes_moved(graph: Graph, dtype: str = "float32") -> dict[str, int]:
    """Bytes of weights + inputs + outputs of each operator by name, for a batch of one.

    >>> from featherbone.graph import image
    >>> bytes_moved(image(3, 8).conv(4, 3, name="stem").act("relu").graph("tiny"))  # 4·(108 + 192 + 256), 4·(256 + 256)
    {'image': 0, 'stem': 2224, 'stem_act': 2048}

    Every operator runs by itself, so a map is written by one and read again by the next: an upper bound for runtimes
    that fuse. Weights have the dtype of the maps; running statistics are folded away; shared weights are read again.
    Flatten, slice, dropout and the input move nothing. Multiply-adds over these bytes are the arithmetic intensity of
    Williams, Waterman and Patterson, "Roofline" (Communications of the ACM 52(4), 2009).

    Raises:
        FeatherboneError: an unknown dtype; a graph with symbolic sizes.
    """
    if dtype not in DTYPES:
        raise FeatherboneError(f"unknown dtype {dtype!r}", hint=did_you_mean(dtype, DTYPES))
    if graph.is_symbolic:
        raise FeatherboneError(
            f"{graph.name} has symbolic sizes; its bytes are not known", hint="build it with numbers"
        )
    moved: dict[str, int] = {}
    for node in graph.nodes:
        inputs = graph.input_shapes(node)
        tensors = [*inputs, node.shape, *node.operator.parameters(*inputs).values()]
        still = node.operator.kind in UNMOVED
        moved[node.name] = 0 if still else DTYPES[dtype] * sum(int(volume(shape)) for shape in tensors)
    return moved
