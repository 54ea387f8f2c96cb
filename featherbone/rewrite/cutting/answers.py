"""What a cut does to the network's answers, measured: the check on what was estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

from featherbone.graph import Graph
from featherbone.nn import module_with
from featherbone.rewrite.at_once import at_once
from featherbone.rewrite.cutting.elimination import Elimination
from featherbone.rewrite.mending.layer_matrix import has_bias
from featherbone.rewrite.trained_graph import TrainedGraph

BATCH = 32
FEWEST, MOST, PLACES = 64, 320, 2**20  # images that cuts are measured on, and places of all of them together
SMALLEST = 1e-12  # nats: an estimate below is no base to correct


def judged(images: torch.Tensor) -> torch.Tensor:
    """The images that cuts are measured on: enough to tell cuts apart, and fewer of large ones, as each takes longer.

    >>> len(judged(torch.empty(2048, 3, 32, 32))), len(judged(torch.empty(2048, 3, 224, 224)))
    (320, 64)
    """
    places = max(1, images[0][0].numel())
    return images[: max(FEWEST, min(MOST, PLACES // places))]


class CutJudge:
    """Holds the answers of a changed network against those of the whole one, for some images."""

    def __init__(self, network: TrainedGraph, images: torch.Tensor) -> None:
        self.network, self.images = network, images
        self.whole = module_with(*network).eval()
        self.logarithms = _logarithms(self.whole, network.graph, images, {})

    def divergence(self, matrices: Mapping[tuple[str, int], torch.Tensor]) -> float:
        """Mean Kullback–Leibler divergence of the answers, in nats, when groups of layers compute other matrices."""
        changed: dict[str, torch.Tensor] = {}

        def own(name: str) -> torch.Tensor:
            return changed.setdefault(name, self.network.weights[name].clone())

        for (layer, group), matrix in matrices.items():
            kernel, outputs = own(f"{layer}.weight"), len(matrix)
            where = slice(group * outputs, (group + 1) * outputs)
            kernel[where] = matrix[:, :-1].reshape(kernel[where].shape).float()
            if has_bias(self.network.graph[layer]):
                own(f"{layer}.bias")[where] = matrix[:, -1].float()
        return self._from(_logarithms(self.whole, self.network.graph, self.images, changed))

    def divergence_of(self, network: TrainedGraph, resized: torch.Tensor | None = None) -> float:
        """The same of any network; ``resized`` are the images at its resolution where that is another."""
        images = self.images if resized is None else resized
        return self._from(_logarithms(module_with(*network).eval(), network.graph, images, {}))

    def _from(self, logarithms: torch.Tensor) -> float:
        return float(F.kl_div(logarithms, self.logarithms, reduction="batchmean", log_target=True))


def _logarithms(
    module: nn.Module, graph: Graph, images: torch.Tensor, changed: dict[str, torch.Tensor]
) -> torch.Tensor:
    """Of the probabilities of the classes, with some of the weights changed."""
    with torch.inference_mode():
        batches = torch.split(images, at_once(graph, BATCH))
        found = [functional_call(module, changed, (batch,)) for batch in batches]
    return torch.cat(found).log_softmax(1)


def measured(found: Elimination, answers: CutJudge) -> Elimination:
    """The same elimination, its costs scaled so that their sums are what was measured where they were looked at.

    Between two such counts the factor changes evenly with the count; beyond the last one it stays.
    """
    sums = torch.tensor((0.0, *found.costs), dtype=torch.float64).cumsum(0)
    counts, factors = [], []
    for count, matrices in sorted(found.matrices.items()):
        if sums[count] > SMALLEST:
            counts.append(count)
            factors.append(answers.divergence(matrices) / float(sums[count]))
    if not counts:
        return replace(found, matrices={})
    scaled = sums * _between(counts, factors, len(sums))
    costs = scaled.diff().clamp_min(0).tolist()
    return replace(found, costs=tuple(costs), matrices={})


def _between(counts: list[int], factors: list[float], total: int) -> torch.Tensor:
    found = torch.empty(total, dtype=torch.float64)
    knots = [(0, factors[0]), *zip(counts, factors, strict=True), (total, factors[-1])]
    for (start, low), (stop, high) in pairwise(knots):
        if stop > start:
            found[start:stop] = torch.linspace(low, high, stop - start + 1, dtype=torch.float64)[:-1]
    return found
