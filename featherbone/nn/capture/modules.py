"""What a capture needs to know of a model's modules: their paths, whose each parameter is; and to leave them alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook


@dataclass(slots=True)
class Census:
    """The modules and tensors of a model, by identity.

    Fields:
        paths: path of each module, and whether it has no modules inside.
        parameters: full name of each parameter; one that stands in two places has the name of the first.
        sizes: shape of each parameter by its full name.
        buffers: the identities of the buffers.
        storages: full name of each parameter by the memory that it stands in.
    """

    paths: dict[int, tuple[str, bool]] = field(default_factory=dict)
    parameters: dict[int, str] = field(default_factory=dict)
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    buffers: set[int] = field(default_factory=set)
    storages: dict[int, str] = field(default_factory=dict)
    modules: list[nn.Module] = field(default_factory=list)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


def census(model: nn.Module) -> Census:
    """Walk a model once."""
    found = Census()
    stack: list[tuple[str, nn.Module]] = [("", model)]
    while stack:
        path, module = stack.pop()
        if id(module) in found.paths:
            continue
        children = [(name, child) for name, child in module._modules.items() if child is not None]
        found.paths[id(module)] = (path, not children)
        found.modules.append(module)
        prefix = f"{path}." if path else ""
        for name, parameter in module._parameters.items():
            if parameter is not None and id(parameter) not in found.parameters:
                if not found.parameters:
                    found.device = parameter.device
                found.parameters[id(parameter)] = prefix + name
                found.storages.setdefault(parameter.untyped_storage()._cdata, prefix + name)
                found.sizes[prefix + name] = tuple(parameter.shape)
        found.buffers.update(id(buffer) for buffer in module._buffers.values() if buffer is not None)
        stack.extend((prefix + name, child) for name, child in reversed(children))
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
def left_alone(modules: list[nn.Module]) -> Iterator[None]:
    """Evaluation mode inside; afterwards every attribute of every module is what it was.

    Models cache what they compute (positions, masks), and count batches: a capture must leave no trace of itself.
    """
    tables = ("_parameters", "_buffers", "_modules")
    scripted = [module for module in modules if isinstance(module, torch.jit.ScriptModule) and module.training]
    before = [
        (module.__dict__, dict(module.__dict__), [dict(module.__dict__[table]) for table in tables])
        for module in modules
        if not isinstance(module, torch.jit.ScriptModule)
    ]
    for now, _, _ in before:
        now["training"] = False
    for module in scripted:
        module.training = False
    try:
        yield
    finally:
        for module in scripted:
            module.training = True
        for now, then, contents in before:
            now.clear()
            now.update(then)
            for table, content in zip(tables, contents, strict=True):
                now[table].clear()
                now[table].update(content)


@contextmanager
def announced(enter: Callable[[nn.Module], None], leave: Callable[[nn.Module], None]) -> Iterator[None]:
    """Tell which module is running: ``enter`` before its forward, ``leave`` after it, also where it fails."""

    def before(module: nn.Module, inputs: Any) -> None:
        enter(module)

    def after(module: nn.Module, inputs: Any, output: Any) -> None:
        leave(module)

    hooks = [register_module_forward_pre_hook(before), register_module_forward_hook(after, always_call=True)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
