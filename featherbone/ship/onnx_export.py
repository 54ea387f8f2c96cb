"""A trained network as one ONNX file that needs nothing beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from featherbone.atomic import write_atomically
from featherbone.nn import Model, onnx_graph
from featherbone.ship.metadata import describe, seal

if TYPE_CHECKING:
    import onnx


def export_onnx(model: Model, path: Path | str) -> None:
    """Write ``model`` as ONNX: float32 (batch, channels, resolution, resolution) → logits (batch, classes).

        export_onnx(load_model("model.safetensors"), "model.onnx")

    The batch is free; batch norms are folded into the convolutions before them. The input is normalised already: the
    preprocessing stands in the metadata, with class names, provenance and the graph's name. The file appears whole or
    not at all, and holds its own checksum.

    Raises:
        FeatherboneError: the network has several inputs or can't be exported, or the file can't be written.
    """
    content = seal(to_onnx(model).SerializeToString(deterministic=True))
    with write_atomically(path) as file:
        file.write(content)


def to_onnx(model: Model) -> onnx.ModelProto:
    """The model as an ONNX protocol buffer, in memory."""
    proto = onnx_graph.to_onnx(model.graph, model.weights)
    for key, value in describe(model).items():
        proto.metadata_props.add(key=key, value=value)
    return proto
