"""Layers of torch.nn that are one function: answered by that function's rule, without the Python calls in between.

Most of a capture's time would go into those calls. The rule is the one that answers the function wherever a model calls
it, with the same arguments as the layer's forward would give it; where a layer is unusual, its forward runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from featherbone.nn.capture.calls import NoRule
from featherbone.nn.capture.rules.activation import RULES as ACTIVATIONS
from featherbone.nn.capture.rules.activation import dropout
from featherbone.nn.capture.rules.convolution import convolution, linear
from featherbone.nn.capture.rules.normalization import batch_norm, layer_norm
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer

Layer = Callable[[Tracer, Any, Traced], Traced]  # of the tracer, the layer and its input


def layer_rule(module: nn.Module) -> Layer | None:
    """The rule of a module; None unless it is of exactly one of these classes and has the forward that torch gave it.

    >>> layer_rule(nn.ReLU()) is not None, layer_rule(nn.Sequential())
    (True, None)
    """
    kind = type(module)
    rule = LAYERS.get(kind)
    return rule if rule is not None and kind.forward is FORWARDS[kind] and "forward" not in module.__dict__ else None


def _convolution(tracer: Tracer, layer: Any, input: Traced) -> Traced:
    if layer.padding_mode != "zeros":
        raise NoRule
    weight, bias = _weights(layer)
    return convolution(tracer, input, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups)


def _linear(tracer: Tracer, layer: Any, input: Traced) -> Traced:
    return linear(tracer, input, *_weights(layer))


def _batch_norm(tracer: Tracer, layer: Any, input: Traced) -> Traced:
    if layer.training:
        raise NoRule
    layer._check_input_dim(input)
    weight, bias = _weights(layer)
    kept = layer._buffers
    try:
        mean, variance = kept["running_mean"], kept["running_var"]
    except KeyError:
        raise NoRule from None
    return batch_norm(tracer, input, mean, variance, weight, bias, False, layer.momentum, layer.eps)


def _layer_norm(tracer: Tracer, layer: Any, input: Traced) -> Traced:
    return layer_norm(tracer, input, layer.normalized_shape, *_weights(layer), layer.eps)


def _activation(function: str) -> Layer:
    rule = ACTIVATIONS[function]

    def answer(tracer: Tracer, layer: Any, input: Traced) -> Traced:
        made: Traced = rule(tracer, input, inplace=layer.inplace)
        return made

    return answer


def _sigmoid(tracer: Tracer, layer: Any, input: Traced) -> Traced:
    made: Traced = ACTIVATIONS["sigmoid"](tracer, input)
    return made


def _dropout(tracer: Tracer, layer: Any, input: Traced) -> Traced:
    return dropout(tracer, input, layer.p, layer.training, layer.inplace)


def _identity(tracer: Tracer, layer: Any, input: Traced) -> Traced:
    return input


def _weights(layer: Any) -> tuple[Any, Any]:
    """Weight and bias where they are parameters: pruning and weight norm put something computed in their place."""
    parameters = layer._parameters
    try:
        return parameters["weight"], parameters["bias"]
    except KeyError:
        raise NoRule from None


LAYERS: dict[type[nn.Module], Layer] = {
    **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), _convolution),
    nn.Linear: _linear,
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d), _batch_norm),
    nn.LayerNorm: _layer_norm,
    nn.ReLU: _activation("relu"),
    nn.ReLU6: _activation("relu6"),
    nn.SiLU: _activation("silu"),
    nn.Hardswish: _activation("hardswish"),
    nn.Hardsigmoid: _activation("hardsigmoid"),
    nn.Sigmoid: _sigmoid,
    nn.Dropout: _dropout,
    nn.Identity: _identity,
}
FUNCTIONAL = frozenset({"batch_norm", "layer_norm", "relu", "hardtanh", "silu", "hardswish", "hardsigmoid", "dropout"})


def function_of(module: nn.Module) -> str:
    """The function that a layer's forward calls, as ``featherbone.graph.called`` spells it.

    >>> function_of(nn.Conv2d(3, 8, 3)), function_of(nn.BatchNorm2d(8))
    ('torch.conv2d', 'functional.batch_norm')
    """
    name = type(module).__name__
    known = {"LayerNorm": "layer_norm", "ReLU6": "hardtanh"}
    name = known.get(name, "batch_norm" if name.startswith("BatchNorm") else name.lower())
    return f"{'functional' if name in FUNCTIONAL else 'torch'}.{name}"


FORWARDS = {kind: kind.forward for kind in LAYERS}
