"""Tensors inside what models take and return: tuples, lists, dictionaries, dataclasses, and whatever they nest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch


def each_tensor(value: Any) -> Iterator[torch.Tensor]:
    """Every tensor in a structure, in order.

    >>> [tuple(tensor.shape) for tensor in each_tensor({"a": torch.zeros(2), "b": [torch.zeros(3), 4]})]
    [(2,), (3,)]
    """
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from each_tensor(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from each_tensor(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from each_tensor(getattr(value, field.name))


def mapped(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """The same structure with every tensor changed."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, tuple):
        items = [mapped(item, change) for item in value]
        if hasattr(value, "_fields"):
            return type(value)(*items)
        return type(value)(items) if type(value) is not torch.Size and type(value) is not tuple else tuple(items)
    if isinstance(value, list):
        return [mapped(item, change) for item in value]
    if isinstance(value, slice):
        return slice(*(mapped(item, change) for item in (value.start, value.stop, value.step)))
    if type(value) is dict:
        return {key: mapped(item, change) for key, item in value.items()}
    return value
