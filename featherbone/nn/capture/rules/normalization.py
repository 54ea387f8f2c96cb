"""Norms: batch norm is of the vocabulary, the others are opaque, free by the papers' convention, with their weights."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from featherbone.graph.operators import BatchNorm, LocalResponseNorm
from featherbone.nn.capture.call_arguments import is_batched, is_map
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer


def batch_norm(
    tracer: Tracer,
    input: Traced,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float | None = 0.1,
    eps: float = 1e-5,
) -> Traced:
    named = tracer.census.parameters
    scale, shift = named.get(id(weight)), named.get(id(bias))
    weights = () if scale is None or shift is None else (scale, shift)
    plain = weights or (weight is None and bias is None)
    if plain and running_mean is not None and running_var is not None and is_batched(input):
        operator = _batch_norm(eps, momentum, bool(weights))
        return tracer.emit(operator, (input,), "norm", weights=weights, full=input._size)
    return tracer.opaque("batch_norm", (input, weight, bias), input.shape)


@lru_cache(maxsize=64)
def _batch_norm(epsilon: float, momentum: float | None, affine: bool) -> BatchNorm:
    operator = BatchNorm(epsilon=float(epsilon), momentum=float(momentum or 0.0), affine=affine)
    operator.check()
    return operator


def native_batch_norm(
    tracer: Tracer,
    input: Traced,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Traced:
    return batch_norm(tracer, input, running_mean, running_var, weight, bias, training, momentum, eps)


def layer_norm(
    tracer: Tracer, input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: Any = None, *rest: Any
) -> Traced:
    return tracer.opaque("layer_norm", (input, weight, bias), input.shape)


def rms_norm(tracer: Tracer, input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Traced:
    return tracer.opaque("rms_norm", (input, weight), input.shape)


def group_norm(
    tracer: Tracer, input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: Any = None, *rest: Any
) -> Traced:
    return tracer.opaque("group_norm", (input, weight, bias), input.shape)


def instance_norm(
    tracer: Tracer,
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    *rest: Any,
    **settings: Any,
) -> Traced:
    return tracer.opaque("instance_norm", (input, weight, bias), input.shape)


def native_instance_norm(tracer: Tracer, input: Any, weight: Any = None, bias: Any = None, *rest: Any) -> Traced:
    return tracer.opaque("instance_norm", (input, weight, bias), input.shape)


def local_response_norm(
    tracer: Tracer, input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Traced:
    if not is_map(input):
        return tracer.opaque("local_response_norm", (input,), input.shape)
    operator = LocalResponseNorm(size=size, alpha=float(alpha), beta=float(beta), k=float(k))
    return tracer.emit(operator, (input,), "norm")
