"""A quantized network as one ONNX file, and whether a runtime computes what the integers say."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from featherbone.measure.onnx_session import open_session
from featherbone.quantize import QuantizedModel, to_qdq
from featherbone.run_record import Verification
from featherbone.ship.onnx_export import write_sealed
from featherbone.ship.promise import A_STEP_APART
from featherbone.ship.reference import BATCH, logits_of, prepared_images, require_images, step_of


def export_quantized(model: QuantizedModel, path: Path | str) -> None:
    """Write a quantized model as ONNX: float32 (batch, channels, resolution, resolution) → logits (batch, classes).

    >>> import tempfile
    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> from featherbone.quantize import nearest_network, prepared
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> network = nearest_network(prepared(graph, weights_of(module(graph, seed=0))), {})
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> path = tempfile.mkdtemp() + "/model.onnx"
    >>> export_quantized(QuantizedModel(network=network, classes=("a", "b"), preprocessing=seen), path)
    >>> from featherbone.ship import load_predictor
    >>> load_predictor(path).classes
    ('a', 'b')

    It is what ``featherbone.quantize.to_qdq`` writes, with the metadata and the seal of ``export_onnx``.

    Raises:
        FeatherboneError: the file can't be written.
    """
    write_sealed(to_qdq(model.network), model, path)


def verify_quantized(model: QuantizedModel, path: Path | str, images: np.ndarray) -> Verification:
    """Compare the file with the model's integers on ``images``, uint8 (N, H, W, C).

    >>> import tempfile
    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> from featherbone.quantize import nearest_network, prepared
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> network = nearest_network(prepared(graph, weights_of(module(graph, seed=0))), {})
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> model = QuantizedModel(network=network, classes=("a", "b"), preprocessing=seen)
    >>> path = tempfile.mkdtemp() + "/model.onnx"
    >>> export_quantized(model, path)
    >>> verify_quantized(model, path, np.zeros((2, 8, 8, 1), dtype=np.uint8)).passed
    True

    Runtimes round in their own ways: it passes where 95 % of the logits are within one step, and 99.5 % of the images
    have the same class, or one that is within two steps of it. A network whose logits are in float is allowed a 255th
    of their spread instead.

    Raises:
        FeatherboneError: no images, or a file that can't be run.
    """
    seen = model.preprocessing
    require_images(images, seen)
    session = open_session(path)
    name = session.get_inputs()[0].name
    found = [
        session.run(None, {name: prepared_images(images[start : start + BATCH], seen).numpy()})[0]
        for start in range(0, len(images), BATCH)
    ]
    expected = logits_of(model.module(), seen, images)
    return A_STEP_APART.verdict(expected, np.concatenate(found), what="the ONNX file", step=step_of(model, expected))
