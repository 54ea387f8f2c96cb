"""Does the shipped file compute what was trained? ONNX Runtime against PyTorch, on real images."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch

from featherbone.data.batches import normalise
from featherbone.errors import FeatherboneError
from featherbone.measure.onnx_session import open_session
from featherbone.nn import Model
from featherbone.run_record import Verification

# Folding batch norms and another order of sums move float32 logits by 1e-7 to 1e-6 of their spread (MobileNetV2,
# ShuffleNet and ResNet-50: 3e-7 to 7e-7); one wrong weight moves them by 1e-4 and more.
LARGEST_RELATIVE_DIFFERENCE = 1e-5
# Where logits are nearly equal their spread is no measure of what they are sums of: 9e-7 was seen at a spread of 0.05.
ROUNDING = 2e-6  # of the largest logit: 17 units in the last place of float32
FLOOR = 5e-6
BATCH = 64


def verify_onnx(model: Model, path: Path | str, images: np.ndarray) -> Verification:
    """Compare the file at ``path`` with ``model`` on ``images``, uint8 (N, H, W, C), as a data set's split holds them.

    >>> import tempfile
    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, module, weights_of
    >>> from featherbone.ship import export_onnx
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> model = Model(graph=graph, weights=weights, classes=("cat", "dog"), preprocessing=seen)
    >>> path = tempfile.mkdtemp() + "/model.onnx"
    >>> export_onnx(model, path)
    >>> verify_onnx(model, path, np.zeros((2, 8, 8, 1), dtype=np.uint8)).passed
    True

    It passes where the logits are finite and none differs by more than `LARGEST_RELATIVE_DIFFERENCE` of their spread
    (largest minus smallest), or than `ROUNDING` of the largest, or than `FLOOR`.

    Raises:
        FeatherboneError: no images, images of another size, or a file that can't be run.
    """
    preprocessing = model.preprocessing
    wanted = (preprocessing.resolution, preprocessing.resolution, preprocessing.channels)
    if images.ndim != 4 or len(images) == 0 or images.shape[1:] != wanted or images.dtype != np.uint8:
        raise FeatherboneError(
            f"verification got {images.dtype} images of shape {images.shape}; it needs uint8 (N, {wanted[0]}, "
            f"{wanted[1]}, {wanted[2]}) with N of at least 1"
        )
    session, module = open_session(path), model.module().eval()
    name = session.get_inputs()[0].name
    expected, found = [], []
    for start in range(0, len(images), BATCH):
        batch = normalise(images[start : start + BATCH], preprocessing.mean, preprocessing.std).contiguous()
        with torch.inference_mode():
            expected.append(module(batch).numpy())
        found.append(_run(session, name, batch.numpy(), path))
    return compared(np.concatenate(expected), np.concatenate(found))


def failed(error: FeatherboneError) -> Verification:
    """The verdict on a file that can't be compared."""
    return Verification(
        passed=False, images=0, top1_agreement=0.0, largest_difference=None, allowed=FLOOR, reason=error.sentence
    )


def _run(session: object, name: str, batch: np.ndarray, path: Path | str) -> np.ndarray:
    try:
        result: np.ndarray = session.run(None, {name: batch})[0]  # type: ignore[attr-defined]
    except Exception as error:  # as in open_session
        raise FeatherboneError(
            f"{path} does not run on the model's images: {str(error).splitlines()[0]}", hint="export the model again"
        ) from error
    return result


def compared(expected: np.ndarray, found: np.ndarray) -> Verification:
    """The verdict on PyTorch's logits and ONNX Runtime's, both (N, classes)."""
    if expected.shape != found.shape:
        raise FeatherboneError(f"the ONNX file writes logits of shape {found.shape}; the model writes {expected.shape}")
    difference = float(np.abs(expected.astype(np.float64) - found).max())
    spread, largest = float(expected.max() - expected.min()), float(np.abs(expected).max())
    allowed = max(LARGEST_RELATIVE_DIFFERENCE * spread, ROUNDING * largest, FLOOR)
    agreement = float((expected.argmax(axis=1) == found.argmax(axis=1)).mean())
    what = f"the ONNX file does not compute what was trained: over {len(expected)} images"
    if not math.isfinite(difference) or not math.isfinite(allowed):
        reason = f"{what} not all logits are finite numbers"
    elif difference > allowed:
        reason = (
            f"{what} the logits differ by up to {difference:.3g} (allowed is {allowed:.3g}, their spread is "
            f"{spread:.3g}) and {agreement:.1%} agree on the class"
        )
    else:
        reason = ""
    return Verification(
        passed=not reason,
        largest_difference=difference if math.isfinite(difference) else None,
        allowed=allowed if math.isfinite(allowed) else FLOOR,
        top1_agreement=agreement,
        images=len(expected),
        reason=reason,
    )
