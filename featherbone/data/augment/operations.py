"""The operations on uint8 pixels by number, and a plan that gives each image its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor

from featherbone.data.augment import enhance, tables, warp
from featherbone.data.augment.hue import hue

Operation = Callable[[Tensor, Tensor, Tensor], Tensor]  # (pixels, magnitude of each image, fill) → pixels


def _without_fill(function: Callable[[Tensor, Tensor], Tensor], pixels: Tensor, magnitude: Tensor, _: Tensor) -> Tensor:
    return function(pixels, magnitude)


def _alone(function: Callable[[Tensor], Tensor], pixels: Tensor, _: Tensor, __: Tensor) -> Tensor:
    return function(pixels)


OPERATIONS: dict[str, Operation] = {
    "identity": partial(_alone, lambda pixels: pixels),
    "shear_x": warp.shear_x,
    "shear_y": warp.shear_y,
    "translate_x": warp.translate_x,
    "translate_y": warp.translate_y,
    "rotate": warp.rotate,
    "brightness": partial(_without_fill, enhance.brightness),
    "contrast": partial(_without_fill, enhance.contrast),
    "saturation": partial(_without_fill, enhance.saturation),
    "sharpness": partial(_without_fill, enhance.sharpness),
    "posterize": partial(_without_fill, tables.posterize),
    "solarize": partial(_without_fill, tables.solarize),
    "autocontrast": partial(_alone, tables.autocontrast),
    "equalize": partial(_alone, tables.equalize),
    "hue": partial(_without_fill, hue),
}
NUMBER = {name: number for number, name in enumerate(OPERATIONS)}


def operate(pixels: Tensor, operations: Tensor, magnitudes: Tensor, fill: Tensor) -> Tensor:
    """Images (N, C, H, W), uint8, changed in rounds: in round r image i by operation (i, r) with magnitude (i, r).

    >>> import torch
    >>> pixels = torch.full((2, 1, 1, 1), 100, dtype=torch.uint8)
    >>> plan = torch.tensor([[NUMBER["brightness"]], [NUMBER["identity"]]])
    >>> operate(pixels, plan, torch.tensor([[0.5], [0.0]]), torch.zeros(1, dtype=torch.uint8)).flatten().tolist()
    [50, 100]

    `operations` (int64) and `magnitudes` (float64), both (N, rounds), are on the CPU: the images that share an
    operation are found there and changed together, and nothing waits for the device.
    """
    result = pixels.clone()
    for numbers, strengths in zip(operations.unbind(1), magnitudes.unbind(1), strict=True):
        for number in sorted(set(numbers.tolist())):
            if number == NUMBER["identity"]:
                continue
            chosen = (numbers == number).nonzero()[:, 0]
            rows = chosen.to(pixels.device, non_blocking=True)
            operation = list(OPERATIONS.values())[number]
            result[rows] = operation(result[rows], strengths[chosen], fill)
    return result
