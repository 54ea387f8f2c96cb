"""Answers without a rule: by a run on stand-ins, which tells shapes, or of weights and constants alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from featherbone.nn.capture.calls import Call
from featherbone.nn.capture.structure import each_tensor, mapped
from featherbone.nn.capture.traced import META, Traced

if TYPE_CHECKING:
    from featherbone.nn.capture.tracer import Tracer


def without_rule(tracer: Tracer, call: Call, func: Callable[..., Any], args: Any, kwargs: Any, values: Any) -> Any:
    """What has no rule: shapes from a run on stand-ins; multiply-adds unknown unless the function is known free."""
    if values is None:
        values = tracer.run(func, args, kwargs)
    tensors = list(each_tensor((args, kwargs)))
    main: Traced | None = None

    def wrap(value: torch.Tensor) -> Traced:
        nonlocal main
        if main is None:
            macs = 0 if call.free else None if call.macs is None else call.macs(*args, **kwargs)
            made = tracer.opaque(call.name, tensors, value.shape, macs=macs, dtype=value.dtype, moves=call.moves)
            main = made
        else:  # a node writes one tensor; the others read it
            made = tracer.opaque(f"{call.name}_result", (main,), value.shape, dtype=value.dtype, moves=True)
        made.value = value if tracer.real else None
        return made

    return mapped(values, wrap)


def without_activations(tracer: Tracer, call: Call, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """A function of weights and constants alone: run, without touching a weight's values."""
    tensors = list(each_tensor((args, kwargs)))
    if not tensors and not call.makes:
        return func(*args, **kwargs)
    weights = tuple(dict.fromkeys(name for tensor in tensors for name in tracer.weights_of(tensor)))
    if weights and call.name == "batch_norm":
        tracer.normalized += args[0].numel()
    if call.name == "__get__" and tensors and type(tensors[0]) is not Traced:
        found = func(*args, **kwargs)  # a property of a plain tensor
        if not isinstance(found, torch.Tensor):
            return found
    known = any(id(tensor) in tracer.census.buffers for tensor in tensors)
    if call.in_place and (weights or known):
        if type(args[0]) is Traced:
            args[0].weights = weights
        return args[0]  # the model's own tensors stay as they are
    if weights or tracer.real or any(_value(tensor).is_meta for tensor in tensors):
        if not tracer.real:  # what has no values stays where it is, whatever device the model asks for
            args = tuple([_on_meta(value) for value in args])
            kwargs = {key: _on_meta(value) for key, value in kwargs.items()}
        values = tracer.run(func, args, kwargs)
    else:
        with torch.no_grad():
            values = func(*mapped(args, _value), **mapped(kwargs, _value))
    if call.in_place and type(args[0]) is Traced:
        return args[0]

    def constant(value: torch.Tensor) -> Traced:
        made = Traced.make(value.shape, value.dtype, tracer.device, weights=weights, value=value.detach())
        made.base = args[0] if call.views and args and type(args[0]) is Traced else None
        return made

    return mapped(values, constant)


def _on_meta(value: Any) -> Any:
    return META if isinstance(value, torch.device) else value


def _value(tensor: torch.Tensor) -> torch.Tensor:
    if type(tensor) is Traced:
        assert tensor.value is not None, "a constant has a value"
        return tensor.value
    return tensor
