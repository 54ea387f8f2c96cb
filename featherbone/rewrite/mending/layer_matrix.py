"""The weights of a layer as a matrix for each group, with its bias as the last column, and back."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import torch

from featherbone.graph import Graph, Node
from featherbone.graph.operators import BatchNorm
from featherbone.rewrite.mending.moments import Moments
from featherbone.rewrite.mending.rows import groups_of

Weights = Mapping[str, torch.Tensor]


def has_bias(node: Node) -> bool:
    """Whether what the layer writes can be shifted by weights of its own."""
    return bool(getattr(node.operator, "bias", True))


def sides_of_matrix(graph: Graph, node: Node) -> tuple[int, int]:
    """Groups, and weights of one output; a bias is one column more."""
    if isinstance(node.operator, BatchNorm):
        return int(node.shape[0]), 1
    weight = node.operator.parameters(*graph.input_shapes(node))["weight"]
    return groups_of(node.operator, int(graph[node.inputs[0]].shape[0])), prod(map(int, weight[1:]))


def matrix_of(graph: Graph, node: Node, weights: Weights) -> torch.Tensor:
    """Groups × channels of a group × (fan + 1), in float64: what is multiplied by ``read_rows``."""
    if isinstance(node.operator, BatchNorm):
        scale = _scale(node, weights)
        shift = weights[f"{node.name}.bias"].double() - weights[f"{node.name}.running_mean"].double() * scale
        return torch.stack([scale, shift], 1)[:, None]
    kernel = weights[f"{node.name}.weight"].double()
    groups = groups_of(node.operator, int(graph[node.inputs[0]].shape[0]))
    flat = kernel.reshape(groups, kernel.shape[0] // groups, -1)
    bias = weights[f"{node.name}.bias"].double() if has_bias(node) else kernel.new_zeros(kernel.shape[0])
    return torch.cat([flat, bias.reshape(groups, -1, 1)], 2)


def weights_of_matrix(node: Node, matrix: torch.Tensor, weights: Weights, seen: Moments) -> dict[str, torch.Tensor]:
    """The tensors of the layer that make it compute ``matrix``; a norm takes the statistics of what it reads now."""
    name = node.name
    if isinstance(node.operator, BatchNorm):
        mean = seen.read[:, 0, 1] / seen.rows
        variance = (seen.read[:, 0, 0] / seen.rows - mean.square()).clamp_min(0)
        scale, shift = matrix[:, 0, 0], matrix[:, 0, 1]
        found = {
            f"{name}.weight": scale * (variance + node.operator.epsilon).sqrt(),
            f"{name}.bias": shift + mean * scale,
            f"{name}.running_mean": mean,
            f"{name}.running_var": variance,
        }
    else:
        found = {f"{name}.weight": matrix[..., :-1].reshape(weights[f"{name}.weight"].shape)}
        if has_bias(node):
            found[f"{name}.bias"] = matrix[..., -1].reshape(-1)
    return {key: tensor.float().contiguous() for key, tensor in found.items()}


def _scale(node: Node, weights: Weights) -> torch.Tensor:
    assert isinstance(node.operator, BatchNorm)
    deviation = (weights[f"{node.name}.running_var"].double() + node.operator.epsilon).sqrt()
    return weights[f"{node.name}.weight"].double() / deviation
