"""For every network of the zoo: the generated module holds the parameters and does the multiply-adds that are counted.

The source is run on torch's meta device, where tensors have shapes and no values, so VGG-16 takes no memory.
"""

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from featherbone.cost import count
from featherbone.networks import NETWORKS, network
from featherbone.nn import source


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_and_multiply_adds_are_those_of_the_module(name):
    graph = network(name)
    namespace: dict[str, Any] = {}
    exec(compile(source(graph), name, "exec"), namespace)
    made = next(kind for kind in namespace.values() if isinstance(kind, type) and issubclass(kind, torch.nn.Module))
    with torch.device("meta"):
        module = made().eval()
        images = torch.empty(1, *graph.input_shape)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        output = module(images)
    cost = count(graph)
    assert tuple(output.shape[1:]) == graph.output_shape
    assert sum(tensor.numel() for tensor in module.parameters()) == cost.params
    assert counter.get_total_flops() == cost.flops
    assert {name for name, _ in module.named_parameters()} == set(graph.parameters())
