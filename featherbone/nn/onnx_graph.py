"""A graph and its weights as ONNX, in memory: the file that ships is this, and so is the file that is timed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.nn.build import module_with
from featherbone.nn.lines import operator_lines
from featherbone.nn.quiet import quiet

if TYPE_CHECKING:
    import onnx

OPSET = 20  # the newest that every ONNX Runtime from 1.19 on runs
INPUT, OUTPUT = "image", "logits"
_STACK_TRACE = "pkg.torch.onnx.stack_trace"
_LINE = re.compile(r'File "<featherbone [^"]*>", line ([0-9]+)')


def to_onnx(graph: Graph, weights: Mapping[str, torch.Tensor]) -> onnx.ModelProto:
    """The network as an ONNX protocol buffer: float32 (batch, *input shape) → (batch, *output shape), the batch free.

        onnx.save(to_onnx(graph, weights_of(module(graph, seed=0))), "network.onnx")

    Batch norms are folded into the convolutions before them. A node, and what it writes, is named after the graph's
    node that it computes, the second one of a node ``name/2`` and so on; so a runtime's profile speaks of the graph.

    Raises:
        FeatherboneError: several inputs or outputs, an operator or a network that cannot be exported.
    """
    _ = graph.input_shape, graph.output_shape  # one of each
    safe_graph, safe_weights = _exportable(graph, weights)
    module = module_with(safe_graph, safe_weights).eval()
    # Two examples: torch.export takes a size of 1 for a constant.
    example = torch.zeros(2, *graph.input_shape)
    try:
        with quiet(), torch.no_grad():
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().partition("\n")[0]
        raise FeatherboneError(
            f"{graph.name} cannot be exported to ONNX: {reason}", hint="PyTorch itself still runs it"
        ) from error
    assert program is not None, "the dynamo exporter returns its program"
    proto = program.model_proto
    _name_after(graph, proto)
    _forget_where_it_was_made(proto)
    proto.producer_name = "featherbone"
    proto.graph.name = graph.name
    return proto


def _exportable(graph: Graph, weights: Mapping[str, torch.Tensor]) -> tuple[Graph, dict[str, torch.Tensor]]:
    """Graph and weights without names such as ``double`` or ``train``.

    Those are methods of ``torch.nn.Module``, which torch.export takes for the layer (seen with torch 2.13).
    """

    def safe(name: str) -> str:
        return ".".join(f"{part}_layer" if hasattr(torch.fx.GraphModule, part) else part for part in name.split("."))

    entries = [(safe(node.name), node.operator, tuple(map(safe, node.inputs))) for node in graph.nodes]
    shares = {safe(node.name): safe(node.shares) for node in graph.nodes if node.shares}
    renamed = Graph.build(graph.name, entries, tuple(map(safe, graph.outputs)), shares=shares)
    nodes = {name: safe(name.rpartition(".")[0]) for name in weights}
    return renamed, {f"{nodes[name]}.{name.rpartition('.')[2]}": value for name, value in weights.items()}


def _name_after(graph: Graph, proto: Any) -> None:
    """Name ONNX nodes and values after the graph, by the line of the generated source that each was traced from."""
    node_of = operator_lines(graph)
    fixed = {value.name for value in (*proto.graph.input, *proto.graph.output, *proto.graph.initializer)}
    given: dict[str, str] = {}
    used: set[str] = set()
    for node in proto.graph.node:
        trace = next((entry.value for entry in node.metadata_props if entry.key == _STACK_TRACE), "")
        line = _LINE.search(trace)
        name = node_of.get(int(line[1])) if line else None
        if name is not None:
            node.name = _unused(name, used)
            for value in node.output:
                if value and value not in fixed:
                    given[value] = _unused(name, fixed)
                    fixed.add(given[value])
        used.add(node.name)
    for node in proto.graph.node:
        node.input[:] = [given.get(value, value) for value in node.input]
        node.output[:] = [given.get(value, value) for value in node.output]
    for value in proto.graph.value_info:
        value.name = given.get(value.name, value.name)


def _unused(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}/{number}"
    return free


def _forget_where_it_was_made(proto: Any) -> None:
    """The exporter notes a stack trace at each node, with the paths of the machine; nobody downstream wants them."""
    del proto.metadata_props[:]
    for container in (proto.graph, *proto.functions):
        del container.metadata_props[:]
        for field in ("node", "input", "output", "value_info", "initializer"):
            for entry in getattr(container, field, ()):
                if not isinstance(entry, str):  # a function names its inputs
                    del entry.metadata_props[:]
                    entry.doc_string = ""
