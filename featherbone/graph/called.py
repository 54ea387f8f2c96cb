"""How a module called an operator: what profilers that look at modules and functions go by, and a graph leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NO_FACTS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """One call, as the capture of a ``torch.nn.Module`` saw it.

    >>> Called(function="torch.conv2d", layer="Conv2d", module="timm.layers.std_conv.StdConv2d").exact
    False

    Fields:
        function: ``functional.relu`` of ``torch.nn``, ``torch.bmm``, ``Tensor.matmul``; and
            ``Tensor.__matmul__`` for ``@``; ``aten.mm`` what Python does not see.
        layer: the class of ``torch.nn`` that the innermost running module is of, or is derived from; empty for none.
        module: that module's own class, with its package.
        inside: the classes of the modules that it stands in, from the outermost.
        leaf: whether the module holds no others.
        leading: the first size of what is written, which a graph leaves out where it is 1.
        facts: numbers that only the call holds, such as ``heads``.
    """

    function: str
    layer: str = ""
    module: str = ""
    inside: tuple[str, ...] = ()
    leaf: bool = True
    leading: int = 1
    facts: Mapping[str, int] = field(default_factory=lambda: NO_FACTS)

    @property
    def exact(self) -> bool:
        """Whether the module's class is the layer's own, and no class derived from it."""
        return self.module.startswith("torch.nn.") and self.module.rpartition(".")[2] == self.layer
