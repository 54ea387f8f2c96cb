"""A trained network as one ONNX file that needs nothing beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from featherbone.graph import Graph
from featherbone.nn import Model, module_with
from featherbone.nn.atomic import write_atomically
from featherbone.ship.metadata import describe
from featherbone.ship.quiet import quiet

if TYPE_CHECKING:
    import onnx

OPSET = 20  # the newest that every ONNX Runtime from 1.19 on runs
INPUT, OUTPUT = "image", "logits"


def export_onnx(model: Model, path: Path | str) -> None:
    """Write ``model`` as ONNX: float32 (batch, channels, resolution, resolution) → logits (batch, classes).

        export_onnx(load_model("model.safetensors"), "model.onnx")

    The batch is free; batch norms are folded into the convolutions before them. The input is normalised already: the
    preprocessing stands in the metadata, with class names, provenance and the graph's name. The file appears whole or
    not at all.

    Raises:
        FeatherboneError: the network has several inputs, or the file can't be written.
    """
    content = to_onnx(model).SerializeToString(deterministic=True)
    with write_atomically(path) as file:
        file.write(content)


def to_onnx(model: Model) -> onnx.ModelProto:
    """The model as an ONNX protocol buffer, in memory."""
    graph, weights = _exportable(model)
    module = module_with(graph, weights).eval()
    # Two examples: torch.export takes a size of 1 for a constant.
    example = torch.zeros(2, *model.graph.input_shape)
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
    assert program is not None, "the dynamo exporter returns its program"
    proto = program.model_proto
    _forget_where_it_was_made(proto)
    proto.producer_name = "featherbone"
    proto.graph.name = model.graph.name
    for key, value in describe(model).items():
        proto.metadata_props.add(key=key, value=value)
    return proto


def _exportable(model: Model) -> tuple[Graph, dict[str, torch.Tensor]]:
    """Graph and weights without names such as ``double`` or ``train``.

    Those are methods of ``torch.nn.Module``, which torch.export takes for the layer (seen with torch 2.13).
    """

    def safe(name: str) -> str:
        return ".".join(f"{part}_layer" if hasattr(torch.fx.GraphModule, part) else part for part in name.split("."))

    entries = [(safe(node.name), node.operator, tuple(map(safe, node.inputs))) for node in model.graph.nodes]
    graph = Graph.build(model.graph.name, entries, tuple(map(safe, model.graph.outputs)))
    nodes = {name: safe(name.rpartition(".")[0]) for name in model.weights}
    return graph, {f"{nodes[name]}.{name.rpartition('.')[2]}": value for name, value in model.weights.items()}


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
