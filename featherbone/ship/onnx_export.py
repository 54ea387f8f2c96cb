"""A trained network as one ONNX file that needs nothing beside it."""

from __future__ import annotations

from pathlib import Path

from featherbone.atomic import write_atomically
from featherbone.nn import Model, to_onnx
from featherbone.ship.metadata import describe, seal


def export_onnx(model: Model, path: Path | str) -> None:
    """Write ``model`` as ONNX: float32 (batch, channels, resolution, resolution) → logits (batch, classes).

        export_onnx(load_model("model.safetensors"), "model.onnx")

    It is what ``featherbone.nn.to_onnx`` writes, so the file that is timed before a network is trained differs from it
    in the weights alone. The input is normalised already: the preprocessing stands in the metadata, with class names,
    provenance and the graph's name. The file appears whole or not at all, and holds its own checksum.

    Raises:
        FeatherboneError: the network can't be written as ONNX, or the file can't be written.
    """
    proto = to_onnx(model.graph, model.weights)
    for key, value in describe(model).items():
        proto.metadata_props.add(key=key, value=value)
    content = seal(proto.SerializeToString(deterministic=True))
    with write_atomically(path) as file:
        file.write(content)
