"""How each operator of a graph was called: by which function, in which module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from featherbone.graph.called import Called
from featherbone.graph.operators import Input
from featherbone.nn.capture.entry import TracedOperator
from featherbone.nn.capture.modules import Census


class CallsByName(Mapping[str, Called]):
    """By the name of each operator its call; inputs have none. Only presets ask, so it is worked out when one does."""

    def __init__(self, named: Mapping[TracedOperator, str], found: Census) -> None:
        self._named = named
        self._modules = {found.paths[id(module)][0]: type(module) for module in found.modules}

    @cached_property
    def _calls(self) -> dict[str, Called]:
        layers = {path: _layer(kind) for path, kind in self._modules.items()}
        classes = {path: f"{kind.__module__}.{kind.__qualname__}" for path, kind in self._modules.items()}
        return {
            name: Called(
                function=entry.function,
                layer=layers[entry.path],
                module=classes[entry.path],
                inside=tuple(classes[path] for path in outer(entry.path)),
                leaf=entry.leaf,
                leading=entry.full[0] if entry.full else 1,
                facts=entry.facts,
            )
            for entry, name in self._named.items()
            if not isinstance(entry.operator, Input)
        }

    def __getitem__(self, name: str) -> Called:
        return self._calls[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)


def outer(path: str) -> list[str]:
    """The paths of the modules that a module stands in.

    >>> outer("stage.block.conv")
    ['', 'stage', 'stage.block']
    """
    parts = path.split(".") if path else []
    return ["", *(".".join(parts[:depth]) for depth in range(1, len(parts)))] if parts else []


def _layer(kind: type) -> str:
    """The first class of ``torch.nn`` that a class is or derives from; empty where that is only ``Module``."""
    own = next((base for base in kind.__mro__ if base.__module__.startswith("torch.nn.")), kind)
    return "" if own.__name__ == "Module" else own.__name__
