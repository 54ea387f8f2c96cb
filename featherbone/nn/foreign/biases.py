"""Biases that a batch norm makes needless, moved into its running mean."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from featherbone.graph import Graph
from featherbone.graph.operators import BatchNorm


def biases_in_means(
    graph: Graph, names: dict[str, str], tensors: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """``tensors`` with the biases of convolutions that a batch norm follows taken off its running mean.

    torchvision's VGG with norms has such biases; a network of ours has none. (x + b) - mean = x - (mean - b), so the
    outputs stay. ``names`` gives our name for each foreign one, and loses the biases that were moved.
    """
    adjusted = dict(tensors)
    wanted = graph.parameters()
    theirs = {ours: name for name, ours in names.items()}
    for node in graph.nodes:
        if not isinstance(node.operator, BatchNorm) or node.shares:
            continue
        bias = f"{node.inputs[0]}.bias"
        mean = theirs.get(f"{node.name}.running_mean")
        if bias in theirs and bias not in wanted and mean is not None:
            moved = theirs[bias]
            if adjusted[moved].shape == adjusted[mean].shape:
                adjusted[mean] = adjusted[mean] - adjusted[moved]
                del names[moved]
    return adjusted
