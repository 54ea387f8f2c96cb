"""Weights as training leaves them."""

from __future__ import annotations

import torch

from featherbone.graph import Graph
from featherbone.nn import module, weights_of


def settled(graph: Graph, seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights as of a trained network: biases, scales and shifts of norms that are not 0 and 1, and statistics of maps.

    So every layer reads and writes values of a usual size, and none fades out. The variances of a norm lie around their
    mean or above: those of single channels, out of four small maps, may be next to nothing, and would magnify any
    rounding; those far above it would, where a norm's own channels come back to it through branches.
    """
    net, draw = module(graph, seed=seed), torch.Generator().manual_seed(seed)
    norms = [part for part in net.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for name, value in net.named_parameters():
            if name.endswith("bias"):
                value.normal_(0, 0.2, generator=draw)
        for norm in norms:
            norm.momentum = 1.0
            if norm.affine:
                norm.weight.uniform_(0.5, 1.5, generator=draw)
        net(*(torch.randn(4, *node.shape, generator=draw) for node in graph.inputs))
        for norm in norms:
            spread = 0.8 + 0.4 * torch.rand(norm.running_var.shape, generator=draw)
            norm.running_var.copy_(spread * norm.running_var.clamp(min=norm.running_var.mean() + 1e-3))
    return weights_of(net)
