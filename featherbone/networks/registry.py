"""Every network by name. A table, not a side effect: nothing of it is imported until it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from featherbone.graph import Graph
from featherbone.networks.settings import check_settings


@dataclass(frozen=True, kw_only=True)
class Network:
    """A name, the function that builds it, and the settings that the name fixes.

    >>> NETWORKS["mobilenet_v1"](width=0.5).output_shape
    (1000,)

    ``module`` is the file beside this one; the function in it is ``function``.
    """

    name: str
    module: str
    function: str
    paper: str
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def build(self) -> Callable[..., Graph]:
        """The function itself, imported now."""
        found: Callable[..., Graph] = getattr(import_module(f"featherbone.networks.{self.module}"), self.function)
        return found

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that may be given, and their defaults; a resolution of ``None`` follows from ``small``."""
        defaults: dict[str, Any] = getattr(self.build, "__kwdefaults__", None) or {}
        return {key: default for key, default in defaults.items() if key not in self.fixed}

    @property
    def summary(self) -> str:
        """The network in one sentence: the first line of its docstring."""
        return (self.build.__doc__ or "").strip().splitlines()[0]

    def __call__(self, **settings: Any) -> Graph:
        """The graph; FeatherboneError for a setting that is unknown or not allowed."""
        check_settings(self.name, settings, self.settings)
        return self.build(**self.fixed, **settings)


def _one(name: str, paper: str, function: str = "", module: str = "", **fixed: Any) -> Network:
    return Network(name=name, paper=paper, function=function or name, module=module or function or name, fixed=fixed)


_ALEXNET = "ImageNet Classification with Deep Convolutional Neural Networks, 2012"
_RESNET = "arXiv:1512.03385"
_SENET = "arXiv:1709.01507"

NETWORKS: dict[str, Network] = {
    entry.name: entry
    for entry in (
        *(_one(f"cifar_resnet{depth}", _RESNET, "cifar_resnet", depth=depth) for depth in (20, 32, 44, 56, 110)),
        _one("mobilenet_v1", "arXiv:1704.04861"),
        _one("shufflenet_v1", "arXiv:1707.01083"),
        _one("mobilenet_v2", "arXiv:1801.04381"),
        _one("mlperf_tiny_resnet8", "arXiv:2106.07597"),
    )
}
