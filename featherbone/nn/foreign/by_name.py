"""Foreign weights under the names of a graph, by a function from names to names."""

from __future__ import annotations

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
