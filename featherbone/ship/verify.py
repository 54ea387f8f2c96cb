"""Does the shipped file compute what was trained? ONNX Runtime against PyTorch, on real images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from featherbone.data.batches import normalise
from featherbone.errors import FeatherboneError
from featherbone.measure.onnx_session import open_session
from featherbone.nn import Model

# Folding batch norms and another order of sums move float32 logits by 1e-7 to 1e-6 of their spread (MobileNetV2,
# ShuffleNet and ResNet-50: 3e-7 to 7e-7); one wrong weight moves them by 1e-4 and more.
LARGEST_RELATIVE_DIFFERENCE = 1e-5
LEAST_AGREEMENT = 0.99  # of top-1; below 1 only because two classes may tie
BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Verification:
    """How far ONNX Runtime and PyTorch lie apart.

    ``largest_difference`` is of logits, absolute; ``relative_difference`` is that over the spread (largest minus
    smallest) of PyTorch's logits; ``top1_agreement`` is the share of images for which both say the same class.
    """

    largest_difference: float
    relative_difference: float
    top1_agreement: float
    images: int
    passed: bool

    def require(self) -> Verification:
        """Itself; raises FeatherboneError where it did not pass."""
        if not self.passed:
            raise FeatherboneError(
                f"the ONNX file does not compute what was trained: over {self.images} images the logits differ by up "
                f"to {self.largest_difference:.3g} ({self.relative_difference:.3g} of their spread; allowed is "
                f"{LARGEST_RELATIVE_DIFFERENCE:g}) and {self.top1_agreement:.1%} agree on the class",
                hint="export again; where it persists, it is a defect worth reporting",
            )
        return self


def verify_onnx(model: Model, path: Path | str, images: np.ndarray) -> Verification:
    """Compare the file at ``path`` with ``model`` on ``images``, uint8 (N, H, W, C), as a data set's split holds them.

        verify_onnx(model, "model.onnx", dataset.splits["test"].images[:256]).require()

    It passes where the logits are finite, no logit differs by more than `LARGEST_RELATIVE_DIFFERENCE` of their spread,
    and `LEAST_AGREEMENT` of the images get the same class.

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
    spread = float(expected.max() - expected.min())
    relative = difference / spread if spread > 0 else (0.0 if difference == 0 else math.inf)
    agreement = float((expected.argmax(axis=1) == found.argmax(axis=1)).mean())
    return Verification(
        largest_difference=difference,
        relative_difference=relative,
        top1_agreement=agreement,
        images=len(expected),
        # a comparison with NaN is false, so logits that are not finite fail here
        passed=relative <= LARGEST_RELATIVE_DIFFERENCE and agreement >= LEAST_AGREEMENT,
    )
