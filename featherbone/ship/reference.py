"""What a shipped file is compared with: the network itself, in PyTorch, on images as a data set holds them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from featherbone.data.batches import normalise
from featherbone.errors import FeatherboneError
from featherbone.nn import Preprocessing
from featherbone.quantize import QuantizedModel
from featherbone.run_record import Verification
from featherbone.ship.target import ExportForm, Runner, Shipped, Target

BATCH = 64


def require_images(images: np.ndarray, seen: Preprocessing) -> None:
    """Raise FeatherboneError unless ``images`` are uint8 (N, H, W, C) of the network's size, one at least."""
    wanted = (seen.resolution, seen.resolution, seen.channels)
    if images.ndim != 4 or len(images) == 0 or images.shape[1:] != wanted or images.dtype != np.uint8:
        raise FeatherboneError(
            f"verification got {images.dtype} images of shape {images.shape}; it needs uint8 (N, {wanted[0]}, "
            f"{wanted[1]}, {wanted[2]}) with N of at least 1"
        )


def logits_of(module: nn.Module, seen: Preprocessing, images: np.ndarray) -> np.ndarray:
    """The logits (N, classes) that a network in evaluation mode gives of uint8 images (N, H, W, C)."""
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            found.append(module(prepared_images(images[start : start + BATCH], seen)).numpy())
    return np.concatenate(found)


def prepared_images(images: np.ndarray, seen: Preprocessing) -> torch.Tensor:
    """Images uint8 (N, H, W, C) as a network takes them: float32 (N, C, H, W), normalised."""
    return normalise(images, seen.mean, seen.std).contiguous()


def outputs_of(run: Runner, form: ExportForm, seen: Preprocessing, images: np.ndarray) -> np.ndarray:
    """What a runner gives of uint8 images (N, H, W, C), prepared where its form takes tensors."""
    found = []
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        found.append(run(np.ascontiguousarray(batch) if form.takes_images else prepared_images(batch, seen).numpy()))
    return np.concatenate(found)


def step_of(model: Shipped, logits: np.ndarray) -> float:
    """The step of the grid that a quantized network's logits lie on, or a 255th of their spread where that is none.

    A float network has no step: 0.
    """
    if not isinstance(model, QuantizedModel):
        return 0.0
    (answer,) = model.graph.outputs
    grid = model.network.grids.get(answer)
    return grid.step if grid is not None else float(logits.max() - logits.min()) / 255


def verify_target(target: Target, model: Shipped, file: Path, form: ExportForm, images: np.ndarray) -> Verification:
    """Whether a file that ``target.write`` made keeps the promise of its precision on uint8 images (N, H, W, C).

    Raises:
        FeatherboneError: no images, images of another size, a target that can't be run here, or a file that can't.
    """
    if target.open is None:
        raise FeatherboneError(f"{target.words} can't be run here, so it can't be verified")
    require_images(images, model.preprocessing)
    promise, what = target.promises[form.precision], f"the file for {target.name}"
    expected = logits_of(model.module(), model.preprocessing, images)
    found = outputs_of(target.open(file, form, 1), form, model.preprocessing, images)
    step = step_of(model, expected)
    compare = promise.verdict_on_probabilities if form.takes_images else promise.verdict
    return compare(expected, found, what=what, step=step)
