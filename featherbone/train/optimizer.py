"""The optimizer of a recipe, and which weights it decays."""

from __future__ import annotations

import torch
from torch import nn

from featherbone.graph import Graph
from featherbone.graph.operators import Conv
from featherbone.train.recipe import Recipe

MOMENTUM = 0.9


def decayed(graph: Graph) -> frozenset[str]:
    """The parameters that weight decay applies to: kernels and matrices, except those of depthwise convolutions.

    >>> from featherbone.graph import image
    >>> sorted(decayed(image(3, 8).conv(4, 3).norm().depthwise(3).global_pool().flatten().linear(2).graph("tiny")))
    ['conv.weight', 'linear.weight']

    A depthwise kernel has so few weights that decay only hurts (MobileNet v1, arXiv:1704.04861, section 3).
    """
    names = set()
    for node in graph.nodes:
        for key, shape in node.operator.parameters(*graph.input_shapes(node)).items():
            depthwise = isinstance(node.operator, Conv) and node.operator.groups != 1 and shape[1] == 1
            if len(shape) > 1 and not depthwise:
                names.add(f"{node.name}.{key}")
    return frozenset(names)


def make_optimizer(graph: Graph, network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer over the network's parameters, in two groups: decayed and not."""
    names = decayed(graph)
    with_decay = [tensor for name, tensor in network.named_parameters() if name in names]
    without = [tensor for name, tensor in network.named_parameters() if name not in names]
    groups = [
        {"params": with_decay, "weight_decay": recipe.weight_decay},
        {"params": without, "weight_decay": 0.0},
    ]
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=recipe.learning_rate, foreach=True)
    return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=MOMENTUM, nesterov=True, foreach=True)
