"""A graph and its weights as one ONNX model, in memory."""

from __future__ import annotations

import math
from collections.abc import Mapping

import onnx
import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.folding import folded_norms
from featherbone.graph.operators import Dropout, Opaque
from featherbone.nn.branch_merging import merge_branches
from featherbone.nn.initialise import initial_weights
from featherbone.nn.numeric import require_numbers
from featherbone.nn.onnx_writer.draft import Draft
from featherbone.nn.onnx_writer.operators import write
from featherbone.nn.onnx_writer.site import Site
from featherbone.nn.weights import check_weights

INPUT, OUTPUT = "image", "logits"
LARGEST = 2**31 - 2**20  # bytes of weights: a protocol buffer ends at 2 GiB, and the graph needs a little of it


def to_onnx(graph: Graph, weights: Mapping[str, torch.Tensor]) -> onnx.ModelProto:
    """The network as an ONNX protocol buffer: float32 (batch, *input shape) → (batch, *output shape), the batch free.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(4, 3, name="stem").norm().act("relu").global_pool().flatten().linear(2).graph("tiny")
    >>> proto = to_onnx(graph, weights_of(module(graph, seed=0)))
    >>> [(node.op_type, node.name) for node in proto.graph.node][:2]
    [('Conv', 'stem_norm'), ('Relu', 'stem_act')]

    Sums of branches are merged into one convolution (``featherbone.graph.parallel``), norms are folded into the layers
    before them where that is exact (``featherbone.graph.folding``), and dropout does nothing. A node, and what it
    writes, is named after the graph's node that it computes, a step on the way there ``name/step``; so a runtime's
    profile speaks of the graph. Weights have their names in the state dict. The input is ``image`` and the output
    ``logits``; of several, each has the name of its node.

    Raises:
        FeatherboneError: a node outside the vocabulary, with its name; symbolic sizes; weights that do not fit the
            graph, or that are more than one ONNX file holds.
    """
    require_writable(graph)
    check_weights(graph, weights)
    graph, weights = merge_branches(graph, weights)
    draft = Draft(graph.name)
    inputs = [draft.free(INPUT if len(graph.inputs) == 1 else node.name) for node in graph.inputs]
    outputs = [draft.free(OUTPUT if len(graph.outputs) == 1 else name) for name in graph.outputs]
    for node, name in zip(graph.inputs, inputs, strict=True):
        draft.boundary(draft.proto.graph.input, name, node.shape)
    found = {node.name: name for node, name in zip(graph.inputs, inputs, strict=True)}  # what holds each node's map
    ends = {_computed(graph, name): written for name, written in zip(graph.outputs, outputs, strict=True)}
    folded = folded_norms(graph)
    for node in graph.nodes:
        if node.name in found:
            continue
        if isinstance(node.operator, Dropout):
            found[node.name] = found[node.inputs[0]]
            continue
        last = folded.get(node.name, node).name
        found[node.name] = found[last] = ends[last] if last in ends else draft.free(last)
        site = Site(
            draft=draft,
            node=node,
            norm=folded.get(node.name),
            reads=tuple(found[name] for name in node.inputs),
            shapes=graph.input_shapes(node),
            writes=found[last],
            weights=weights,
        )
        write(node.operator, site)
    for name, written in zip(graph.outputs, outputs, strict=True):
        if found[name] != written:  # an input, or what another output is as well
            draft.node("Identity", [found[name]], written, f"{written}/result", {})
        draft.boundary(draft.proto.graph.output, written, graph[name].shape)
    return draft.proto


def untrained_onnx(graph: Graph) -> onnx.ModelProto:
    """A network without weights as ONNX: with the weights that training begins from, always the same ones.

    >>> from featherbone.graph import image
    >>> untrained_onnx(image(3, 8).conv(4, 3).graph("tiny")).graph.output[0].name
    'logits'

    What a network takes does not depend on them, as long as none is denormal, and initial weights make none.

    Raises:
        FeatherboneError: as ``to_onnx``.
    """
    require_writable(graph)
    return to_onnx(graph, initial_weights(graph, seed=0))


def _computed(graph: Graph, name: str) -> str:
    """The node that computes what a node writes: dropout passes on what it reads."""
    while isinstance(graph[name].operator, Dropout):
        name = graph[name].inputs[0]
    return name


def require_writable(graph: Graph) -> None:
    """Raise unless there are weights with which the graph can be one file.

    Raises:
        FeatherboneError: a node outside the vocabulary, with its name; symbolic sizes; more weights than a file holds.
    """
    outside = next((node for node in graph.nodes if isinstance(node.operator, Opaque)), None)
    if outside is not None:
        raise FeatherboneError(
            f"{outside.name}: {outside.operator.describe()} is outside the vocabulary, so {graph.name} cannot be "
            "written as ONNX",
            hint="such a graph can be counted, drawn and saved; a module from elsewhere has torch.onnx.export",
        )
    require_numbers(graph, "the network cannot be written as ONNX")
    size = 4 * sum(math.prod(shape) for shape in {**graph.parameters(), **graph.buffers()}.values())
    if size > LARGEST:
        raise FeatherboneError(
            f"{graph.name} has {size / 2**30:.2f} GiB of weights; one ONNX file holds at most 2 GiB",
            hint="a smaller width, or the model file (.safetensors), which has no such limit",
        )
