"""Lazy modules, whose weights have no shape before they have run once."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer

from featherbone.errors import FeatherboneError
from featherbone.nn.capture.structure import mapped


def with_shapes(model: nn.Module, given: list[Any], keywords: dict[str, Any]) -> nn.Module:
    """A copy that ran once, so that its weights have shapes; the model itself stays as it is.

    Raises:
        FeatherboneError: it fails on this input.
    """
    empty = {
        id(buffer): UninitializedBuffer(device=buffer.device, dtype=buffer.dtype)  # type: ignore[call-arg]
        for module in model.modules()
        for buffer in module._buffers.values()
        if isinstance(buffer, UninitializedBuffer)  # torch cannot copy these
    }
    made = copy.deepcopy(model, empty).eval()
    first = next(made.parameters(), None)
    device = torch.device("cpu") if first is None else first.device

    def example(tensor: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(tensor, device=device) if tensor.is_meta else tensor.to(device)

    try:
        with torch.no_grad():
            made(*mapped(given, example), **mapped(keywords, example))
    except Exception as error:
        shown = " ".join(str(error).split())[:200]
        raise FeatherboneError(
            f"{type(model).__name__} has lazy modules, and cannot be run to learn their shapes: {shown}",
            hint="run it once on an input of yours, then give it here",
        ) from error
    return made
