"""Foreign weights under the names of a graph, by a function from names to names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.nn.weights import COUNTER, check_weights


def load_foreign(
    graph: Graph, tensors: Mapping[str, torch.Tensor], key_map: Callable[[str], str]
) -> dict[str, torch.Tensor]:
    """Foreign tensors under the names of ``graph``, given what each foreign name is called there.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 1).graph("tiny")
    >>> list(load_foreign(graph, {"conv1.weight": torch.zeros(4, 3, 1, 1)}, lambda name: name.replace("conv1", "conv")))
    ['conv.weight']

    Raises:
        FeatherboneError: two names become one, or the renamed weights do not fit; every mismatch is listed.
    """
    origin: dict[str, str] = {}
    for name in tensors:
        if name.rpartition(".")[2] == COUNTER:
            continue
        renamed = key_map(name)
        if renamed in origin:
            raise FeatherboneError(f"{origin[renamed]} and {name} would both become {renamed}")
        origin[renamed] = name
    weights = {renamed: tensors[name] for renamed, name in origin.items()}
    check_weights(graph, weights, what="the renamed weights")
    return weights


def cifar_resnet_name(name: str) -> str:
    """The name in ``cifar_resnet`` of a tensor of akamaster/pytorch_resnet_cifar10.

    >>> cifar_resnet_name("layer2.0.bn1.weight"), cifar_resnet_name("linear.bias")
    ('stage2.block1.conv1_norm.weight', 'head.classifier.bias')
    """
    name = re.sub(r"^layer(\d+)\.(\d+)\.", lambda m: f"stage{m[1]}.block{int(m[2]) + 1}.", name)
    name = re.sub(r"\bbn(\d)\.", r"conv\1_norm.", name)
    name = re.sub(r"^conv1(_norm)?\.", r"stem.conv\1.", name)
    return re.sub(r"^linear\.", "head.classifier.", name)
