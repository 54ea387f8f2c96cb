"""A network as the bytes of one TensorFlow Lite file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from featherbone.graph import Node
from featherbone.graph import operators as op
from featherbone.nn import Preprocessing
from featherbone.quantize import QuantizedNetwork
from featherbone.rewrite.trained_graph import TrainedGraph
from featherbone.ship.tflite.boundary import answered, given
from featherbone.ship.tflite.draft import LiteDraft, LiteTensor
from featherbone.ship.tflite.operators import write_lite
from featherbone.ship.tflite.site import LiteSite, channels_last

FUSING = (op.Conv, op.Linear, op.Add)  # what clips its own result
CLIPPING = ("relu", "relu6")


def in_float(network: TrainedGraph) -> QuantizedNetwork:
    """A prepared network that has no grids: everything in it is computed with numbers."""
    return QuantizedNetwork(graph=network.graph, grids={}, layers={}, weights=network.weights)


def network_bytes(
    network: QuantizedNetwork,
    *,
    seen: Preprocessing | None = None,
    half: bool = False,
    metadata: Mapping[str, bytes] | None = None,
) -> bytes:
    """The file: float32 (1, height, width, channels), normalised, → float32 (1, outputs).

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> from featherbone.quantize import prepared
    >>> graph = image(3, 8).conv(4, 3).norm().act("relu").global_pool().flatten().linear(2).graph("tiny")
    >>> network_bytes(in_float(prepared(graph, weights_of(module(graph, seed=0)))))[4:8]
    b'TFL3'

    The network is one that ``featherbone.quantize.prepared`` made, and nothing that ``featherbone.ship.tflite.holds``
    refuses. With ``seen`` it takes uint8 instead, as decoded images have them, and answers with probabilities. With
    ``half``, weights that are numbers are float16 in the file. ``metadata`` are texts that it keeps by their names.

    Raises:
        FeatherboneError: a weight that float16 does not hold.
    """
    graph = network.graph
    draft = LiteDraft(graph.name, half=half)
    (source,), (answer,) = graph.inputs, graph.outputs
    entry, first = given(draft, source, network.grids.get(source.name), seen)
    maps = {source.name: _Held(draft, source.name, first)}
    clips = clipped_with(network)
    clipping = {node.name: layer for layer, node in clips.items()}
    for node in graph.nodes:
        if node.name == source.name:
            continue
        if node.name in clipping:
            maps[node.name] = maps[clipping[node.name]]
            continue
        last = clips.get(node.name, node)
        maps[node.name] = _Held(draft, last.name, _written(draft, network, node, last, maps))
    name, result = answered(draft, maps[answer].numbers(), probabilities=seen is not None)
    return draft.content({"image": entry}, {name: result}, metadata or {})


def clipped_with(network: QuantizedNetwork) -> dict[str, Node]:
    """For each node that clips its own result in the file, by its name: the ReLU or ReLU6 that reads it alone.

    In int8 the two have one grid: on two, the reference rounds twice, and so does the file.
    """
    graph, found = network.graph, {}
    readers = graph.consumers()
    for node in graph.nodes:
        if not (isinstance(node.operator, op.Activation) and node.operator.function in CLIPPING):
            continue
        before = graph[node.inputs[0]]
        alone = readers[before.name] == [node] and before.name not in graph.outputs
        alike = network.in_integers(before.name) == network.in_integers(node.name)
        one_grid = network.grids.get(before.name) == network.grids.get(node.name)
        if alone and alike and one_grid and isinstance(before.operator, FUSING):
            found[before.name] = node
    return found


@dataclass
class _Held:
    """A node's map in the file: as it was written, and in the other form once somebody reads it so."""

    draft: LiteDraft
    name: str
    written: LiteTensor
    other: LiteTensor | None = field(default=None)

    def numbers(self) -> LiteTensor:
        if self.written.grid is None:
            return self.written
        if self.other is None:
            self.other = self.draft.tensor(f"{self.name}/numbers", self.written.shape)
            self.draft.operator("DEQUANTIZE", [self.written], self.other, {})
        return self.other

    def integers(self) -> LiteTensor:
        assert self.written.grid is not None, "a map with a grid is written on it"
        return self.written


def _written(
    draft: LiteDraft, network: QuantizedNetwork, node: Node, last: Node, maps: Mapping[str, _Held]
) -> LiteTensor:
    """The tensor with what a node writes: on its grid, where it has one."""
    whole, grid = network.in_integers(node.name), network.grids.get(last.name)
    shape = channels_last(node.shape)
    writes = draft.tensor(last.name, shape, grid=grid if whole else None)
    held = (maps[name] for name in node.inputs)
    site = LiteSite(
        draft=draft,
        graph=network.graph,
        node=node,
        clip=_clip(last) if last is not node else "",
        reads=tuple(each.integers() if whole else each.numbers() for each in held),
        writes=writes,
        numbers=_numbers(network, node),
        layer=network.layers.get(node.name) if whole else None,
    )
    write_lite(node.operator, site)
    if whole or grid is None:
        return writes
    integers = draft.tensor(f"{last.name}/integers", shape, grid=grid)
    draft.operator("QUANTIZE", [writes], integers, {})
    return integers


def _clip(node: Node) -> str:
    assert isinstance(node.operator, op.Activation)
    return node.operator.function


def _numbers(network: QuantizedNetwork, node: Node) -> dict[str, np.ndarray]:
    """The weights of a node by their short names."""
    return {key.rpartition(".")[2]: tensor.numpy() for key, tensor in network.numbers_of(node.name).items()}
