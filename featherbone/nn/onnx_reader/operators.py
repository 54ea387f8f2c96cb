"""Each ONNX operator by the rule that answers its PyTorch counterpart; the table of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from featherbone.graph.operators import AvgPool, MaxPool
from featherbone.nn.capture.calls import NoRule
from featherbone.nn.capture.rules import RULES, activation, arrange, combine, matrix, pooling
from featherbone.nn.capture.rules.normalization import batch_norm, local_response_norm
from featherbone.nn.capture.tracer import Tracer
from featherbone.nn.onnx_reader import arranging, fused, products, resizing, windows
from featherbone.nn.onnx_reader.folding import number, reduced_axes
from featherbone.nn.onnx_reader.free import FREE, LEARNING, TRAINING
from featherbone.nn.onnx_reader.load import DOMAINS

Operator = Callable[[Tracer, list[Any], dict[str, Any]], Any]


def _batch_norm(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x, scale, shift, mean, variance = inputs[:5]
    kept = round(1 - a.get("momentum", 0.9), 6)
    return batch_norm(t, x, mean, variance, scale, shift, False, kept, round(a.get("epsilon", 1e-5), 12))


def _clip(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    bounds = [number(value) for value in (*inputs[1:3], None, None)[:2]]
    low = bounds[0] if bounds[0] is not None else a.get("min")
    high = bounds[1] if bounds[1] is not None else a.get("max")
    return activation.clamp(t, inputs[0], low, high)


def _reduce(rule: Any) -> Operator:
    def reduced(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
        axes = reduced_axes(inputs, a, len(inputs[0].shape))
        if not axes:
            return RULES["contiguous"](t, inputs[0])
        return rule(t, inputs[0], axes, keepdim=bool(a.get("keepdims", 1)))

    return reduced


def _recurrent(label: str) -> Operator:
    def rule(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
        x, w, r, *rest = inputs
        layout = a.get("layout", 0)
        if layout not in (0, 1):
            raise NoRule
        steps, batch = x.shape[:2] if layout == 0 else (x.shape[1], x.shape[0])
        directions, hidden = r.shape[0], r.shape[2]
        macs = steps * batch * (w.shape.numel() + r.shape.numel())
        tensors = [value for value in (x, w, r, *rest) if value is not None and not isinstance(value, np.ndarray)]
        states = (directions, batch, hidden) if layout == 0 else (batch, directions, hidden)
        made = t.opaque(label, tensors, (steps, *states) if layout == 0 else (batch, steps, *states[1:]), macs=macs)
        last = [t.opaque(f"{label}_state", (made,), states, moves=True) for _ in range(2)]
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


def _dropout(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    share = number(inputs[1]) if len(inputs) > 1 else a.get("ratio", 0.5)
    mask = t.opaque("dropout_mask", inputs[:1], inputs[0].shape, moves=True)
    return activation.dropout(t, inputs[0], 0.5 if share is None else share), mask


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
    "ScatterND ScatterElements SimplifiedLayerNormalization"
)

OPERATORS: dict[str, Operator] = {
    **{kind: _first(RULES[name]) for kind, name in SIMPLE.items()},
    **{kind: _same_shape(kind) for kind in SAME_SHAPE.split()},
    "Conv": windows.conv,
    "ConvInteger": lambda t, i, a: windows.conv(t, i[:2], a),
    "QLinearConv": windows.quantized_conv,
    "ConvTranspose": windows.conv_transpose,
    "MaxPool": windows.pool(MaxPool),
    "AveragePool": windows.pool(AvgPool),
    "GlobalAveragePool": lambda t, i, a: pooling.adaptive("avg")(t, i[0], 1),
    "GlobalMaxPool": lambda t, i, a: pooling.adaptive("max")(t, i[0], 1),
    "BatchNormalization": _batch_norm,
    "LRN": lambda t, i, a: local_response_norm(
        t, i[0], a["size"], a.get("alpha", 1e-4), a.get("beta", 0.75), a.get("bias", 1.0)
    ),
    "Gemm": products.gemm,
    "MatMul": products.matmul,
    "MatMulInteger": products.matmul,
    "QLinearMatMul": lambda t, i, a: products.matmul(t, [i[0], i[3]], a),
    "Attention": products.attention,
    "LinearAttention": products.linear_attention,
    "CausalConvWithState": products.causal_convolution,
    "DeformConv": products.deformable_convolution,
    "Einsum": lambda t, i, a: matrix.einsum(t, a["equation"], *i),
    "Clip": _clip,
    "Elu": lambda t, i, a: activation.elu(t, i[0], a.get("alpha", 1.0)),
    "LeakyRelu": lambda t, i, a: activation.leaky_relu(t, i[0], round(a.get("alpha", 0.01), 6)),
    "Gelu": lambda t, i, a: activation.gelu(t, i[0], a.get("approximate", "none")),
    "HardSigmoid": _hard_sigmoid,
    "Dropout": _dropout,
    "Reshape": arranging.reshape,
    "Flatten": arranging.flatten,
    "Squeeze": arranging.squeeze,
    "Unsqueeze": arranging.unsqueeze,
    "Transpose": lambda t, i, a: arrange.permute(t, i[0], a.get("perm", list(range(len(i[0].shape)))[::-1])),
    "Concat": lambda t, i, a: combine.concat(t, [_operand(value) for value in i], a["axis"]),
    "Slice": arranging.slicing,
    "Gather": arranging.gather,
    "Expand": arranging.expand,
    "Pad": windows.padding,
    "Resize": resizing.resize,
    "Upsample": resizing.resize,
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

OTHERS: dict[str, dict[str, Operator]] = {
    "com.microsoft": fused.OPERATORS,
    "ai.onnx.ml": {"LinearRegressor": products.linear_model},
    "ai.onnx.preview": {"FlexAttention": products.attention},
}
"""The operators of other domains."""

FREE_ELSEWHERE = {"com.microsoft": fused.FREE, "ai.onnx.ml": LEARNING, "ai.onnx.preview.training": TRAINING}


def answer(domain: str, kind: str, t: Tracer, inputs: list[Any], a: dict[str, Any], outputs: int) -> Any:
    """What an operator writes; ``NoRule`` where it is not known."""
    while inputs and inputs[-1] is None:
        inputs.pop()
    table = OPERATORS if domain in DOMAINS else OTHERS.get(domain, {})
    if kind == "Split" and domain in DOMAINS:
        return arranging.split(t, inputs, a, outputs)
    if kind not in table:
        raise NoRule
    return table[kind](t, inputs, a)


def cost_without_rule(domain: str, kind: str) -> int | None:
    """The multiply-adds of an operator that no rule answers: none, or unknown."""
    free = FREE if domain in DOMAINS else FREE_ELSEWHERE.get(domain, frozenset())
    return 0 if kind in free else None
