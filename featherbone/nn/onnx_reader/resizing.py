"""ONNX's Resize and Upsample: the size that comes out, in the float32 that its scales are."""

from __future__ import annotations

from typing import Any

import numpy as np

from featherbone.nn.capture.call_arguments import is_map
from featherbone.nn.capture.calls import NoRule
from featherbone.nn.capture.rules import pooling
from featherbone.nn.capture.tracer import Tracer

MODES = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}


def resize(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x = inputs[0]
    full = resized(tuple(x.shape), inputs, a)
    mode = MODES.get(a.get("mode", "nearest"))
    way = a.get("coordinate_transformation_mode", "half_pixel")
    if mode is None or not is_map(x) or full[:2] != tuple(x.shape[:2]) or way == "tf_crop_and_resize":
        return t.opaque("resize", (x,), full)
    return pooling.interpolate(
        t, x, full[2:], mode=mode, align_corners=way == "align_corners", antialias=bool(a.get("antialias", 0))
    )


def resized(shape: tuple[int, ...], inputs: list[Any], a: dict[str, Any]) -> tuple[int, ...]:
    """The size that a Resize writes; inputs are x, roi, scales, sizes, or x, scales of its first version and Upsample.

    >>> resized((1, 8, 10, 10), [None, None, np.array([1, 1, 1.4, 1.4], np.float32)], {})
    (1, 8, 14, 14)
    >>> sizes = {"keep_aspect_ratio_policy": "not_larger", "axes": [2, 3]}
    >>> resized((1, 8, 10, 20), [None, None, None, np.array([8, 8])], sizes)
    (1, 8, 4, 8)

    Raises:
        NoRule: sizes that are worked out from the network's input, an unknown policy, or a cut by ``roi``.
    """
    roi, scales, sizes = ([*inputs[1:], None, None, None] if len(inputs) != 2 else [None, inputs[1], None])[:3]
    if "scales" in a:
        scales = np.asarray(a["scales"], dtype=np.float32)
    given = scales if sizes is None else sizes
    if not isinstance(given, np.ndarray):
        raise NoRule
    axes = [int(place) % len(shape) for place in a.get("axes", range(len(shape)))]
    full = list(shape)
    for place, size in zip(axes, _sides([shape[place] for place in axes], given, sizes is not None, a), strict=True):
        full[place] = size
    if sizes is None and roi is not None and a.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        raise NoRule
    return tuple(full)


def _sides(now: list[int], given: Any, are_sizes: bool, a: dict[str, Any]) -> list[int]:
    """The new sides: ``floor(side × scale)``, or the sizes, which a policy makes keep the sides' ratio."""
    sides, given = np.asarray(now, dtype=np.float32), given.reshape(-1)
    if not are_sizes:
        return [int(side) for side in np.floor(sides * given.astype(np.float32))]
    policy = a.get("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return [int(side) for side in given]
    if policy not in ("not_larger", "not_smaller"):
        raise NoRule
    scales = given.astype(np.float32) / sides
    scale = scales.min() if policy == "not_larger" else scales.max()
    return [int(side) for side in np.floor(sides * scale + np.float32(0.5))]
