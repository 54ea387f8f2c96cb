"""A quantized network as ONNX: each map on its grid by QuantizeLinear and DequantizeLinear (QDQ), weights as integers.

Runtimes fuse what stands between such pairs into operators on integers. Maps are unsigned in the file, as ONNX Runtime
prefers on x86: each integer and each zero plus half the range, which stands for the same numbers.
"""

from __future__ import annotations

import numpy as np
import onnx

from featherbone.graph import Graph, Node
from featherbone.graph import operators as op
from featherbone.nn.onnx_writer import INPUT, OUTPUT, require_writable
from featherbone.nn.onnx_writer.draft import Draft
from featherbone.nn.onnx_writer.operators import write
from featherbone.nn.onnx_writer.site import Site
from featherbone.quantize.network import QuantizedNetwork
from featherbone.quantize.sharing import CLIPS

WIDE_OPSET = 21  # the first in which a map may have 16 bits; ONNX Runtime has it from 1.20 on
UNSIGNED = {8: np.uint8, 16: np.uint16}


def to_qdq(network: QuantizedNetwork) -> onnx.ModelProto:
    """The network as an ONNX protocol buffer: float32 (batch, *input shape) → (batch, *output shape), the batch free.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> from featherbone.quantize import Grid, nearest_network, prepared
    >>> graph = image(3, 8).conv(4, 3, name="stem").act("relu").graph("tiny")
    >>> grids = dict.fromkeys(("image", "stem", "stem_act"), Grid(step=0.1, zero=-128))
    >>> proto = to_qdq(nearest_network(prepared(graph, weights_of(module(graph, seed=0))), grids))
    >>> [node.op_type for node in proto.graph.node if node.name == "stem"]
    ['Conv']

    The input is ``image``, normalised, and the output ``logits``, as in ``featherbone.nn.to_onnx``; nodes have the
    names of the graph. A runtime rounds as it likes: it may differ by a step from the reference.

    Raises:
        FeatherboneError: a node outside the vocabulary, or several inputs or outputs.
    """
    graph = network.graph
    require_writable(graph)
    draft = Draft(graph.name)
    if any(grid.bits == 16 for grid in network.grids.values()):
        draft.proto.opset_import[0].version = WIDE_OPSET
    (source,), (answer,) = graph.inputs, graph.outputs
    names = {source.name: draft.free(INPUT)}
    result = draft.free(OUTPUT)
    draft.boundary(draft.proto.graph.input, names[source.name], source.shape)
    found = {source.name: _on_grid(draft, network, source, names[source.name])}
    for node in graph.nodes:
        if node.name == source.name:
            continue
        _add_weights(draft, network, node)
        site = Site(
            draft=draft,
            node=node,
            norm=None,
            reads=tuple(found[name] for name in node.inputs),
            shapes=graph.input_shapes(node),
            writes=draft.free(node.name),
            weights=network.numbers_of(node.name),
        )
        write(node.operator, site)
        found[node.name] = (
            site.writes if _clipped_next(graph, network, node) else _on_grid(draft, network, node, site.writes)
        )
    draft.node("Identity", [found[answer]], result, f"{answer}/result", {})
    draft.boundary(draft.proto.graph.output, result, graph[answer].shape)
    return draft.proto


def _clipped_next(graph: Graph, network: QuantizedNetwork, node: Node) -> bool:
    """Whether a map is only read by a ReLU of the same grid, so that runtimes put the two into one operator."""
    readers = [other for other in graph.nodes if node.name in other.inputs]
    if len(readers) != 1 or node.name in graph.outputs:
        return False
    operator, grid = readers[0].operator, network.grids.get(node.name)
    clips = isinstance(operator, op.Activation) and operator.function in CLIPS
    return clips and grid is not None and network.grids.get(readers[0].name) == grid


def _on_grid(draft: Draft, network: QuantizedNetwork, node: Node, value: str) -> str:
    """The value put on the grid of its map, where that has one."""
    grid = network.grids.get(node.name)
    if grid is None:
        return value
    step = draft.constant(f"{node.name}/step", np.array(grid.step, dtype=np.float32))
    zero = draft.integers(f"{node.name}/zero", np.array(grid.zero - grid.low, dtype=UNSIGNED[grid.bits]))
    quantized, numbers = draft.free(f"{node.name}/quantized"), draft.free(f"{node.name}/numbers")
    draft.node("QuantizeLinear", [value, step, zero], quantized, quantized, {})
    draft.node("DequantizeLinear", [quantized, step, zero], numbers, numbers, {})
    return numbers


def _add_weights(draft: Draft, network: QuantizedNetwork, node: Node) -> None:
    """Integer weights with their steps, where a layer computes in integers; in float they would only cost time.

    A grouped transposed convolution, whose steps have no axis, keeps numbers too.
    """
    operator = node.operator
    transposed = isinstance(operator, op.ConvTranspose)
    if node.name not in network.layers or not network.in_integers(node.name):
        return
    if isinstance(operator, op.ConvTranspose) and operator.groups != 1:
        return
    layer = network.layers[node.name]
    _computed(draft, f"{node.name}.weight", layer.levels.numpy(), layer.steps.numpy(), axis=int(transposed))
    if layer.bias is not None:
        steps = network.bias_steps(node.name).float().numpy()
        _computed(draft, f"{node.name}.bias", layer.bias.numpy(), steps, axis=0)


def _computed(draft: Draft, name: str, integers: np.ndarray, steps: np.ndarray, *, axis: int) -> None:
    zeros = draft.integers(f"{name}/zeros", np.zeros(len(steps), dtype=integers.dtype))
    levels, scale = draft.integers(f"{name}/levels", integers), draft.constant(f"{name}/steps", steps)
    value = draft.free(name)
    draft.node("DequantizeLinear", [levels, scale, zeros], value, value, {"axis": axis})
    draft.computed_weight(name, value)
