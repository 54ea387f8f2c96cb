"""Peak memory of the activations: which tensors are alive while each operator runs, and where most bytes are.

Weights are not part of it. The order is the graph's own; a tensor lives from the operator that writes it to the last
one that reads it, the inputs from the start, the outputs to the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph import Graph, Node
from featherbone.graph.dimension import volume

DTYPES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}
VIEWS = frozenset({"flatten", "slice"})  # another look at the same bytes, as channels are outermost
ELEMENT_WISE = frozenset({"activation", "dropout"})
NORMS = frozenset({"batch_norm"})
JOINING = frozenset({"add", "multiply"})


@dataclass(frozen=True, slots=True)
class LiveTensor:
    """A tensor that is alive: the node that wrote it (before anything wrote into it in place), and its bytes."""

    name: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class PeakMemory:
    """The peak in bytes, the node that runs then, the tensors alive (largest first), and the bytes at every node.

    >>> from featherbone.graph import image
    >>> peak = peak_memory(image(3, 8).conv(4, 3, name="stem").graph("tiny"))
    >>> peak.bytes, peak.node, peak.dtype
    (1792, 'stem', 'float32')
    """

    bytes: int
    node: str
    live: tuple[LiveTensor, ...]
    timeline: tuple[tuple[str, int], ...]
    dtype: str


@dataclass(slots=True)
class Buffer:
    """Bytes that one or more nodes share: a tensor, its views, and what was written into it in place.

    They are alive from the step ``first`` to the step ``last``, both included; steps are the places of nodes.
    """

    name: str
    bytes: int
    first: int
    last: int


def peak_memory(
    graph: Graph, dtype: str = "float32", in_place: bool = True, fused: bool = True, add_in_place: bool = False
) -> PeakMemory:
    """The most bytes of activations that are alive at once, for a batch of one.

    >>> from featherbone.graph import image
    >>> x = image(3, 8).conv(4, 3, name="stem").norm().act("relu").conv(2, 3, name="head")
    >>> peak = peak_memory(x.graph("tiny"))
    >>> peak.bytes, peak.node, [tensor.name for tensor in peak.live]
    (1792, 'stem', ['stem', 'image'])
    >>> peak_memory(x.graph("tiny"), dtype="int8").bytes
    448

    Args:
        dtype: float32, float16, bfloat16 or int8.
        in_place: activation and dropout write over their input where nothing reads it afterwards.
        fused: a batch norm does so too (it is folded into the convolution before it).
        add_in_place: add and multiply write over an input of the same shape that nothing reads afterwards.

    Flatten and slice are views and cost nothing; they keep alive what they look at.

    Raises:
        FeatherboneError: an unknown dtype; a graph with symbolic sizes, whose peak has no place.
    """
    storages = lifetimes(graph, dtype=dtype, in_place=in_place, fused=fused, add_in_place=add_in_place)
    changes = [0] * (len(graph.nodes) + 1)
    for storage in storages:
        changes[storage.first] += storage.bytes
        changes[storage.last + 1] -= storage.bytes
    timeline: list[tuple[str, int]] = []
    alive = 0
    for node, change in zip(graph.nodes, changes, strict=False):
        alive += change
        timeline.append((node.name, alive))
    place = max(range(len(timeline)), key=lambda step: timeline[step][1])
    live = [LiveTensor(storage.name, storage.bytes) for storage in storages if storage.first <= place <= storage.last]
    return PeakMemory(
        bytes=timeline[place][1],
        node=timeline[place][0],
        live=tuple(sorted(live, key=lambda tensor: -tensor.bytes)),
        timeline=tuple(timeline),
        dtype=dtype,
    )


def lifetimes(
    graph: Graph, dtype: str = "float32", in_place: bool = True, fused: bool = True, add_in_place: bool = False
) -> list[Buffer]:
    """Every separate piece of memory, with the steps at which it comes and goes; arguments as in ``peak_memory``.

    >>> from featherbone.graph import image
    >>> x = image(3, 8).conv(4, 3, name="stem").norm().act("relu").conv(2, 3, name="head")
    >>> [(storage.name, storage.first, storage.last) for storage in lifetimes(x.graph("tiny"))]
    [('image', 0, 1), ('stem', 1, 4), ('head', 4, 4)]
    """
    if dtype not in DTYPES:
        raise FeatherboneError(f"unknown dtype {dtype!r}", hint=did_you_mean(dtype, DTYPES))
    if graph.is_symbolic:
        raise FeatherboneError(
            f"{graph.name} has symbolic sizes; which tensors are largest is not known",
            hint="build it with numbers to read its peak memory",
        )
    allowed = {*(ELEMENT_WISE if in_place else ()), *(NORMS if fused else ()), *(JOINING if add_in_place else ())}
    size, over = DTYPES[dtype], frozenset(allowed)
    last_read = _last_read(graph)
    held: dict[str, Buffer] = {}  # by node
    storages: list[Buffer] = []
    for step, node in enumerate(graph.nodes):
        amount = int(volume(node.shape)) * size
        shared: Buffer | None = None
        if node.operator.kind in VIEWS:
            shared = held[node.inputs[0]]
        elif node.operator.kind in over:
            shared = _overwritten(graph, node, step, amount, held)
        if shared is None:
            first = 0 if node.operator.kind == "input" else step
            shared = Buffer(node.name, amount, first, step)
            storages.append(shared)
        shared.last = max(shared.last, last_read.get(node.name, step))
        held[node.name] = shared
    return storages


def _last_read(graph: Graph) -> dict[str, int]:
    """The last step at which each node's result is needed."""
    last_read = {name: step for step, node in enumerate(graph.nodes) for name in node.inputs}
    for name in graph.outputs:
        last_read[name] = len(graph.nodes) - 1
    return last_read


def _overwritten(graph: Graph, node: Node, step: int, amount: int, held: dict[str, Buffer]) -> Buffer | None:
    """The memory of an input that ``node`` may write over: as large as its result, and read by nothing afterwards."""
    for name in node.inputs:
        storage = held[name]
        if storage.last == step and storage.bytes == amount and graph[name].shape == node.shape:
            return storage
    return None
