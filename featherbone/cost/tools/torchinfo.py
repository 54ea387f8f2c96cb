"""torchinfo 1.8: modules that hold no others; what their parameters are called decides how often each is counted."""

from __future__ import annotations

from typing import Any

from featherbone.cost.seen import Seen
from featherbone.graph.dimension import volume


def torchinfo(seen: Seen) -> Any:
    """Each parameter: at each place for a class whose name holds Conv, else for each index of the first dimension."""
    called = seen.called
    if not called.leaf or not called.module:
        return 0
    written = seen.output if called.leading != 1 else (1, *seen.output)
    convolution = "Conv" in called.module.rpartition(".")[2]
    total: Any = 0
    for name, shape in seen.operator.parameters(*seen.inputs).items():
        if name in ("weight", "bias"):
            total += volume(shape) * (written[0] * volume(written[2:]) if convolution else written[0])
        elif "weight" in name or "bias" in name:
            total += volume(shape) * volume(written[:2])
    return total
