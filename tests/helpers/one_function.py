"""Models that are one function, captured."""

import torch
from torch import nn

from featherbone.cost import count
from featherbone.nn.capture import capture


class Run(nn.Module):
    """A model that is one function."""

    def __init__(self, function, **weights):
        super().__init__()
        self.function = function
        for name, shape in weights.items():
            self.register_parameter(name, nn.Parameter(torch.zeros(shape)))

    def forward(self, *inputs):
        return self.function(self, *inputs)


def only(function, *inputs, **weights):
    graph = capture(Run(function, **weights), *inputs)
    return [node.operator for node in graph.nodes[len(inputs) :]]


def macs(function, *inputs, **weights):
    cost = count(capture(Run(function, **weights), *inputs))
    assert cost.complete
    return cost.macs
