"""The weights of convolutions that stand in place of sums of branches (``featherbone.graph.parallel``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from featherbone.graph import Graph
from featherbone.graph.operators import Conv
from featherbone.graph.parallel import LinearBranch, ParallelSum, merge_sums, parallel_sums
from featherbone.nn.norm_folding import scale_and_shift

Held = Mapping[str, torch.Tensor]


def merge_branches(graph: Graph, weights: Held) -> tuple[Graph, dict[str, torch.Tensor]]:
    """The graph with every sum of branches merged, and its weights; those of other layers are the same tensors.

    >>> from featherbone.graph import image
    >>> x = image(2, 4)
    >>> graph = (x + x.pointwise(2, name="mix")).graph("tiny")
    >>> merged, weights = merge_branches(graph, {"mix.weight": torch.full((2, 2, 1, 1), 0.5)})
    >>> [node.name for node in merged.nodes], weights["add.weight"].flatten().tolist()
    (['image', 'add'], [1.5, 0.5, 0.5, 1.5])

    They are summed in float64 and rounded once. Weights are not checked: ``featherbone.rewrite.reparameterize`` does.
    """
    held = dict(weights)
    while found := parallel_sums(graph):
        for one, (weight, bias) in [(one, _merged(graph, one, held)) for one in found]:
            held[f"{one.name}.weight"], held[f"{one.name}.bias"] = weight, bias
        graph = merge_sums(graph, found)
    wanted = {**graph.parameters(), **graph.buffers()}
    return graph, {name: held[name].float() for name in wanted}


def _merged(graph: Graph, one: ParallelSum, held: Held) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias of the convolution, in float64: the sums of what the branches compute."""
    read = int(graph[one.branches[0].source].shape[0])
    written, groups = int(one.operator.out_channels), int(one.operator.groups)
    weight = torch.zeros(written, read // groups, *map(int, one.operator.kernel), dtype=torch.float64)
    bias = torch.zeros(written, dtype=torch.float64)
    for branch in one.branches:
        scale, shift = _of_the_norm(branch, written, held)
        conv = _itself(one.operator) if branch.conv is None else branch.conv.operator
        assert isinstance(conv, Conv), "a branch's convolution"
        own = scale.reshape(-1, 1, *(1,) * len(conv.kernel))
        if branch.conv is not None:
            own = own * held[f"{branch.conv.name}.weight"].detach().double()
        _window(weight, one.operator, conv).add_(_in_groups(own, int(conv.groups), groups))
        if conv.bias and branch.conv is not None:
            bias += scale * held[f"{branch.conv.name}.bias"].detach().double()
        bias += shift
    return weight, bias


def _itself(merged: Conv) -> Conv:
    """The map itself as a convolution: a depthwise one of a single tap, whose weights are the scales of the norm."""
    axes = len(merged.kernel)
    unpadded = ((0, 0),) * axes
    return replace(merged, kernel=(1,) * axes, padding=unpadded, groups=merged.out_channels, bias=False)


def _of_the_norm(branch: LinearBranch, channels: int, held: Held) -> tuple[torch.Tensor, torch.Tensor]:
    norm = branch.norm
    if norm is None:
        return torch.ones(channels, dtype=torch.float64), torch.zeros(channels, dtype=torch.float64)
    return scale_and_shift(norm, lambda key: held[f"{norm.name}.{key}"])


def _window(weight: torch.Tensor, merged: Conv, conv: Conv) -> torch.Tensor:
    """The part of the merged kernel that a branch's kernel lies on: where each of its taps reads the same place."""
    places = []
    for axis, side in enumerate(conv.kernel):
        start = (int(merged.padding[axis][0]) - int(conv.padding[axis][0])) // int(merged.dilation[axis])
        places.append(slice(start, start + int(side)))
    return weight[(slice(None), slice(None), *places)]


def _in_groups(weight: torch.Tensor, own: int, groups: int) -> torch.Tensor:
    """The weight of a convolution of ``own`` groups for one of fewer: zeros where it does not read."""
    if own == groups:
        return weight
    written, read = weight.shape[:2]
    parts, rows = own // groups, written // own
    wide = torch.zeros(written, read * parts, *weight.shape[2:], dtype=weight.dtype)
    for group in range(own):
        column = group % parts * read
        wide[group * rows : (group + 1) * rows, column : column + read] = weight[group * rows : (group + 1) * rows]
    return wide
