"""What a model is called with: checked against its signature before it runs, and made from shapes or tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from featherbone.errors import FeatherboneError
from featherbone.nn.capture.structure import each_tensor, mapped

SIZE = "3x224x224"  # stands for a size in hints
Given = Any  # a tensor, a shape without the batch, or a structure of tensors


@dataclass(frozen=True)
class Whole:
    """A tensor whose leading dimension is no batch, so that all of it is one example."""

    tensor: torch.Tensor


def examples(
    model: nn.Module, given: Sequence[Given], named: Mapping[str, Given]
) -> tuple[list[Any], dict[str, Any], list[str]]:
    """The inputs as tensors for one example, and what is to be said: a shape becomes a float input on the meta device.

    Raises:
        FeatherboneError: a shape that is none; inputs that the model's forward does not take, or that it lacks.
    """
    kind = _float_type(model)
    whole = any(isinstance(value, Whole) for value in (*given, *named.values()))
    inputs = [_example(value, kind) for value in given]
    keywords = {name: value if isinstance(value, str) else _example(value, kind) for name, value in named.items()}
    _check_signature(model, inputs, keywords)
    tensors = [value for value in (*inputs, *keywords.values()) if isinstance(value, torch.Tensor)]
    leading = {tuple(tensor.shape[:1]) for tensor in tensors}
    if len(tensors) < len(list(each_tensor((inputs, keywords)))):
        leading = set()  # tensors in lists are a model's own way to say what belongs together
    notes = []
    if not whole and len(leading) == 1 and leading != {(1,)} and leading != {()}:  # a batch: trace a batch of one
        inputs, keywords = mapped(inputs, lambda tensor: tensor[:1]), mapped(keywords, lambda tensor: tensor[:1])
        if min(tensor.dim() for tensor in tensors) < 4:  # of images it is the batch, of sequences it may not be
            text = "x".join(str(size) for size in tensors[0].shape)
            notes.append(
                f"the inputs are a batch of {leading.pop()[0]}, and the counts are for one of them (where the leading "
                f"dimension is no batch, give the text '={text}')"
            )
    return inputs, keywords, notes


def _float_type(model: nn.Module) -> torch.dtype:
    """The type of the model's weights: what it is called with where only a size is given."""
    return next((weight.dtype for weight in model.parameters() if weight.is_floating_point()), torch.float32)


def _example(value: Given, kind: torch.dtype) -> Any:
    if isinstance(value, Whole):
        return value.tensor
    if isinstance(value, (tuple, list, torch.Size)) and value and all(type(size) is int for size in value):
        if min(value) < 1:
            raise FeatherboneError(f"input size {tuple(value)} holds a size below 1", hint="such as (3, 224, 224)")
        return torch.empty((1, *value), dtype=kind, device="meta")
    if next(each_tensor(value), None) is None and value is not None and not isinstance(value, (bool, int, float)):
        raise FeatherboneError(
            f"{value!r} is no input", hint="give the size without the batch, such as (3, 224, 224), or a tensor"
        )
    return value


def _check_signature(model: nn.Module, inputs: list[Any], keywords: dict[str, Any]) -> None:
    try:
        signature = inspect.signature(model.forward)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*inputs, **keywords)
    except TypeError as error:
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        wanted = [p.name for p in signature.parameters.values() if p.kind in kinds and p.default is p.empty]
        count = len(inputs) + len(keywords)
        raise FeatherboneError(
            f"{type(model).__name__} takes {len(wanted)} inputs ({', '.join(wanted) or 'none'}) and was given {count}: "
            f"{error}",
            hint=f"give each: {' '.join(f'--input {name}:{SIZE}' for name in wanted)}, whole numbers as "
            f"{(wanted or ['ids'])[0]}:128:int64; in Python featherbone.profile(model, inputs=({', '.join(wanted)},))",
        ) from None


def input_names(model: nn.Module, inputs: list[Any], keywords: dict[str, Any]) -> Callable[[torch.Tensor], str]:
    """The name of each input tensor: the parameter of forward that it is part of."""
    try:
        parameters = list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    places: dict[int, str] = {}
    for place, value in enumerate(inputs):
        known = place < len(parameters) and parameters[place].kind is not inspect.Parameter.VAR_POSITIONAL
        name = parameters[place].name if known else f"input{place + 1}"
        places.update({id(tensor): name for tensor in each_tensor(value)})
    for name, value in keywords.items():
        places.update({id(tensor): name for tensor in each_tensor(value)})
    return lambda tensor: places[id(tensor)]
