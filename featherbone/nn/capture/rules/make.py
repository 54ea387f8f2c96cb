"""Tensors made after another's type or shape: constants, with values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from featherbone.nn.capture.calls import Rule
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer


def new(make: Callable[..., torch.Tensor]) -> Rule:
    """A rule for ``x.new_zeros(size)`` and its like."""

    def rule(tracer: Tracer, like: Any, *size: Any, dtype: Any = None, **settings: Any) -> Traced:
        keep = {"fill_value": settings["fill_value"]} if "fill_value" in settings else {}
        sizes = size or (settings["size"],)
        value = make(*sizes, dtype=dtype or like.dtype, device=tracer.device, **keep)
        return Traced.make(value.shape, value.dtype, tracer.device, value=value)

    return rule


def like(make: Callable[..., torch.Tensor]) -> Rule:
    """A rule for ``torch.zeros_like(x)`` and its like."""

    def rule(tracer: Tracer, input: Any, *args: Any, dtype: Any = None, **settings: Any) -> Traced:
        keep = {"fill_value": settings["fill_value"]} if "fill_value" in settings else {}
        value = make(tuple(input.shape), *args, dtype=dtype or input.dtype, device=tracer.device, **keep)
        return Traced.make(value.shape, value.dtype, tracer.device, value=value)

    return rule


RULES: dict[str, Rule] = {
    **{f"new_{make.__name__}": new(make) for make in (torch.zeros, torch.ones, torch.empty, torch.full)},
    **{f"{make.__name__}_like": like(make) for make in (torch.zeros, torch.ones, torch.empty, torch.full)},
}
