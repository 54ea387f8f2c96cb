"""Element-wise functions: those of the vocabulary by name, the others opaque and free."""

from __future__ import annotations

from typing import Any

import torch

from featherbone.graph.operators import ACTIVATIONS, Activation, Dropout
from featherbone.nn.capture.call_arguments import is_batched, noted
from featherbone.nn.capture.calls import Rule
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer

OPERATORS = {function: Activation(function=function) for function in ACTIVATIONS}


def named(function: str, label: str = "") -> Rule:
    """A rule for a function without settings."""

    def rule(tracer: Tracer, input: Traced, inplace: bool = False) -> Traced:
        return _apply(tracer, input, function, inplace)

    return rule


def _apply(tracer: Tracer, input: Traced, function: str, inplace: bool) -> Traced:
    if is_batched(input):
        made = tracer.emit(OPERATORS[function], (input,), "act", full=input._size)
    else:
        made = tracer.opaque(function, (input,), input.shape)
    return input.become(made) if inplace else made


def hardtanh(
    tracer: Tracer, input: Traced, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Traced:
    if (min_val, max_val) == (0, 6):
        return _apply(tracer, input, "relu6", inplace)
    return _other(tracer, input, "hardtanh", inplace)


def clamp(tracer: Tracer, input: Any, min: Any = None, max: Any = None) -> Traced:
    if _is(min, 0) and (max is None or _is(max, 6)):
        return _apply(tracer, input, "relu" if max is None else "relu6", False)
    return tracer.opaque("clamp", (input, min, max), input.shape)


def elu(tracer: Tracer, input: Traced, alpha: float = 1.0, inplace: bool = False, *rest: Any) -> Traced:
    if alpha == 1:
        return _apply(tracer, input, "elu", inplace is True)
    return _other(tracer, input, "elu", inplace is True)


def leaky_relu(tracer: Tracer, input: Traced, negative_slope: float = 0.01, inplace: bool = False) -> Traced:
    if negative_slope == 0.01:
        return _apply(tracer, input, "leaky_relu", inplace)
    return _other(tracer, input, "leaky_relu", inplace)


def gelu(tracer: Tracer, input: Traced, approximate: str = "none") -> Traced:
    if approximate == "none":
        return _apply(tracer, input, "gelu", False)
    return _other(tracer, input, "gelu_tanh", False)


def dropout(tracer: Tracer, input: Traced, p: float = 0.5, training: bool = True, inplace: bool = False) -> Traced:
    if is_batched(input) and 0 <= p < 1:
        made = tracer.emit(Dropout(probability=float(p)), (input,), "dropout")
    else:
        made = tracer.opaque("dropout", (input,), input.shape)
    return input.become(made) if inplace else made


def element_wise(label: str, dtype: torch.dtype | None = None) -> Rule:
    """A rule for a free function that keeps its first argument's shape; other arguments may be weights."""

    def rule(tracer: Tracer, input: Any, *args: Any, inplace: bool = False, **settings: Any) -> Traced:
        made = tracer.opaque(label, (input, *args), input.shape, dtype=settings.get("dtype") or dtype)
        return input.become(made) if inplace else made

    return rule


def _other(tracer: Tracer, input: Traced, label: str, inplace: bool) -> Traced:
    made = tracer.opaque(label, (input,), input.shape)
    return input.become(made) if inplace else made


def _is(value: Any, wanted: int) -> bool:
    return isinstance(value, (int, float)) and value == wanted


def softmax(tracer: Tracer, input: Any, dim: Any = None, *args: Any, **settings: Any) -> Traced:
    made = tracer.opaque("softmax", (input,), input.shape, dtype=settings.get("dtype"))
    return noted(made, size=input.shape[dim]) if isinstance(dim, int) and input.shape else made


KEPT = (
    "log_softmax",
    "softplus",
    "selu",
    "celu",
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "abs",
    "neg",
    "sin",
    "cos",
    "erf",
    "square",
    "reciprocal",
    "softsign",
    "hardshrink",
    "logsigmoid",
    "cumsum",
    "masked_fill",
    "round",
    "floor",
    "ceil",
    "sign",
    "normalize",
    "nan_to_num",
)
"""Free functions of one tensor, without more to know."""

RULES: dict[str, Rule] = {
    **{name: named(name) for name in ("relu", "relu6", "sigmoid", "tanh", "silu", "mish")},
    "hardswish": named("hard_swish"),
    "hardsigmoid": named("hard_sigmoid"),
    "hardtanh": hardtanh,
    "clamp": clamp,
    "clip": clamp,
    "elu": elu,
    "leaky_relu": leaky_relu,
    "gelu": gelu,
    "dropout": dropout,
    "prelu": element_wise("prelu"),
    "softmax": softmax,
    **{name: element_wise(name) for name in KEPT},
    **{name: element_wise(name, torch.bool) for name in ("isnan", "isinf", "logical_not")},
}
