"""Does the shipped file compute what was trained? ONNX Runtime against PyTorch, on real images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.measure.onnx_session import open_session
from featherbone.nn import Model
from featherbone.run_record import Verification
from featherbone.ship.promise import CLOSE, FLOOR
from featherbone.ship.reference import BATCH, logits_of, prepared_images, require_images


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

    It passes where the logits are finite and keep what ``featherbone.ship.promise`` says of float32: none differs by
    more than `LARGEST_RELATIVE_DIFFERENCE` of their spread (largest minus smallest), or than `ROUNDING` of the largest,
    or than `FLOOR`.

    Raises:
        FeatherboneError: no images, images of another size, or a file that can't be run.
    """
    seen = model.preprocessing
    require_images(images, seen)
    session = open_session(path)
    name = session.get_inputs()[0].name
    found = [
        _run(session, name, prepared_images(images[start : start + BATCH], seen).numpy(), path)
        for start in range(0, len(images), BATCH)
    ]
    return compared(logits_of(model.module(), seen, images), np.concatenate(found))


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
    return CLOSE.verdict(expected, found, what="the ONNX file")
