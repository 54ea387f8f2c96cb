"""What is known of torch's functions, by name, one file a family: a rule records the call and returns the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from featherbone.nn.capture.calls import NoRule, Rule
from featherbone.nn.capture.rules import (
    activation,
    arrange,
    attention,
    combine,
    control,
    index,
    make,
    matrix,
    pooling,
    quantized,
    recurrent,
)
from featherbone.nn.capture.rules.convolution import convolution, kernel_convolution, linear, transposed
from featherbone.nn.capture.rules.normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    native_batch_norm,
    native_instance_norm,
    rms_norm,
)
from featherbone.nn.capture.rules.padding import pad
from featherbone.nn.capture.rules.values import RULES as VALUES

KERNELS: dict[str, Callable[..., int | None]] = {**attention.KERNELS, **matrix.KERNELS, **quantized.KERNELS}

RULES: dict[str, Rule] = {
    **{f"conv{rank}d": convolution for rank in (1, 2, 3)},
    **{f"conv_transpose{rank}d": transposed for rank in (1, 2, 3)},
    "convolution": kernel_convolution,
    "_convolution": kernel_convolution,
    "linear": linear,
    "batch_norm": batch_norm,
    "native batch_norm": native_batch_norm,
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "native instance_norm": native_instance_norm,
    "local_response_norm": local_response_norm,
    "pad": pad,
    **activation.RULES,
    **arrange.RULES,
    **attention.RULES,
    **combine.RULES,
    **control.RULES,
    **index.RULES,
    **make.RULES,
    **matrix.RULES,
    **pooling.RULES,
    **recurrent.RULES,
    **VALUES,
}


def complex_part(name: str) -> Rule:
    """A rule for a part of a complex tensor, which is a view of it; a real tensor is its own part."""

    def part(tracer: Any, tensor: torch.Tensor) -> Any:
        if not tensor.dtype.is_complex:
            raise NoRule
        return tracer.opaque(name, (tensor,), tensor.shape, dtype=tensor.dtype.to_real(), moves=True)

    return part


PROPERTIES: dict[str, Rule] = {
    "T": arrange.last_two,
    "mT": arrange.last_two,
    "H": arrange.last_two,
    "mH": arrange.last_two,
    "data": arrange.copied,
    "real": complex_part("real"),
    "imag": complex_part("imag"),
}


def property_rule(kind: str, attribute: str) -> Rule:
    """The rule for reading (``__get__``) or setting a tensor's attribute."""
    if kind == "__get__" and attribute in PROPERTIES:
        return PROPERTIES[attribute]

    def read(tracer: Any, tensor: torch.Tensor, *args: Any, **settings: Any) -> Any:
        if kind == "__set__":
            return None
        with torch._C.DisableTorchFunctionSubclass():
            return getattr(tensor, attribute)

    return read
