"""A quantized network as one ONNX file, and whether a runtime computes what the integers say."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch

from featherbone.data.batches import normalise
from featherbone.errors import FeatherboneError
from featherbone.measure.onnx_session import open_session
from featherbone.quantize import QuantizedModel, to_qdq
from featherbone.run_record import Verification
from featherbone.ship.onnx_export import write_sealed

LEAST_AGREEMENT = 0.995  # share of images of one class
NEARLY_ALL = 0.95  # share of logits that are within a step
BATCH = 64


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

    Runtimes round in their own ways: it passes where 99.5 % of the images have the same class, and 95 % of the logits
    are within one step. A network whose logits are in float is allowed a 255th of their spread instead.

    Raises:
        FeatherboneError: no images, or a file that can't be run.
    """
    if not len(images):
        raise FeatherboneError("a file can't be verified without images")
    session, module = open_session(path), model.module()
    seen, name = model.preprocessing, session.get_inputs()[0].name
    expected, found = [], []
    for start in range(0, len(images), BATCH):
        batch = normalise(images[start : start + BATCH], seen.mean, seen.std).contiguous()
        with torch.inference_mode():
            expected.append(module(batch).numpy())
        found.append(session.run(None, {name: batch.numpy()})[0])
    return compared_by_steps(model, np.concatenate(expected), np.concatenate(found))


def compared_by_steps(model: QuantizedModel, expected: np.ndarray, found: np.ndarray) -> Verification:
    """The verdict on the logits of the integers and of ONNX Runtime, both (N, classes)."""
    (answer,) = model.graph.outputs
    grid = model.network.grids.get(answer)
    step = grid.step if grid is not None else float(expected.max() - expected.min()) / 255
    apart = np.abs(expected.astype(np.float64) - found)
    largest = float(apart.max())
    near = float((apart <= 1.01 * step).mean())
    agreement = float((expected.argmax(1) == found.argmax(1)).mean())
    reason = ""
    if not math.isfinite(largest) or agreement < LEAST_AGREEMENT or near < NEARLY_ALL:
        reason = (
            f"the ONNX file does not compute what the integers say: over {len(expected)} images {agreement:.1%} agree "
            f"on the class, and {near:.1%} of the logits are within a step of {step:.3g}"
        )
    return Verification(
        passed=not reason,
        images=len(expected),
        top1_agreement=agreement,
        largest_difference=largest if math.isfinite(largest) else None,
        allowed=step,
        reason=reason,
    )
