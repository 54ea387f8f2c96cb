"""ONNX operators that slide a window, and what they pad: each by the rule that answers its PyTorch counterpart."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from featherbone.graph.operators import AvgPool, MaxPool
from featherbone.nn.capture.call_arguments import is_map
from featherbone.nn.capture.calls import NoRule
from featherbone.nn.capture.rules import arrange
from featherbone.nn.capture.rules.convolution import convolution, transposed
from featherbone.nn.capture.rules.padding import pad
from featherbone.nn.capture.tracer import Tracer
from featherbone.nn.onnx_reader.folding import number

Rule = Callable[[Tracer, list[Any], dict[str, Any]], Any]


def conv(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x, weight, *bias = inputs
    rank = len(weight.shape) - 2
    stride, dilation = a.get("strides", [1] * rank), a.get("dilations", [1] * rank)
    edges = _edges(a, x.shape[2:], weight.shape[2:], stride, dilation)
    if all(before == after for before, after in edges):
        padding = [before for before, _ in edges]
    else:
        x, padding = _pad(t, x, edges), [0] * rank
    return convolution(t, x, weight, bias[0] if bias else None, stride, padding, dilation, a.get("group", 1))


def _pad(t: Tracer, x: Any, edges: list[tuple[int, int]], value: float = 0.0) -> Any:
    return pad(t, x, [edge for pair in reversed(edges) for edge in pair], value=value)


def _edges(a: dict[str, Any], sides: Any, kernel: Any, stride: Any, dilation: Any) -> list[tuple[int, int]]:
    """(before, after) for each side, also where ``auto_pad`` leaves them to be worked out."""
    rank, word = len(kernel), a.get("auto_pad", "NOTSET")
    if word in ("SAME_UPPER", "SAME_LOWER"):
        pairs = []
        for size, k, s, d in zip(sides, kernel, stride, dilation, strict=True):
            total = max(0, (-(-size // s) - 1) * s + d * (k - 1) + 1 - size)
            small, large = total // 2, total - total // 2
            pairs.append((small, large) if word == "SAME_UPPER" else (large, small))
        return pairs
    given = [int(edge) for edge in a.get("pads", [0] * (2 * rank))]
    return list(zip(given[:rank], given[rank:], strict=True))


def quantized_conv(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    """QLinearConv: each tensor comes with a scale and a zero point; onnxruntime's own may have channels last."""
    given = [inputs[0], inputs[3], *inputs[8:9]]
    return channels_last(conv)(t, given, a) if a.get("channels_last", 0) else conv(t, given, a)


def channels_last(rule: Rule) -> Rule:
    """The rule on maps whose channels stand behind their sides."""

    def turned(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
        rank = len(inputs[0].shape)
        x = arrange.permute(t, inputs[0], [0, rank - 1, *range(1, rank - 1)])
        return arrange.permute(t, rule(t, [x, *inputs[1:]], a), [0, *range(2, rank), 1])

    return turned


def conv_transpose(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x, weight, *bias = inputs
    rank, third = len(weight.shape) - 2, bias[0] if bias else None
    stride, dilation = a.get("strides", [1] * rank), a.get("dilations", [1] * rank)
    extra = list(a.get("output_padding", [0] * rank))
    whole = [
        s * (side - 1) + d * (k - 1) + 1 + more
        for side, k, s, d, more in zip(x.shape[2:], weight.shape[2:], stride, dilation, extra, strict=True)
    ]
    edges = _cropped(a, whole, [side * s for side, s in zip(x.shape[2:], stride, strict=True)])
    cropped = [before for before, _ in edges]
    for place, (before, after) in enumerate(edges):
        extra[place] += before - after  # cropping less at the far edge is what output padding means
    if min(*cropped, *extra) < 0 or any(more >= max(s, d) for more, s, d in zip(extra, stride, dilation, strict=True)):
        sides = [size - before - after for size, (before, after) in zip(whole, edges, strict=True)]
        full = (x.shape[0], weight.shape[1] * a.get("group", 1), *sides)
        return t.opaque("conv_transpose", (x, weight, third), full, macs=prod(x.shape) * prod(weight.shape[1:]))
    return transposed(t, x, weight, third, stride, cropped, extra, a.get("group", 1), dilation)


def _cropped(a: dict[str, Any], whole: list[int], same: list[int]) -> list[tuple[int, int]]:
    """What is cut off the edges of a transposed convolution, which without it writes ``whole``."""
    word = a.get("auto_pad", "NOTSET")
    wanted = a.get("output_shape") or (same if word in ("SAME_UPPER", "SAME_LOWER") else None)
    if wanted is None:
        given = [int(edge) for edge in a.get("pads", [0] * (2 * len(whole)))]
        return list(zip(given[: len(whole)], given[len(whole) :], strict=True))
    totals = [size - side for size, side in zip(whole, wanted[-len(whole) :], strict=True)]
    halves = [(total // 2, total - total // 2) for total in totals]
    return halves if word == "SAME_UPPER" else [(after, before) for before, after in halves]


def pool(kind: type[MaxPool] | type[AvgPool]) -> Callable[[Tracer, list[Any], dict[str, Any]], Any]:
    def rule(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
        x = inputs[0]
        kernel = tuple(a["kernel_shape"])
        stride = tuple(a.get("strides", [1] * len(kernel)))
        dilation = tuple(a.get("dilations", [1] * len(kernel)))
        if not is_map(x):
            raise NoRule
        edges = tuple(_edges(a, x.shape[2:], kernel, stride, dilation))
        ceil = bool(a.get("ceil_mode", 0))
        if set(dilation) != {1}:  # the vocabulary's windows have no holes
            wide = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
            sides = MaxPool(kernel=wide, stride=stride, padding=edges, ceil=ceil).output(tuple(x.shape[1:]))
            return t.opaque("dilated_pool", (x,), (1, *sides))
        if kind is MaxPool:
            return t.emit(MaxPool(kernel=kernel, stride=stride, padding=edges, ceil=ceil), (x,), "max_pool")
        counted = bool(a.get("count_include_pad", 0)) or not any(map(any, edges))
        made = AvgPool(kernel=kernel, stride=stride, padding=edges, ceil=ceil, count_padding=counted)
        return t.emit(made, (x,), "avg_pool")

    return rule


def padding(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x, rank = inputs[0], len(inputs[0].shape)
    pads = inputs[1].reshape(-1).tolist() if len(inputs) > 1 else list(a["pads"])
    chosen = inputs[3].reshape(-1).tolist() if len(inputs) > 3 and inputs[3] is not None else range(rank)
    value = number(inputs[2]) if len(inputs) > 2 else a.get("value", 0.0)
    edges = [(0, 0)] * rank
    for place, pair in zip(chosen, zip(pads[: len(chosen)], pads[len(chosen) :], strict=True), strict=True):
        edges[place] = pair
    while edges and edges[0] == (0, 0):
        edges.pop(0)
    flat = [int(edge) for pair in reversed(edges) for edge in pair]
    return pad(t, x, flat, a.get("mode", "constant"), value or 0.0)
