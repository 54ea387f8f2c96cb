"""A file that XNNPACK has no part in is refused."""

import pytest
import torch
from torch import fx, nn

from featherbone.errors import FeatherboneError
from featherbone.ship.executorch.lower import DELEGATE, require_delegated


def traced() -> fx.GraphModule:
    class Slow(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(torch.cumsum(x, 1))

    return fx.symbolic_trace(Slow())


def test_nothing_delegated_is_refused_with_how_much_there_was():
    with pytest.raises(
        FeatherboneError, match=r"XNNPACK takes none of the 2 operators of slow, .* \(export it to onnx"
    ):
        require_delegated(traced(), "slow")


def test_a_part_that_is_delegated_will_do():
    module = traced()

    def executorch_call_delegate(x: torch.Tensor) -> torch.Tensor:
        return x

    assert executorch_call_delegate.__name__ == DELEGATE
    last = next(node for node in module.graph.nodes if node.target is torch.relu)
    last.target = executorch_call_delegate
    require_delegated(module, "half")
