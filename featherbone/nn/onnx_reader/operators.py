"""Each ONNX operator by the rule that answers its PyTorch counterpart."""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from typing import Any

import numpy as np

from featherbone.graph.operators import AvgPool, Linear, MaxPool
from featherbone.nn.capture.calls import NoRule
from featherbone.nn.capture.common import axis, broadcast, is_activation, is_batched, is_map
from featherbone.nn.capture.rules import RULES, activation, arrange, attention, combine, index, matrix, pooling
from featherbone.nn.capture.rules.convolution import convolution, transposed
from featherbone.nn.capture.rules.normalization import batch_norm, local_response_norm
from featherbone.nn.capture.rules.padding import pad
from featherbone.nn.capture.tracer import Tracer
from featherbone.nn.onnx_reader.folding import axes_of, slices

Operator = Callable[[Tracer, list[Any], dict[str, Any]], Any]


def _conv(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
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


def _conv_transpose(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x, weight, *bias = inputs
    rank = len(weight.shape) - 2
    if "output_shape" in a or a.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise NoRule
    stride, dilation = a.get("strides", [1] * rank), a.get("dilations", [1] * rank)
    extra = list(a.get("output_padding", [0] * rank))
    padding = []
    for place, (before, after) in enumerate(_edges(a, x.shape[2:], weight.shape[2:], stride, dilation)):
        padding.append(before)
        extra[place] += before - after  # cropping less at the far edge is what output padding means
    return transposed(t, x, weight, bias[0] if bias else None, stride, padding, extra, a.get("group", 1), dilation)


def _pool(kind: type[MaxPool] | type[AvgPool]) -> Operator:
    def rule(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
        x = inputs[0]
        kernel = tuple(a["kernel_shape"])
        stride = tuple(a.get("strides", [1] * len(kernel)))
        if not is_map(x) or set(a.get("dilations", [1])) != {1}:
            raise NoRule
        edges = tuple(_edges(a, x.shape[2:], kernel, stride, (1,) * len(kernel)))
        ceil = bool(a.get("ceil_mode", 0))
        if kind is MaxPool:
            return t.emit(MaxPool(kernel=kernel, stride=stride, padding=edges, ceil=ceil), (x,), "max_pool")
        counted = bool(a.get("count_include_pad", 0)) or not any(map(any, edges))
        made = AvgPool(kernel=kernel, stride=stride, padding=edges, ceil=ceil, count_padding=counted)
        return t.emit(made, (x,), "avg_pool")

    return rule


def _batch_norm(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x, scale, shift, mean, variance = inputs[:5]
    kept = round(1 - a.get("momentum", 0.9), 6)
    return batch_norm(t, x, mean, variance, scale, shift, False, kept, round(a.get("epsilon", 1e-5), 12))


def _gemm(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x, weight, *bias = inputs
    if a.get("transA", 0):
        raise NoRule
    return _linear(t, x, weight, bias[0] if bias else None, transposed=bool(a.get("transB", 0)))


def _linear(t: Tracer, x: Any, weight: Any, bias: Any, *, transposed: bool) -> Any:
    names = [t.parameter(weight), *([] if bias is None else [t.parameter(bias)])]
    rows, columns = weight.shape if transposed else tuple(weight.shape)[::-1]
    if is_batched(x) and len(x.shape) == 2 and None not in names and x.shape[1] == columns:
        operator = Linear(out_features=rows, bias=bias is not None)
        weights = tuple(name for name in names if name is not None)
        return t.emit(operator, (x,), "linear", weights=weights, macs=rows * columns)
    full = (*x.shape[:-1], rows)
    return t.opaque("linear", (x, weight, bias), full, macs=rows * columns * x.shape[:-1].numel())


def _matmul(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x, other = inputs
    if t.parameter(other) is not None and len(other.shape) == 2:
        return _linear(t, x, other, None, transposed=False)
    return matrix.matmul(t, x, other)


def _clip(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    bounds = [_number(value) for value in (*inputs[1:3], None, None)[:2]]
    low = bounds[0] if bounds[0] is not None else a.get("min")
    high = bounds[1] if bounds[1] is not None else a.get("max")
    return activation.clamp(t, inputs[0], low, high)


def _number(value: Any) -> float | None:
    return float(value.reshape(-1)[0]) if isinstance(value, np.ndarray) and value.size == 1 else None


def _reshape(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x = inputs[0]
    wanted = inputs[1].reshape(-1).tolist() if len(inputs) > 1 else list(a["shape"])
    return arrange.reshape(t, x, [x.shape[place] if size == 0 else int(size) for place, size in enumerate(wanted)])


def _flatten(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x = inputs[0]
    cut = axis(a.get("axis", 1), len(x.shape))
    return arrange.reshape_to(t, x, (x.shape[:cut].numel(), x.shape[cut:].numel()))


def _squeeze(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    return arrange.squeeze(t, inputs[0], axes_of(inputs, a))


def _unsqueeze(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x, axes = inputs[0], axes_of(inputs, a) or []
    rank = len(x.shape) + len(axes)
    for place in sorted(axis(one, rank) for one in axes):
        x = arrange.unsqueeze(t, x, place)
    return x


def _split(t: Tracer, inputs: list[Any], a: dict[str, Any], outputs: int) -> Any:
    x, place = inputs[0], a.get("axis", 0)
    size = x.shape[place]
    if len(inputs) > 1 and inputs[1] is not None:
        parts = inputs[1].reshape(-1).tolist()
    else:
        each = -(-size // outputs)
        parts = list(a.get("split", [min(each, size - each * part) for part in range(outputs)]))
    return index.split(t, x, parts, place)


def _slice(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x = inputs[0]
    ranges = [slice(None)] * len(x.shape)
    for place, start, stop, step in slices(inputs, a):
        if step < 1:
            raise NoRule
        ranges[place] = slice(start, stop, step)
    return index.getitem(t, x, tuple(ranges))


def _gather(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    table, places = inputs
    dim = axis(a.get("axis", 0), len(table.shape))
    if not is_activation(table):
        return attention.embedding(t, places, table) if dim == 0 and len(table.shape) == 2 else _picked(t, inputs, dim)
    if isinstance(places, np.ndarray) and places.ndim == 0:
        return index.select(t, table, dim, int(places))
    return _picked(t, inputs, dim)


def _picked(t: Tracer, inputs: list[Any], dim: int) -> Any:
    table, places = inputs
    full = (*table.shape[:dim], *places.shape, *table.shape[dim + 1 :])
    return t.opaque("gather", [value for value in inputs if not isinstance(value, np.ndarray)], full)


def _reduce(rule: Any) -> Operator:
    def reduced(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
        return rule(t, inputs[0], axes_of(inputs, a), keepdim=bool(a.get("keepdims", 1)))

    return reduced


def _padding(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x = inputs[0]
    pads = inputs[1].reshape(-1).tolist() if len(inputs) > 1 else list(a["pads"])
    if len(inputs) > 3 and inputs[3] is not None:
        raise NoRule
    rank = len(x.shape)
    value = _number(inputs[2]) if len(inputs) > 2 else a.get("value", 0.0)
    edges = list(zip(pads[:rank], pads[rank:], strict=True))
    while edges and edges[0] == (0, 0):
        edges.pop(0)
    flat = [int(edge) for pair in reversed(edges) for edge in pair]
    return pad(t, x, flat, a.get("mode", "constant"), value or 0.0)


def _resize(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x = inputs[0]
    if len(inputs) > 3 and inputs[3] is not None:
        full = [int(size) for size in inputs[3].reshape(-1)]
    else:
        scales = a.get("scales") or inputs[2 if len(inputs) > 2 else 1].reshape(-1).tolist()
        full = [floor(size * scale) for size, scale in zip(x.shape, scales, strict=True)]
    mode = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}[a.get("mode", "nearest")]
    corners = a.get("coordinate_transformation_mode", "half_pixel") == "align_corners"
    if tuple(full[:2]) != tuple(x.shape[:2]):
        raise NoRule
    return pooling.interpolate(t, x, tuple(full[2:]), mode=mode, align_corners=corners)


def _expand(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    return t.opaque("expand", (inputs[0],), broadcast(inputs[0].shape, tuple(inputs[1].tolist())), moves=True)


def _recurrent(label: str) -> Operator:
    def rule(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
        x, w, r, *rest = inputs
        steps, batch = x.shape[0], x.shape[1]
        directions, hidden = r.shape[0], r.shape[2]
        macs = steps * batch * (w.shape.numel() + r.shape.numel())
        tensors = [value for value in (x, w, r, *rest) if value is not None and not isinstance(value, np.ndarray)]
        made = t.opaque(label, tensors, (steps, directions, batch, hidden), macs=macs)
        last = [t.opaque(f"{label}_state", (made,), (directions, batch, hidden), moves=True) for _ in range(2)]
        return (made, *last)

    return rule


def _same_shape(label: str) -> Operator:
    def rule(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
        return t.opaque(label, [v for v in inputs if not isinstance(v, np.ndarray)], inputs[0].shape)

    return rule


def _element_wise(rule: Any) -> Operator:
    def answer(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
        operands = [_operand(value) for value in inputs]
        made = operands[0]
        for other in operands[1:]:
            made = rule(t, made, other)
        return made

    return answer


def _operand(value: Any) -> Any:
    """A constant array as a number, or as a tensor that only has a shape."""
    import torch

    if not isinstance(value, np.ndarray):
        return value
    return float(value.reshape(-1)[0]) if value.size == 1 else torch.empty(value.shape, device="meta")


def _hard_sigmoid(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    usual = abs(a.get("alpha", 0.2) - 1 / 6) < 1e-4 and abs(a.get("beta", 0.5) - 0.5) < 1e-6
    return (RULES["hardsigmoid"] if usual else activation.element_wise("hard_sigmoid"))(t, inputs[0])


def _first(rule: Any) -> Operator:
    return lambda t, inputs, a: rule(t, inputs[0])


SIMPLE = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "HardSwish": "hardswish",
    "Mish": "mish",
    "Identity": "contiguous",
    "Cast": "contiguous",
    "Abs": "abs",
    "Ceil": "ceil",
    "Cos": "cos",
    "Erf": "erf",
    "Exp": "exp",
    "Floor": "floor",
    "Log": "log",
    "Neg": "neg",
    "Reciprocal": "reciprocal",
    "Round": "round",
    "Sign": "sign",
    "Sin": "sin",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Sqrt": "sqrt",
    "LogSoftmax": "log_softmax",
    "Softmax": "softmax",
    "Swish": "silu",
}
SAME_SHAPE = (
    "CumSum DequantizeLinear GroupNormalization InstanceNormalization LayerNormalization LpNormalization "
    "MeanVarianceNormalization PRelu QuantizeLinear RMSNormalization Selu Celu ThresholdedRelu Not Trilu "
    "ScatterND ScatterElements"
)

OPERATORS: dict[str, Operator] = {
    **{kind: _first(RULES[name]) for kind, name in SIMPLE.items()},
    **{kind: _same_shape(kind) for kind in SAME_SHAPE.split()},
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MaxPool": _pool(MaxPool),
    "AveragePool": _pool(AvgPool),
    "GlobalAveragePool": lambda t, i, a: pooling.adaptive("avg")(t, i[0], 1),
    "GlobalMaxPool": lambda t, i, a: pooling.adaptive("max")(t, i[0], 1),
    "BatchNormalization": _batch_norm,
    "LRN": lambda t, i, a: local_response_norm(
        t, i[0], a["size"], a.get("alpha", 1e-4), a.get("beta", 0.75), a.get("bias", 1.0)
    ),
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Einsum": lambda t, i, a: matrix.einsum(t, a["equation"], *i),
    "Clip": _clip,
    "Elu": lambda t, i, a: activation.elu(t, i[0], a.get("alpha", 1.0)),
    "LeakyRelu": lambda t, i, a: activation.leaky_relu(t, i[0], round(a.get("alpha", 0.01), 6)),
    "Gelu": lambda t, i, a: activation.gelu(t, i[0], a.get("approximate", "none")),
    "HardSigmoid": _hard_sigmoid,
    "Dropout": lambda t, i, a: activation.dropout(t, i[0], _number(i[1]) or 0.5 if len(i) > 1 else a.get("ratio", 0.5)),
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": lambda t, i, a: arrange.permute(t, i[0], a.get("perm", list(range(len(i[0].shape)))[::-1])),
    "Concat": lambda t, i, a: combine.concat(t, [_operand(value) for value in i], a["axis"]),
    "Slice": _slice,
    "Gather": _gather,
    "Expand": _expand,
    "Pad": _padding,
    "Resize": _resize,
    "Upsample": _resize,
    "ReduceMean": _reduce(RULES["mean"]),
    "ReduceMax": _reduce(RULES["amax"]),
    "ReduceSum": _reduce(RULES["sum"]),
    "ReduceL2": _reduce(pooling.reduction("norm", "")),
    **{kind: _recurrent(kind.lower()) for kind in ("LSTM", "GRU", "RNN")},
    **{kind: _element_wise(combine.add) for kind in ("Add", "Sum")},
    "Mul": _element_wise(combine.multiply),
    "Sub": _element_wise(RULES["sub"]),
    "Div": _element_wise(RULES["div"]),
    "Pow": _element_wise(RULES["pow"]),
    "Max": _element_wise(RULES["maximum"]),
    "Min": _element_wise(RULES["minimum"]),
    "Mod": _element_wise(RULES["remainder"]),
    **{kind: _element_wise(RULES["eq"]) for kind in ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual")},
    **{kind: _element_wise(RULES["logical_and"]) for kind in ("And", "Or", "Xor")},
    "Where": lambda t, i, a: combine.binary("where")(t, *[_operand(value) for value in i]),
}


def answer(kind: str, t: Tracer, inputs: list[Any], a: dict[str, Any], outputs: int) -> Any:
    """What an operator writes; ``NoRule`` where it is not known."""
    while inputs and inputs[-1] is None:
        inputs.pop()
    if kind == "Split":
        return _split(t, inputs, a, outputs)
    if kind not in OPERATORS:
        raise NoRule
    return OPERATORS[kind](t, inputs, a)
