"""What a capture needs to know of a model's modules: their paths, whose each parameter is; and to leave them alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter


@dataclass(slots=True)
class Census:
    """The modules and tensors of a model, by identity.

    Fields:
        paths: path of each module, and whether it has no modules inside.
        parameters: full name of each parameter; one that stands in two places has the name of the first.
        sizes: shape of each parameter by its full name.
        buffers: the identities of the buffers.
        tensors: each parameter with its full name.
        scripted: the identities of TorchScript's modules, which keep their tables below Python.
        lazy: whether a parameter or buffer has no shape yet; it is left out.
    """

    paths: dict[int, tuple[str, bool]] = field(default_factory=dict)
    parameters: dict[int, str] = field(default_factory=dict)
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    buffers: set[int] = field(default_factory=set)
    tensors: list[tuple[str, nn.Parameter]] = field(default_factory=list)
    modules: list[nn.Module] = field(default_factory=list)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    scripted: set[int] = field(default_factory=set)
    lazy: bool = False


def census(model: nn.Module) -> Census:
    """Walk a model once."""
    found = Census()
    paths, parameters, sizes, buffers = found.paths, found.parameters, found.sizes, found.buffers
    tensors, modules = found.tensors, found.modules
    stack: list[tuple[str, nn.Module]] = [("", model)]
    while stack:
        path, module = stack.pop()
        if id(module) in paths:
            continue
        modules.append(module)
        prefix = f"{path}." if path else ""
        children = [(prefix + name, child) for name, child in module._modules.items() if child is not None]
        paths[id(module)] = (path, not children)
        if children:
            children.reverse()
            stack += children
        for name, parameter in module._parameters.items():
            if parameter is None or id(parameter) in parameters:
                continue
            if type(parameter) is not nn.Parameter and isinstance(parameter, UninitializedParameter):
                found.lazy = True
                continue
            full = prefix + name
            parameters[id(parameter)] = full
            sizes[full] = tuple(parameter.shape)
            tensors.append((full, parameter))
        for buffer in module._buffers.values():
            if buffer is not None:
                buffers.add(id(buffer))
                if type(buffer) is not torch.Tensor and isinstance(buffer, UninitializedBuffer):
                    found.lazy = True
    if tensors:
        found.device = tensors[0][1].device
    if any(issubclass(kind, torch.jit.ScriptModule) for kind in set(map(type, modules))):
        found.scripted.update(id(module) for module in modules if isinstance(module, torch.jit.ScriptModule))
    return found


def modules_with_modules(paths: Iterable[str]) -> set[str]:
    """Of the modules with these paths, the ones that hold others.

    >>> sorted(modules_with_modules(["stem.conv", "stem.norm"]))
    ['', 'stem']
    """
    found = {""}
    for path in set(paths):
        while "." in path:
            path = path.rpartition(".")[0]
            found.add(path)
    return found


@contextmanager
def left_alone(found: Census) -> Iterator[None]:
    """Evaluation mode inside; afterwards every attribute of every module is what it was.

    Models cache what they compute (positions, masks), and count batches: a capture must leave no trace of itself. So
    inside, each module has a copy of its attributes, and what it does to them is thrown away with the copy.
    """
    modules, below = found.modules, found.scripted
    scripted = [module for module in modules if id(module) in below and module.training] if below else []
    before = [module.__dict__ for module in modules]
    replace = object.__setattr__
    for module, attributes in zip(modules, before, strict=True):
        copied = attributes.copy()
        if id(module) not in below:  # a scripted one keeps its tables and its mode below Python
            copied["_parameters"] = attributes["_parameters"].copy()
            copied["_buffers"] = attributes["_buffers"].copy()
            copied["_modules"] = attributes["_modules"].copy()
            copied["training"] = False
        replace(module, "__dict__", copied)
    for module in scripted:
        module.training = False
    try:
        yield
    finally:
        for module in scripted:
            module.training = True
        for module, attributes in zip(modules, before, strict=True):
            replace(module, "__dict__", attributes)
