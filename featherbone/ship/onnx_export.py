"""A trained network as one ONNX file that needs nothing beside it."""

from __future__ import annotations

from pathlib import Path

import onnx

from featherbone.atomic import write_atomically
from featherbone.nn import Model, to_onnx
from featherbone.quantize import QuantizedModel
from featherbone.ship.metadata import describe, seal


def export_onnx(model: Model, path: Path | str) -> None:
    """Write ``model`` as ONNX: float32 (batch, channels, resolution, resolution) → logits (batch, classes).

    >>> import tempfile
    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> model = Model(graph=graph, weights=weights, classes=("cat", "dog"), preprocessing=seen)
    >>> path = tempfile.mkdtemp() + "/model.onnx"
    >>> export_onnx(model, path)
    >>> Path(path).stat().st_size > 520  # bytes of the weights
    True

    It is what ``featherbone.nn.to_onnx`` writes, so the file that is timed before a network is trained differs from it
    in the weights alone. The input is normalised already: the preprocessing stands in the metadata, with class names,
    provenance and the graph's name. The file appears whole or not at all, and holds its own checksum.

    Raises:
        FeatherboneError: the network can't be written as ONNX, or the file can't be written.
    """
    write_sealed(to_onnx(model.graph, model.weights), model, path)


def write_sealed(proto: onnx.ModelProto, model: Model | QuantizedModel, path: Path | str) -> None:
    """Write a model's ONNX with what there is to say about the model, and its own checksum."""
    for key, value in describe(model).items():
        proto.metadata_props.add(key=key, value=value)
    content = seal(proto.SerializeToString(deterministic=True))
    with write_atomically(path) as file:
        file.write(content)
