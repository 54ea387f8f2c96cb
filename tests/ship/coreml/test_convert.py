"""What coremltools takes is made of what torch.export gives."""

import pytest
import torch
from torch import nn

from featherbone.ship.coreml.convert import with_float_bounds


class Clipped(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.hardtanh(x, 0, 6)


@pytest.mark.filterwarnings("ignore")  # torch.export's of itself
def test_the_bounds_of_a_clip_are_floats():
    program = torch.export.export(Clipped(), (torch.zeros(1, 2),)).run_decompositions({})
    clips = [node for node in with_float_bounds(program).graph.nodes if "hardtanh" in str(node.target)]
    assert [type(bound) for node in clips for bound in node.args[1:]] == [float, float]
    assert program.module()(torch.tensor([[-1.0, 9.0]])).tolist() == [[0.0, 6.0]]
