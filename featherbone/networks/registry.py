"""Every network by name. A table, not a side effect: nothing of it is imported until it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from featherbone.graph import Graph
from featherbone.networks.shared.settings import check_settings


@dataclass(frozen=True, kw_only=True)
class NamedNetwork:
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


def _one(name: str, paper: str, function: str = "", module: str = "", **fixed: Any) -> NamedNetwork:
    return NamedNetwork(
        name=name, paper=paper, function=function or name, module=module or function or name, fixed=fixed
    )


_ALEXNET = "Krizhevsky et al. 2012, ImageNet Classification with Deep Convolutional Neural Networks"
_RESNET = "arXiv:1512.03385"
_SENET = "arXiv:1709.01507"
_LITE = "arXiv:1905.11946; github.com/tensorflow/tpu"
_LITES = [f"lite{n}" for n in range(5)]
_REGNET = "arXiv:2003.13678"
_REGNETS = [f"regnet{kind}_{size}mf" for kind in ("x", "y") for size in (200, 400, 600, 800)]

NETWORKS: dict[str, NamedNetwork] = {
    entry.name: entry
    for entry in (
        _one("alexnet", _ALEXNET, layout="two_groups"),
        _one("alexnet_single_column", "arXiv:1404.5997", "alexnet", layout="single_column"),
        *(_one(f"vgg{depth}", "arXiv:1409.1556", "vgg", depth=depth) for depth in (11, 13, 16, 19)),
        _one("bn_inception", "arXiv:1502.03167"),
        _one("inception_v3", "arXiv:1512.00567"),
        *(_one(f"resnet{depth}", _RESNET, "resnet", depth=depth) for depth in (18, 34, 50, 101, 152)),
        *(_one(f"cifar_resnet{depth}", _RESNET, "cifar_resnet", depth=depth) for depth in (20, 32, 44, 56, 110)),
        _one("squeezenet", "arXiv:1602.07360", version="1.0"),
        _one("squeezenet1_1", "arXiv:1602.07360", "squeezenet", version="1.1"),
        _one("xception", "arXiv:1610.02357"),
        *(_one(f"resnext{depth}_32x4d", "arXiv:1611.05431", "resnext", depth=depth) for depth in (50, 101)),
        _one("mobilenet_v1", "arXiv:1704.04861"),
        _one("shufflenet_v1", "arXiv:1707.01083"),
        *(_one(f"se_resnet{depth}", _SENET, "se_resnet", "senet", depth=depth) for depth in (50, 101, 152)),
        *(_one(f"se_resnext{depth}_32x4d", _SENET, "se_resnext", "senet", depth=depth) for depth in (50, 101)),
        _one("senet154", _SENET, module="senet"),
        _one("mobilenet_v2", "arXiv:1801.04381"),
        _one("shufflenet_v2", "arXiv:1807.11164"),
        *(_one(f"mobilenet_v3_{size}", "arXiv:1905.02244", "mobilenet_v3", size=size) for size in ("large", "small")),
        *(_one(f"mnasnet_{name.lower()}", "arXiv:1807.11626", "mnasnet", release=name) for name in ("A1", "B1")),
        _one("efficientnet_b0", "arXiv:1905.11946", module="efficientnet"),
        *(_one(f"efficientnet_{model}", _LITE, "efficientnet_lite", model=model) for model in _LITES),
        *(_one(name, _REGNET, "regnet_model", "regnet", model=name) for name in _REGNETS),
        _one("regnet", _REGNET),
        _one("squeezenext", "arXiv:1803.10615"),
        *(_one(f"mcunet_in{n}", "arXiv:2007.10319", "mcunet", model=f"in{n}") for n in range(5)),
        _one("ghostnet", "arXiv:1911.11907"),
        *(_one(f"tinynet_{model}", "arXiv:2010.14819", "tinynet", model=model) for model in "abcde"),
        _one("lcnet", "arXiv:2109.15099"),
        *(_one(f"mobileone_s{n}", "arXiv:2206.04040", "mobileone", model=f"s{n}") for n in range(5)),
        _one("repghostnet", "arXiv:2211.06088"),
        _one("mobilenet_v4_conv_small", "arXiv:2404.10518", module="mobilenet_v4"),
        _one("mlperf_tiny_resnet8", "arXiv:2106.07597"),
    )
}
