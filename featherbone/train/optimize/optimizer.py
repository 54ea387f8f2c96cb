"""The optimizer of a recipe, and which weights it decays."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import nn

from featherbone.graph import Graph
from featherbone.graph.operators import Conv
from featherbone.train.optimize.rmsprop import RMSprop
from featherbone.train.recipe.recipe import Recipe
from featherbone.train.transfer.parts import classifier_of

BETA2 = 0.999  # AdamW's, as arXiv:1711.05101


def decayed(graph: Graph) -> frozenset[str]:
    """The parameters that weight decay applies to: kernels and matrices, except those of depthwise convolutions.

    >>> from featherbone.graph import image
    >>> sorted(decayed(image(3, 8).conv(4, 3).norm().depthwise(3).global_pool().flatten().linear(2).graph("tiny")))
    ['conv.weight', 'linear.weight']

    A depthwise kernel has so few weights that decay only hurts (MobileNet v1, arXiv:1704.04861, section 3.2).
    """
    names = set()
    for node in graph.nodes:
        convolution = node.operator if isinstance(node.operator, Conv) else None
        for key, shape in node.operator.parameters(*graph.input_shapes(node)).items():
            if len(shape) == 1:
                continue
            depthwise = convolution is not None and convolution.groups != 1 and shape[1] == 1
            if not depthwise:
                names.add(f"{node.name}.{key}")
    return frozenset(names)


def make_optimizer(
    graph: Graph,
    network: nn.Module,
    recipe: Recipe,
    *,
    others: Collection[nn.Parameter] = (),
) -> torch.optim.Optimizer:
    """The recipe's optimizer over the network's parameters and `others`, in groups: decayed or not, and the head's.

    A group's `scale` multiplies the learning rate: `head_rate` for the classifier. `others`, such as those of feature
    hints, are decayed where they are kernels.

    Momentum is 0.9 unless the recipe says so; SGD is Nesterov's as PyTorch has it; AdamW decouples the decay from the
    gradient (arXiv:1711.05101); RMSprop is TensorFlow's (`featherbone.train.optimize.rmsprop`).
    """
    names = decayed(graph)
    head = classifier_of(graph) if recipe.head_rate != 1 else None
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        decays = recipe.decay_all or name in names
        groups.setdefault((decays, name.rpartition(".")[0] == head), []).append(parameter)
    for parameter in others:
        groups.setdefault((recipe.decay_all or parameter.dim() > 1, False), []).append(parameter)
    settings = [
        {
            "params": groups[key],
            "weight_decay": recipe.weight_decay if key[0] else 0.0,
            "scale": recipe.head_rate if key[1] else 1.0,
        }
        for key in sorted(groups, key=lambda key: (key[1], not key[0]))
    ]
    rate = recipe.learning_rate
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(settings, lr=rate, betas=(recipe.momentum, BETA2), foreach=True)
    if recipe.optimizer == "rmsprop":
        return RMSprop(settings, lr=rate, momentum=recipe.momentum, epsilon=recipe.epsilon)
    return torch.optim.SGD(settings, lr=rate, momentum=recipe.momentum, nesterov=recipe.nesterov, foreach=True)


def set_rates(optimizer: torch.optim.Optimizer, learning_rate: float, momentum: float) -> None:
    """Give every group its learning rate and momentum for the next step."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["scale"]
        if "betas" in group:
            group["betas"] = (momentum, BETA2)
        else:
            group["momentum"] = momentum
