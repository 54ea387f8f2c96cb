"""The activations that our kernels compute with what stands before them."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

from torch import Tensor, fx
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class Act:
    """Clamps to an interval: a ReLU (0, ∞), a ReLU6 (0, 6), or none (-∞, ∞). Or is ``swish``, the hard one."""

    low: float = -math.inf
    high: float = math.inf
    swish: bool = False

    def __call__(self, y: Tensor) -> Tensor:
        return functional.hardswish(y) if self.swish else functional.hardtanh(y, self.low, self.high)


NONE = Act()
ACTS = {functional.relu: Act(low=0.0), functional.relu6: Act(low=0.0, high=6.0), functional.hardswish: Act(swish=True)}


def act_behind(node: fx.Node) -> tuple[Act, fx.Node]:
    """The activation that alone reads a node, and where it stands; `NONE` and the node itself without one."""
    reader = only_reader(node)
    if reader is not None and reader.op == "call_function" and reader.target in ACTS:
        return ACTS[reader.target], reader
    return NONE, node


def sum_behind(node: fx.Node) -> tuple[fx.Node, list[fx.Node]]:
    """The addition that alone reads a node, and what is added; the node itself and nothing without one."""
    added = only_reader(node)
    if added is not None and added.target is operator.add and not added.kwargs:
        other = next((argument for argument in added.args if argument is not node), None)
        if isinstance(other, fx.Node):
            return added, [other]
    return node, []


def only_reader(node: fx.Node) -> fx.Node | None:
    readers = list(node.users)
    return readers[0] if len(readers) == 1 else None
