"""Where a TensorFlow Lite file begins and ends: normalised numbers to logits, or uint8 pixels to probabilities."""

from __future__ import annotations

import numpy as np

from featherbone.graph import Node
from featherbone.nn import Preprocessing
from featherbone.quantize.grid import Grid
from featherbone.ship.tflite.draft import LiteDraft, LiteTensor
from featherbone.ship.tflite.site import channels_last


def given(
    draft: LiteDraft, source: Node, grid: Grid | None, seen: Preprocessing | None
) -> tuple[LiteTensor, LiteTensor]:
    """The file's input, and the network's: on its grid, where it has one."""
    shape = channels_last(source.shape)
    entry = draft.tensor("image", shape) if seen is None else draft.pixels("image", shape)
    numbers = entry if seen is None else _normalised(draft, source.name, entry, seen)
    if grid is None:
        return entry, numbers
    first = draft.tensor(f"{source.name}/integers", shape, grid=grid)
    draft.operator("QUANTIZE", [numbers], first, {})
    return entry, first


def answered(draft: LiteDraft, logits: LiteTensor, *, probabilities: bool) -> tuple[str, LiteTensor]:
    """The file's output and its name; both are numbers, as a byte would show no more than 256 probabilities."""
    if not probabilities:
        return "logits", logits
    result = draft.tensor("probabilities", logits.shape)
    draft.operator("SOFTMAX", [logits], result, {"beta": 1.0})
    return "probabilities", result


def _normalised(draft: LiteDraft, name: str, pixels: LiteTensor, seen: Preprocessing) -> LiteTensor:
    """(v / 255 - mean) / std, computed with numbers.

    In int8 too: a bias in integers is no finer than 1/127 of a pixel's step, so that one pixel in two hundred would be
    rounded otherwise than in the reference.
    """
    std, mean = np.array(seen.std), np.array(seen.mean)
    numbers = draft.tensor(f"{name}/pixels", pixels.shape)
    draft.operator("DEQUANTIZE", [pixels], numbers, {})
    scaled = draft.tensor(f"{name}/scaled", pixels.shape)
    scale = draft.constant(f"{name}/scale", (1 / std).astype(np.float32))
    draft.operator("MUL", [numbers, scale], scaled, {})
    shifted = draft.tensor(f"{name}/normalised", pixels.shape)
    shift = draft.constant(f"{name}/shift", (-mean / std).astype(np.float32))
    draft.operator("ADD", [scaled, shift], shifted, {})
    return shifted
