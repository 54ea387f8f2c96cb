"""How much the network's answer depends on what a layer writes: Fisher information, without labels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from featherbone.rewrite.at_once import at_once
from featherbone.rewrite.part import part
from featherbone.rewrite.trained_graph import TrainedGraph

BATCH = 16  # images whose maps are kept for the gradients
ANSWERS = 0x5EED  # seed of the classes that are drawn


def fisher(
    network: TrainedGraph, images: torch.Tensor, layers: Sequence[str], temperature: float = 1.0
) -> dict[str, torch.Tensor]:
    """For each layer E[Σ g·gᵀ] over places, where g is the gradient of the loss by its channels: channels × channels.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(1, 4).conv(3, 3, name="conv").global_pool().flatten().linear(2).graph("tiny")
    >>> network = TrainedGraph(graph, weights_of(module(graph, seed=0)))
    >>> fisher(network, torch.randn(8, 1, 4, 4, generator=torch.Generator().manual_seed(0)), ["conv"])["conv"].shape
    torch.Size([3, 3])

    An error e of what the layer writes at a place, as small as it likes, changes the answer by eᵀ·F·e / 2, in nats of
    Kullback–Leibler divergence. The classes of the loss are drawn from the network's own answers. A ``temperature``
    above 1 makes these less sure: of images that a network was trained on it is so sure that a few tell everything.

    Raises:
        FeatherboneError: what ``part`` refuses.

    Source: natural gradient as in K-FAC, arXiv:1602.01407 sections 2 and 3.
    """
    graph = network.graph
    (source,), (answer,) = graph.inputs, graph.outputs
    compute = part(network, {source.name}, [*layers, answer])
    generator = torch.Generator().manual_seed(ANSWERS)
    found: dict[str, torch.Tensor] = {}
    for batch in torch.split(images, at_once(graph, BATCH)):
        maps = compute({source.name: batch})
        logits = maps[answer] / temperature
        drawn = torch.multinomial(logits.detach().softmax(1), 1, generator=generator).squeeze(1)
        loss = F.cross_entropy(logits, drawn, reduction="sum")
        for name, slope in zip(layers, torch.autograd.grad(loss, [maps[name] for name in layers]), strict=True):
            flat = slope.flatten(2).transpose(1, 2).reshape(-1, slope.shape[1]) if slope.dim() > 2 else slope
            found[name] = found.get(name, 0) + flat.T @ flat
    return {name: total.double() / len(images) for name, total in found.items()}
