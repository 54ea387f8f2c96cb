"""thop 0.1.1: hooks of exact layers, and nothing that is called as a function."""

from __future__ import annotations

from typing import Any

from featherbone.cost.seen import Seen
from featherbone.cost.tools.recurrence import GATES, biases, kind_of, over_steps

NORMS = ("BatchNorm", "InstanceNorm", "LayerNorm")
BESIDE = {"lstm": 8, "gru": 7, "rnn": 1}  # element-wise operations of a step, for each hidden unit
ENLARGED = {"nearest": 1, "linear": 5, "bilinear": 11, "bicubic": 224 + 35}
RECURRENT = frozenset({"RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"})
UPSAMPLING = frozenset({"Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"})


def thop(seen: Seen) -> Any:
    """Layers without biases; 4 an element of a norm; a transposed convolution as if it were a convolution."""
    layer = seen.layer
    if layer.startswith("ConvTranspose"):
        return seen.products * _places(seen.output) // _places(seen.inputs[0])
    if layer.startswith("Conv") or layer == "Linear":
        return seen.products
    if layer.startswith(NORMS):
        return seen.read * (4 if seen.affine else 2)
    if layer == "PReLU":
        return seen.read
    if layer == "Softmax":
        return 3 * seen.read - seen.read // (seen.fact("size") or seen.read)
    if layer.startswith("AvgPool"):
        return seen.written
    if layer.startswith("AdaptiveAvgPool"):
        return seen.read + seen.written
    if layer in UPSAMPLING:
        return seen.written * ENLARGED.get(_mode(seen), 0)
    if layer in RECURRENT and seen.fact("steps"):
        return over_steps(seen, _step)
    return 0


def _step(seen: Seen, width: int) -> int:
    kind, hidden = kind_of(seen), seen.fact("hidden")
    if width != seen.fact("input"):  # it takes a projection for no smaller than what is projected
        width = hidden * seen.fact("directions")
    return GATES[kind] * hidden * (width + hidden) + BESIDE[kind] * hidden + biases(seen)


def _mode(seen: Seen) -> str:
    mode = getattr(seen.operator, "mode", seen.label.removeprefix("interpolate_"))
    return {1: "linear", 2: "bilinear"}.get(len(seen.output) - 1, "trilinear") if mode == "bilinear" else str(mode)


def _places(shape: tuple[Any, ...]) -> Any:
    places: Any = 1
    for side in shape[1:]:
        places = places * side
    return places
